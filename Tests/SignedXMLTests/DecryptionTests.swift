import Foundation
import SignedXML
import Testing

@Suite(.enabled(if: XMLSec1.isInstalled, "without xmlsec1")) struct `An encrypted assertion` {
    private static let xenc = "http://www.w3.org/2001/04/xmlenc#"
    private static let xenc11 = "http://www.w3.org/2009/xmlenc11#"
    private static let oaep = "<xenc:EncryptionMethod Algorithm=\"\(xenc)rsa-oaep-mgf1p\"/>"

    private static func container(method: String, transport: String = oaep, key: String = "", data: String = "")
        -> String
    {
        """
        <xenc:EncryptedData xmlns:xenc="\(xenc)" Type="\(xenc)Element"><xenc:EncryptionMethod Algorithm="\(method)"/>\
        <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey Id="k">\(transport)<xenc:CipherData>\
        <xenc:CipherValue>\(key)</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData>\
        <xenc:CipherValue>\(data)</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>
        """
    }

    private static func wrapped(_ data: String, beside: String = "") -> String {
        let declaration = "<?xml version=\"1.0\"?>\n"
        return """
            <saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">\
            \(data.replacing(declaration, with: ""))\(beside)</saml:EncryptedAssertion>
            """
    }

    /// `text`, encrypted for `idp` by xmlsec1.
    private static func encrypted(_ text: String, session: String, method: String) throws -> String {
        try XMLSec1.withFolder { folder in
            let (data, template) = (folder.appending(path: "data.xml"), folder.appending(path: "template.xml"))
            try Data(text.utf8).write(to: data)
            try Data(container(method: method).utf8).write(to: template)
            let output = try XMLSec1.run(
                "/usr/bin/xmlsec1",
                [
                    "--encrypt", "--pubkey-cert-pem", TestKeys.path("idp.cert.pem"), "--session-key", session,
                    "--xml-data", data.path, template.path,
                ])
            return wrapped(String(decoding: output, as: UTF8.self))
        }
    }

    /// `text` under AES-256-CBC with a key wrapped by OAEP of any digests, which xmlsec1 cannot do: by openssl.
    private static func encrypted(_ text: String, digest: String, mask: String, transport: String) throws -> String {
        try XMLSec1.withFolder { folder in
            let (plain, key) = (folder.appending(path: "plain"), folder.appending(path: "key"))
            try Data(text.utf8).write(to: plain)
            try Data((0..<32).map { UInt8($0) }).write(to: key)
            let hexadecimal = (0..<32).map { String($0, radix: 16) }.map { $0.count < 2 ? "0" + $0 : $0 }.joined()
            let data = try XMLSec1.run(
                "/usr/bin/openssl",
                [
                    "enc", "-aes-256-cbc", "-K", hexadecimal, "-iv", String(repeating: "ab", count: 16), "-in",
                    plain.path,
                ])
            let wrappedKey = try XMLSec1.run(
                "/usr/bin/openssl",
                [
                    "pkeyutl", "-encrypt", "-certin", "-inkey", TestKeys.path("idp.cert.pem"), "-in", key.path,
                    "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:\(digest)", "-pkeyopt",
                    "rsa_mgf1_md:\(mask)",
                ])
            return wrapped(
                container(
                    method: xenc + "aes256-cbc", transport: transport, key: wrappedKey.base64EncodedString(),
                    data: (Data(repeating: 0xAB, count: 16) + data).base64EncodedString()))
        }
    }

    private static func decrypted(_ text: String, keys: [String] = ["idp"], policy: AlgorithmPolicy = .init()) throws
        -> String
    {
        let keys = try keys.map { try DecryptionKey(privateKey: TestKeys.pem("\($0).key.pem")) }
        let bytes = try XMLDocument(parsing: Array(text.utf8)).decryptedBytes(of: .root, keys: keys, policy: policy)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("aes-128", "\(xenc11)aes128-gcm"), ("aes-192", "\(xenc11)aes192-gcm"), ("aes-256", "\(xenc11)aes256-gcm"),
        ("aes-128", "\(xenc)aes128-cbc"), ("aes-192", "\(xenc)aes192-cbc"), ("aes-256", "\(xenc)aes256-cbc"),
    ])
    func `is read with any of our keys`(session: String, method: String) throws {
        let text = try Self.encrypted(Samples.assertion, session: session, method: method)
        #expect(try Self.decrypted(text, keys: ["other", "idp"]) == Samples.assertion)
        #expect(throws: SignedXMLError.undecryptable) { try Self.decrypted(text, keys: ["other"]) }
        #expect(throws: SignedXMLError.undecryptable) { try Self.decrypted(text, keys: []) }
        let strict = AlgorithmPolicy(allowsCBC: false)
        if method.hasSuffix("-cbc") {
            #expect(throws: SignedXMLError.encryptionMethod) { try Self.decrypted(text, policy: strict) }
        } else {
            #expect(try Self.decrypted(text, policy: strict) == Samples.assertion)
        }
    }

    @Test(arguments: ["sha1", "sha256", "sha384", "sha512"])
    func `has its key under OAEP of any digest`(_ digest: String) throws {
        let names = [
            "sha1": "\(Samples.ds)sha1", "sha256": "\(Self.xenc)sha256",
            "sha384": "http://www.w3.org/2001/04/xmldsig-more#sha384", "sha512": "\(Self.xenc)sha512",
        ]
        let digestMethod = "<ds:DigestMethod xmlns:ds=\"\(Samples.ds)\" Algorithm=\"\(try #require(names[digest]))\"/>"
        let older =
            "<xenc:EncryptionMethod Algorithm=\"\(Self.xenc)rsa-oaep-mgf1p\">\(digestMethod)</xenc:EncryptionMethod>"
        let newer = """
            <xenc:EncryptionMethod Algorithm="\(Self.xenc11)rsa-oaep">\(digestMethod)\
            <e:MGF xmlns:e="\(Self.xenc11)" Algorithm="\(Self.xenc11)mgf1\(digest)"/></xenc:EncryptionMethod>
            """
        for (mask, transport) in [("sha1", older), (digest, newer)] {
            let text = try Self.encrypted(Samples.assertion, digest: digest, mask: mask, transport: transport)
            #expect(try Self.decrypted(text) == Samples.assertion)
        }
    }

    @Test func `may have its key beside, as OpenSAML writes it`() throws {
        let text = try Self.encrypted(Samples.assertion, session: "aes-128", method: Self.xenc11 + "aes128-gcm")
        let start = try #require(text.firstRange(of: "<xenc:EncryptedKey")).lowerBound
        let end = try #require(text.firstRange(of: "</xenc:EncryptedKey>")).upperBound
        let key = text[start..<end].replacing(
            "<xenc:EncryptedKey", with: "<xenc:EncryptedKey xmlns:xenc=\"\(Self.xenc)\"")
        for (reference, refusal) in [
            ("#k", nil), ("#other", SignedXMLError.undecryptable), ("http://127.0.0.1/", .undecryptable),
        ] {
            let moved = String(text[..<start]) + "<ds:RetrievalMethod URI=\"\(reference)\"/>" + String(text[end...])
            let beside = moved.replacing("</saml:EncryptedAssertion>", with: key + "</saml:EncryptedAssertion>")
            #expect(Self.refusal(beside) == refusal)
        }
    }

    private static func refusal(_ text: String) -> SignedXMLError? {
        do {
            _ = try decrypted(text)
            return nil
        } catch {
            return error as? SignedXMLError
        }
    }

    @Test func `is refused for its algorithms before anything is decrypted`() throws {
        let good = try Self.encrypted(Samples.assertion, session: "aes-128", method: Self.xenc11 + "aes128-gcm")
        #expect(Self.refusal(good) == nil)
        for method in ["\(Self.xenc)tripledes-cbc", "\(Self.xenc)kw-aes128", "\(Samples.ds)hmac-sha1", ""] {
            #expect(Self.refusal(good.replacing(Self.xenc11 + "aes128-gcm", with: method)) == .encryptionMethod)
        }
        for method in ["\(Self.xenc)rsa-1_5", "\(Self.xenc)kw-aes128", "\(Self.xenc11)ECDH-ES", ""] {
            #expect(Self.refusal(good.replacing(Self.xenc + "rsa-oaep-mgf1p", with: method)) == .encryptionMethod)
        }
        let mask = "<e:MGF xmlns:e=\"\(Self.xenc11)\" Algorithm=\"\(Self.xenc11)mgf1sha256\"/>"
        let digest = "<ds:DigestMethod Algorithm=\"\(Samples.ds)md5\"/>"
        for inside in [
            "<xenc:OAEPparams>AA==</xenc:OAEPparams>", "<xenc:KeySize>8</xenc:KeySize>", mask, digest, digest + digest,
        ] {
            let method = Self.oaep.replacing("/>", with: ">\(inside)</xenc:EncryptionMethod>")
            #expect(Self.refusal(good.replacing(Self.oaep, with: method)) == .encryptionMethod)
        }
        let newer = "<xenc:EncryptionMethod Algorithm=\"\(Self.xenc11)rsa-oaep\">"
        for inside in [mask + mask, mask.replacing("sha256", with: "md5"), mask.replacing("Algorithm", with: "Name")] {
            let method = newer + inside + "</xenc:EncryptionMethod>"
            #expect(Self.refusal(good.replacing(Self.oaep, with: method)) == .encryptionMethod)
        }
    }

    @Test func `says nothing of why it cannot be decrypted`() throws {
        let good = try Self.encrypted(Samples.assertion, session: "aes-128", method: Self.xenc + "aes128-cbc")
        let value = try #require(good.firstRange(of: "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"))
        let reference = "<xenc:CipherReference URI=\"file:///etc/passwd\"/>"
        let changes: [(String, String)] = [
            ("<xenc:EncryptedKey", "<xenc:EncryptedKey/><xenc:EncryptedKey"),
            ("Id=\"k\"", "Id=\"k\" Recipient=\"x\"><a/></xenc:EncryptedKey><b"),
            ("<xenc:EncryptedData", "<saml:Assertion/><xenc:EncryptedData"), ("xmlenc#Element", "xmlenc#Content"),
            ("<xenc:CipherValue>", reference + "<xenc:CipherValue>"), ("<xenc:CipherValue>", "<xenc:CipherValue>?"),
            ("<ds:KeyInfo", "<ds:KeyInfo xmlns:ds=\"\(Samples.ds)\"/><ds:KeyInfo"),
        ]
        for (from, to) in changes {
            #expect(
                [.undecryptable, .malformed].contains(Self.refusal(good.replacing(from, with: to, maxReplacements: 1))),
                "\(to)")
        }
        // Every letter of the last block, and so every kind of padding.
        let letters = Array("ABCDwxyz0189+/".utf8)
        var bytes = Array(good.utf8)
        let end = good[..<value.lowerBound].utf8.count
        for offset in 3..<40 {
            for letter in letters where bytes[end - offset] != letter && bytes[end - offset] != 0x0A {
                let kept = bytes[end - offset]
                bytes[end - offset] = letter
                let refusal = Self.refusal(String(decoding: bytes, as: UTF8.self))
                // A change in what comes before the last tags' padding may leave a document; nothing signs it.
                #expect(refusal == nil || refusal == .undecryptable)
                bytes[end - offset] = kept
            }
        }
        for plain in ["<a>", "x", "<!DOCTYPE a><a/>", "<?x?><a/>"] {
            let text = try Self.encrypted(plain, digest: "sha1", mask: "sha1", transport: Self.oaep)
            #expect(Self.refusal(text) == .undecryptable, "\(plain)")
        }
    }
}
