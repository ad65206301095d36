import SignedXML
import Testing

@Suite struct `The shape of a signature` {
    private static let exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
    private static let ds = "http://www.w3.org/2000/09/xmldsig#"
    private static let more = "http://www.w3.org/2001/04/xmldsig-more#"

    /// The first occurrence of one text becomes another.
    struct Change: CustomTestStringConvertible {
        let from: String
        let to: String
        let refusal: SignedXMLError
        var testDescription: String { "\(from) → \(to): \(refusal)" }
        init(_ from: String, _ to: String, _ refusal: SignedXMLError) {
            (self.from, self.to, self.refusal) = (from, to, refusal)
        }
    }

    private static let enveloped = "<ds:Transform Algorithm=\"\(ds)enveloped-signature\"></ds:Transform>"
    private static let canonical = "<ds:Transform Algorithm=\"\(exclusive)\"></ds:Transform>"
    private static let canonicalization = "<ds:CanonicalizationMethod Algorithm=\"\(exclusive)\">"
    private static let rsaSHA256 = "\(more)rsa-sha256"
    private static let sha256 = "http://www.w3.org/2001/04/xmlenc#sha256"

    private static func prefixList(_ list: String) -> String {
        "<ec:InclusiveNamespaces xmlns:ec=\"\(exclusive)\" PrefixList=\"\(list)\"/>"
    }

    static let changes: [Change] =
        [
            "", "#", "#_a2", "_a1", "#_A1", " #_a1", "#xpointer(/)", "#xpointer(id('_a1'))", "http://127.0.0.1/#_a1",
            "file:///etc/passwd",
        ]
        .map { Change("URI=\"#_a1\"", "URI=\"\($0)\"", .referenceURI) } + [
            Change(" URI=\"#_a1\"", "", .referenceURI), Change(" ID=\"_a1\"", "", .referenceURI),
            Change(" ID=\"_a1\"", " ID=\"_a2\"", .referenceURI), Change(" ID=\"_a1\"", " Id=\"_a1\"", .referenceURI),
            Change(" ID=\"_a1\"", " ID=\"\"", .referenceURI),
        ]
        + [
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "\(exclusive)WithComments",
            "http://www.w3.org/2006/12/xml-c14n11", "http://www.w3.org/2010/10/xml-c14n2", "",
        ].flatMap {
            [
                Change(canonicalization, "<ds:CanonicalizationMethod Algorithm=\"\($0)\">", .canonicalizationMethod),
                Change(canonical, "<ds:Transform Algorithm=\"\($0)\"/>", .transform),
            ]
        }
        + [
            "http://www.w3.org/TR/1999/REC-xslt-19991116", "http://www.w3.org/TR/1999/REC-xpath-19991116",
            "http://www.w3.org/2002/06/xmldsig-filter2", "\(ds)base64", "http://www.w3.org/2001/04/xmlenc#decrypt-XML",
            "\(ds)enveloped-signature",
        ].flatMap {
            [
                Change(canonical, "<ds:Transform Algorithm=\"\($0)\"/>", .transform),
                Change(canonical, "<ds:Transform Algorithm=\"\($0)\"/>" + canonical, .transform),
            ]
        } + [
            Change(enveloped, "", .transform), Change(canonical, "", .transform),
            Change(enveloped + canonical, "", .transform),
            Change(enveloped + canonical, canonical + enveloped, .transform),
            Change(canonical, canonical + canonical, .transform),
            Change(enveloped, enveloped + enveloped, .transform),
            Change("<ds:Transforms>\(enveloped)\(canonical)</ds:Transforms>", "", .transform),
            Change(enveloped, enveloped.replacing("></", with: "><ds:XPath>1</ds:XPath></"), .transform),
            Change(canonical, canonical.replacing("></", with: "><ds:XPath>1</ds:XPath></"), .transform),
            Change(
                canonical,
                canonical.replacing(
                    "></", with: ">" + prefixList("a").replacing("PrefixList", with: "Prefixes") + "</"), .transform),
            Change(canonicalization, canonicalization + prefixList(String(repeating: "a ", count: 33)), .transform),
            Change(canonicalization, canonicalization + prefixList(String(repeating: "a", count: 2_000)), .transform),
            Change(canonicalization, canonicalization + prefixList("a") + prefixList("b"), .transform),
        ]
        + [
            "\(ds)hmac-sha1", "\(more)hmac-sha256", "\(more)hmac-sha512", "\(ds)dsa-sha1", "\(more)rsa-md5",
            "\(more)rsa-sha224",
            "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", "\(more)ecdsa-sha1",
            "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519", "",
        ].map { Change(rsaSHA256, $0, .signatureMethod) } + [
            Change("<ds:SignatureMethod Algorithm=\"\(rsaSHA256)\">", "<ds:SignatureMethod>", .signatureMethod),
            Change(
                "\(rsaSHA256)\">", "\(rsaSHA256)\"><ds:HMACOutputLength>8</ds:HMACOutputLength>", .signatureMethod),
            Change(rsaSHA256, "\(ds)rsa-sha1", .sha1), Change(sha256, "\(ds)sha1", .sha1),
        ]
        + ["\(more)md5", "\(more)sha224", "http://www.w3.org/2007/05/xmldsig-more#sha3-256", ""].map {
            Change(sha256, $0, .digestMethod)
        } + [
            Change("\(sha256)\">", "\(sha256)\"><a/>", .digestMethod),
            Change("</ds:Reference>", "</ds:Reference><ds:Reference URI=\"#_a1\"/>", .severalReferences),
            Change("</ds:SignedInfo>", "</ds:SignedInfo><ds:SignedInfo/>", .severalSignedInfos),
            Change("</ds:KeyInfo>", "</ds:KeyInfo><ds:SignedInfo/>", .severalSignedInfos),
            Change("</ds:KeyInfo>", "</ds:KeyInfo><ds:Object/>", .signatureShape),
            Change("</ds:KeyInfo>", "</ds:KeyInfo><ds:Object><ds:Manifest/></ds:Object>", .signatureShape),
            Change("<ds:KeyInfo>", "<ds:KeyInfo/><ds:KeyInfo>", .signatureShape),
            Change("<ds:SignedInfo ", "<ds:KeyInfo/><ds:SignedInfo ", .signatureShape),
            Change("</ds:SignedInfo>", "</ds:SignedInfo>x", .signatureShape),
            Change("</ds:SignedInfo>", "<ds:Object/></ds:SignedInfo>", .signatureShape),
            Change("</ds:Reference>", "x</ds:Reference>", .signatureShape),
            Change("</ds:Reference>", "<ds:DigestValue/></ds:Reference>", .signatureShape),
            Change("<ds:SignatureValue>", "<ds:SignatureValue>?", .signatureShape),
            Change("<ds:SignatureValue>", "<ds:SignatureValue><a/>", .signatureShape),
            Change("<ds:DigestValue>", "<ds:DigestValue>=", .signatureShape),
        ]

    @Test(arguments: changes)
    func `is exactly the one that SAML gives it`(_ change: Change) throws {
        let good = try Samples.signedAssertion()
        let range = try #require(good.firstRange(of: change.from))
        #expect(try Samples.refusal(good.replacingCharacters(in: range, with: change.to)) == change.refusal)
    }

    /// Cuts the signature out of a signed text.
    private static func parts(_ signed: String) throws -> (before: String, signature: String, after: String) {
        let start = try #require(signed.firstRange(of: "<ds:Signature ")).lowerBound
        let end = try #require(signed.firstRange(of: "</ds:Signature>")).upperBound
        return (String(signed[..<start]), String(signed[start..<end]), String(signed[end...]))
    }

    @Test func `has its one place`() throws {
        let (before, signature, after) = try Self.parts(Samples.signedAssertion())
        let closing = "</saml:Assertion>"
        let issuer = "<saml:Issuer>https://idp.test</saml:Issuer>"
        let cases: [(String, SignedXMLError?)] = [
            (before + signature + after, nil),
            (before + after, .noSignature),
            (before + after.replacing(closing, with: signature + closing), .misplacedSignature),
            (before + "<saml:Conditions/>" + signature + after, .misplacedSignature),
            (before.replacing(issuer, with: "<saml:Subject/>") + signature + after, .misplacedSignature),
            (before + signature + signature + after, .severalSignatures),
            (before + signature + after.replacing(closing, with: signature + closing), .severalSignatures),
            (before + "<saml:Advice>" + signature + "</saml:Advice>" + after, .noSignature),
            (before + signature.replacing(Self.ds, with: "urn:x") + after, .noSignature),
            // Before the Issuer it is the first child: in place, but then the Issuer was moved and the digest is wrong.
            (before.replacing(issuer, with: signature + issuer) + after, nil),
        ]
        for (text, refusal) in cases { #expect(try Samples.refusal(text) == refusal, "\(text)") }
    }

    @Test func `may hold comments and white space, which are not signed`() throws {
        let good = try Samples.signedAssertion()
        let changed = good.replacing("<ds:SignatureValue>", with: "<!-- x --><ds:SignatureValue> \n<!-- y -->")
            .replacing("<saml:NameID>alice", with: "<saml:NameID>ali<!-- z -->ce")
        let verified = try Samples.verified(changed)
        #expect(try verified == Samples.verified(good))
    }
}

extension String {
    func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
        self[..<range.lowerBound] + text + self[range.upperBound...]
    }
}
