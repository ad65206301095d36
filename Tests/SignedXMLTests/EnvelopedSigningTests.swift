import Foundation
import SignedXML
import Testing

@Suite struct `A document of our own` {
    private static let protocolNamespace = "urn:oasis:names:tc:SAML:2.0:protocol"

    private func request(_ text: String) -> XMLElement {
        XMLElement(
            name: XMLName("AuthnRequest", in: Self.protocolNamespace),
            attributes: [XMLAttribute(XMLName("Destination"), text), XMLAttribute(XMLName("ID"), "_1")],
            content: [
                .element(
                    XMLElement(name: XMLName("Issuer", in: XMLNamespace.assertion), content: [.text(text)])),
                .element(XMLElement(name: XMLName("Extensions", in: "urn:other"))),
            ])
    }

    private let writer = XMLWriter(prefixes: [Self.protocolNamespace: "samlp", XMLNamespace.assertion: "saml"])

    @Test(arguments: ["", "https://idp.test/?a=1&b=2", "<\">'&\t\r\n]]>", "é \u{1F600}"])
    func `reads back as it was written, signed too`(_ text: String) throws {
        let element = request(text)
        let written = try writer.bytes(of: element)
        let root = try XMLDocument(parsing: written).root
        #expect(root.attributes == element.attributes && root.children[0].text == text)
        let signed = try TestKeys.signing().signed(written)
        let document = try XMLDocument(parsing: signed)
        #expect(document.root.children.map(\.name.local) == ["Issuer", "Signature", "Extensions"])
        let verified = try document.verifiedBytes(of: .root, keys: [TestKeys.pinned()], policy: AlgorithmPolicy())
        #expect(try XMLDocument(parsing: verified.bytes).root == root)
    }

    @Test func `is written with prefixes where they are needed`() throws {
        #expect(
            String(decoding: try writer.bytes(of: request("x")), as: UTF8.self) == """
                <samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Destination="x" ID="_1">\
                <saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">x</saml:Issuer>\
                <ns2:Extensions xmlns:ns2="urn:other"></ns2:Extensions></samlp:AuthnRequest>
                """)
    }

    @Test(arguments: ["a b", "", "1a", "a:b", "a>", "é"])
    func `has names of letters`(_ name: String) {
        #expect(throws: SignedXMLError.malformed) { try writer.bytes(of: XMLElement(name: XMLName(name))) }
        let attribute = XMLAttribute(XMLName(name), "")
        #expect(throws: SignedXMLError.malformed) {
            try writer.bytes(of: XMLElement(name: XMLName("a"), attributes: [attribute]))
        }
    }

    @Test(arguments: ["\u{0}", "\u{1B}", "\u{FFFE}"])
    func `has no characters that XML cannot hold`(_ text: String) {
        #expect(throws: SignedXMLError.malformed) { try writer.bytes(of: request(text)) }
    }

    @Test(arguments: [
        ("<a ID='1'/>", ["Signature"]), ("<a ID='1'>x<b/></a>", ["Signature", "b"]),
        (
            "<a ID='1'><s:Issuer xmlns:s='urn:oasis:names:tc:SAML:2.0:assertion' b='>'> x </s:Issuer>\n<b/></a>",
            ["Issuer", "Signature", "b"]
        ),
        (
            "<a ID='1' c='>'><b/><s:Issuer xmlns:s='urn:oasis:names:tc:SAML:2.0:assertion'/></a>",
            ["Signature", "b", "Issuer"]
        ),
    ])
    func `is signed in its place`(_ text: String, _ children: [String]) throws {
        let signed = try TestKeys.signing().signed(Array(text.utf8))
        #expect(try XMLDocument(parsing: signed).root.children.map(\.name.local) == children)
    }

    @Test(arguments: [
        ("<a/>", SignedXMLError.unsignable), ("<a ID=''/>", .unsignable), ("<a ID='1'", .malformed),
        ("<a ID='1' xmlns:x='relative'/>", .emptyCanonicalization),
        ("<a ID='1'><ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/></a>", .severalSignatures),
    ])
    func `is refused when it cannot be signed`(_ text: String, _ refusal: SignedXMLError) throws {
        let key = try TestKeys.signing()
        #expect(throws: refusal) { try key.signed(Array(text.utf8)) }
    }

    @Test func `is signed by an RSA key with its own certificate`() throws {
        let key = try TestKeys.pem("idp.key.pem")
        #expect(throws: SignedXMLError.unreadableKey) {
            try SigningKey(privateKey: key, certificate: TestKeys.pem("other.cert.pem"))
        }
        #expect(throws: SignedXMLError.unreadableKey) {
            try SigningKey(privateKey: Array("x".utf8), certificate: TestKeys.pem("idp.cert.pem"))
        }
        #expect(throws: SignedXMLError.weakKey) { try TestKeys.signing("p256") }
        #expect(throws: SignedXMLError.weakKey) { try TestKeys.signing("weak") }
        #expect(throws: SignedXMLError.weakKey) { try DecryptionKey(privateKey: TestKeys.pem("p256.key.pem")) }
    }

    @Test(.enabled(if: XMLSec1.isInstalled, "without xmlsec1")) func `is verified by xmlsec1`() throws {
        let signed = try TestKeys.signing().signed(Array(Samples.response("").utf8))
        let verdicts = try XMLSec1.withFolder { folder in
            try ["idp", "other"].map { try XMLSec1.verifies(signed, key: $0, in: folder) }
        }
        #expect(verdicts == [true, false])
    }
}
