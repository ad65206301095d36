import Foundation
import SignedXML
import Testing

@Suite(.enabled(if: XMLSec1.isInstalled, "without xmlsec1")) struct `What xmlsec1 signs` {
    private static let ds = "http://www.w3.org/2000/09/xmldsig#"
    private static let more = "http://www.w3.org/2001/04/xmldsig-more#"
    private static let sha256 = "http://www.w3.org/2001/04/xmlenc#sha256"

    private func signed(_ method: String, _ digest: String, key: String, prefixList: String? = nil) throws -> String {
        let template = XMLSec1.template(method: method, digest: digest, prefixList: prefixList)
        let issuer = "</saml:Issuer>"
        return try XMLSec1.signed(Samples.assertion.replacing(issuer, with: issuer + template), key: key)
    }

    @Test(arguments: [
        ("\(more)rsa-sha256", sha256, "idp"), ("\(more)rsa-sha384", "\(more)sha384", "idp"),
        ("\(more)rsa-sha512", "http://www.w3.org/2001/04/xmlenc#sha512", "rsa-3072"),
        ("\(more)ecdsa-sha256", sha256, "p256"), ("\(more)ecdsa-sha384", "\(more)sha384", "p384"),
        ("\(more)ecdsa-sha512", sha256, "p384"), ("\(more)ecdsa-sha256", sha256, "p384"),
    ])
    func `verifies under every algorithm of the list`(method: String, digest: String, key: String) throws {
        let keys = try ["other", "p256", "p384", "rsa-3072", "idp"].map(TestKeys.pinned)
        for prefixList in [nil, "xs xsi", "#default"] {
            let text = try signed(method, digest, key: key, prefixList: prefixList)
            let verified = try Samples.verified(text, keys: keys)
            #expect(try keys[verified.keyIndex].certificate == TestKeys.pinned(key).certificate)
            #expect(!verified.usedSHA1)
            // The prefix that only a value uses is there when it is asked for.
            #expect(String(decoding: verified.bytes, as: UTF8.self).contains("xmlns:xs=") == (prefixList == "xs xsi"))
            let changed = text.replacing("alice", with: "aliZe")
            #expect(try Samples.refusal(changed, keys: keys) == .digestValue)
            #expect(try Samples.refusal(text, keys: [TestKeys.pinned("other")]) == .unknownKey)
        }
    }

    @Test func `uses SHA-1 only where that is allowed, and says so`() throws {
        for (method, digest) in [
            ("\(Self.ds)rsa-sha1", "\(Self.ds)sha1"), ("\(Self.more)rsa-sha256", "\(Self.ds)sha1"),
        ] {
            let text = try signed(method, digest, key: "idp")
            #expect(try Samples.refusal(text) == .sha1)
            let verified = try Samples.verified(text, policy: AlgorithmPolicy(allowsSHA1: true))
            #expect(verified.usedSHA1)
        }
    }

    /// An HMAC whose key is the public key of the provider, which everybody has.
    @Test func `is refused when it is an HMAC`() throws {
        let text = try signed("\(Self.more)rsa-sha256", Self.sha256, key: "idp")
            .replacing("\(Self.more)rsa-sha256", with: "\(Self.more)hmac-sha256")
        #expect(try Samples.refusal(text) == .signatureMethod)
    }
}

@Suite struct `A pinned key` {
    @Test(arguments: ["weak", "p521", "ed25519"])
    func `is strong`(_ name: String) throws {
        #expect(throws: SignedXMLError.weakKey) { try TestKeys.pinned(name) }
    }

    @Test func `comes from one whole certificate`() throws {
        let der = try TestKeys.pinned().certificate
        #expect(try PinnedKey(certificate: der).fingerprint.count == 95)
        for bytes in [[], [0x30], Array(der.dropLast()), der + [0], [UInt8](repeating: 0xFF, count: 100)] {
            #expect(throws: SignedXMLError.unreadableKey) { try PinnedKey(certificate: bytes) }
        }
        for text in ["", "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----"] {
            #expect(throws: SignedXMLError.unreadableKey) { try PinnedKey(pem: Array(text.utf8)) }
        }
        #expect(throws: SignedXMLError.unreadableKey) { try PinnedKey(pem: TestKeys.pem("idp.key.pem")) }
    }

    @Test func `shows what people compare`() throws {
        let key = try TestKeys.pinned()
        let shown = try XMLSec1.run(
            "/usr/bin/openssl",
            [
                "x509", "-in", TestKeys.path("idp.cert.pem"), "-noout", "-fingerprint", "-sha256", "-enddate",
                "-dateopt", "iso_8601",
            ])
        let lines = String(decoding: shown, as: UTF8.self).split(separator: "\n")
        #expect(lines.contains { $0.hasSuffix("=" + key.fingerprint) })
        let end = Date(timeIntervalSince1970: Double(key.notAfter)).formatted(.iso8601.dateTimeSeparator(.space))
        #expect(lines.contains { $0 == "notAfter=\(end)" })
    }

    @Test func `verifies octets with a detached signature`() throws {
        let octets = Array("SAMLRequest=x&RelayState=y&SigAlg=z".utf8)
        let signature = try TestKeys.signing().signature(of: octets)
        let keys = try [TestKeys.pinned("p256"), TestKeys.pinned("other"), TestKeys.pinned()]
        let method = SignatureMethod.rsaSHA256.rawValue
        let policy = AlgorithmPolicy()
        #expect(try keys.index(verifying: signature, of: octets, method: method, policy: policy) == 2)
        let refused: [([UInt8], [UInt8], String, SignedXMLError)] = [
            (signature, octets + [0x20], method, .unknownKey),
            (Array(signature.dropLast()), octets, method, .unknownKey),
            ([], octets, method, .unknownKey), (signature, [], method, .unknownKey),
            (signature + [0], octets, method, .unknownKey),
            (signature, octets, SignatureMethod.rsaSHA512.rawValue, .unknownKey),
            (signature, octets, SignatureMethod.ecdsaSHA256.rawValue, .unknownKey),
            (signature, octets, SignatureMethod.rsaSHA1.rawValue, .sha1), (signature, octets, "", .signatureMethod),
            (signature, octets, "http://www.w3.org/2000/09/xmldsig#hmac-sha1", .signatureMethod),
        ]
        for (signature, octets, method, refusal) in refused {
            #expect(throws: refusal) {
                try keys.index(verifying: signature, of: octets, method: method, policy: policy)
            }
        }
    }
}

@Suite struct `The order of verification` {
    @Test func `is the signature before the digest`() throws {
        let good = try Samples.signedAssertion()
        let changed = good.replacing("alice", with: "malle")
        #expect(try Samples.refusal(changed) == .digestValue)
        #expect(try Samples.refusal(changed, keys: [TestKeys.pinned("other")]) == .unknownKey)
        #expect(try Samples.refusal(good, keys: []) == .unknownKey)
    }

    /// KeyInfo holds the certificate of whoever signed: it proves nothing.
    @Test func `takes no key from the message`() throws {
        #expect(try Samples.refusal(Samples.signedAssertion("other")) == .unknownKey)
    }

    @Test func `ends where nothing can be canonicalized`() throws {
        let good = try Samples.signedAssertion()
        let relative = good.replacing("<saml:Subject>", with: "<saml:Subject xmlns:x=\"relative\">")
        #expect(try Samples.refusal(relative) == .emptyCanonicalization)
        #expect(try Samples.refusal(relative, keys: [TestKeys.pinned("other")]) == .unknownKey)
    }

    @Test func `proves an element where it is, and only that`() throws {
        let text = try Samples.response(Samples.signedAssertion())
        let path = ElementPath.root.child(2)
        #expect(try Samples.verified(text, at: path) == Samples.verified(Samples.signedAssertion()))
        #expect(try Samples.refusal(text) == .noSignature)
        let whole = String(decoding: try TestKeys.signing().signed(Array(text.utf8)), as: UTF8.self)
        let outer = try Samples.verified(whole)
        #expect(String(decoding: outer.bytes, as: UTF8.self).contains("<ds:SignatureValue>"))
        // One document gives both, in any order.
        let document = try XMLDocument(parsing: Array(whole.utf8))
        let keys = [try TestKeys.pinned()]
        let inner = try document.verifiedBytes(of: .root.child(3), keys: keys, policy: AlgorithmPolicy())
        #expect(try inner == Samples.verified(Samples.signedAssertion()))
        #expect(try document.verifiedBytes(of: .root, keys: keys, policy: AlgorithmPolicy()) == outer)
    }
}
