import SignedXML
import Testing

@Suite struct `A signature of our own` {
    private static let assertion = """
        <saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0">
          <saml:Issuer>https://idp.test</saml:Issuer><saml:Subject><saml:NameID>alice</saml:NameID></saml:Subject>
        </saml:Assertion>
        """

    @Test func `proves the bytes it was made over`() throws {
        let signed = try TestKeys.signing().signed(Array(Self.assertion.utf8))
        let document = try XMLDocument(parsing: signed)
        #expect(document.root.children.map(\.name.local) == ["Issuer", "Signature", "Subject"])
        let verified = try document.verifiedBytes(
            of: .root, keys: [TestKeys.pinned("other"), TestKeys.pinned()], policy: AlgorithmPolicy())
        #expect(String(decoding: verified.bytes, as: UTF8.self) == Self.assertion)
        #expect(verified.keyIndex == 1 && !verified.usedSHA1)
    }
}
