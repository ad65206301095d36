import SAML
import Testing

@Suite struct `The attribute map` {
    @Test func `knows an e-mail address by its common names`() {
        #expect(AttributeMap().email.contains("urn:oid:0.9.2342.19200300.100.1.3"))
    }
}
