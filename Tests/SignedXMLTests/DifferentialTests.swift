import Foundation
import SignedXML
import Testing

/// What we find well signed, xmlsec1 does too; what xmlsec1 finds well signed, we refuse only for a rule of our own.
@Suite(.enabled(if: XMLSec1.isInstalled, "without xmlsec1")) struct `The verdict of xmlsec1` {
    /// Refusals by which our verdict differs from its: a signature that is wrong, not one that is not allowed.
    private static let disagreements: Set<SignedXMLError> = [.unknownKey, .digestValue, .emptyCanonicalization]

    private struct Tally {
        var bothGood = 0
        var bothBad = 0
        var onlyOurRules = 0
    }

    private static func compare(_ documents: [[UInt8]], at path: ElementPath) throws -> Tally {
        let keys = [try TestKeys.pinned()]
        let policy = AlgorithmPolicy(allowsSHA1: true)
        var tally = Tally()
        try XMLSec1.withFolder { folder in
            for bytes in documents {
                var refusal: SignedXMLError?
                do throws(SignedXMLError) {
                    _ = try XMLDocument(parsing: bytes).verifiedBytes(of: path, keys: keys, policy: policy)
                } catch {
                    refusal = error
                }
                let isGood = try XMLSec1.verifies(bytes, in: folder)
                let text = String(decoding: bytes, as: UTF8.self)
                switch (refusal, isGood) {
                case (nil, true): tally.bothGood += 1
                case (nil, false): Issue.record("only we find it good: \(text)")
                case (_?, false): tally.bothBad += 1
                case (let refusal?, true):
                    tally.onlyOurRules += 1
                    #expect(!disagreements.contains(refusal), "only xmlsec1 finds it good: \(refusal): \(text)")
                }
            }
        }
        return tally
    }

    @Test func `is ours over flipped bits`() throws {
        let good = Array(try Samples.response(Samples.signedAssertion()).utf8)
        var random = SplitMix64(state: 1)
        var documents = [good]
        for _ in 0..<150 {
            var bytes = good
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<7, using: &random)
            documents.append(bytes)
        }
        let tally = try Self.compare(documents, at: .root.child(2))
        // Some flips are in what nothing signs: the response's own attributes, the certificate in KeyInfo.
        #expect(tally.bothGood > 1 && tally.bothBad > 50)
    }

    @Test func `is ours over white space, namespaces, comments and character references`() throws {
        let good = try Samples.signedAssertion()
        let changes: [(String, String)] = [
            ("", ""), ("<saml:Subject>", "<saml:Subject >"), ("<saml:Subject>", "<saml:Subject\n>"),
            ("<saml:Subject>", "<saml:Subject> "), ("<saml:Subject>", "<saml:Subject><!-- x -->"),
            ("alice", "al<!-- x -->ice"), ("alice", "<![CDATA[alice]]>"), ("alice", "&#97;lice"),
            ("alice", "&#x61;lice"),
            ("alice", "alice\r"), ("alice", "alice&#13;"), ("alice", "alice\u{301}"), ("&amp;", "&#38;"),
            ("&amp;", "<![CDATA[&]]>"),
            ("ID=\"_a1\"", "ID='_a1'"), ("ID=\"_a1\"", "ID = \"_a1\""), ("ID=\"_a1\"", "ID=\"&#95;a1\""),
            ("ID=\"_a1\" Version=\"2.0\"", "Version=\"2.0\" ID=\"_a1\""),
            ("Version=\"2.0\"", "Version=\"2.0\" xmlns:unused=\"urn:unused\""),
            ("Version=\"2.0\"", "Version=\"2.0\" xmlns=\"urn:unused\""),
            ("<saml:Subject>", "<saml:Subject xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">"),
            ("<saml:Subject>", "<saml:Subject xmlns:saml=\"urn:other\">"),
            ("<saml:Subject>", "<saml:Subject xml:lang=\"en\">"),
            ("<saml:Subject>", "<saml:Subject xmlns=\"\">"), ("<saml:Subject>", "<saml:Subject><a xmlns=\"\"/>"),
            ("xsi:type=\"xs:string\"", "xsi:type=\"xs:int\""), ("xsi:type=\"xs:string\"", "xsi:type='xs:string'"),
            ("<ds:Signature ", "<!-- x --><ds:Signature "), ("<ds:Signature ", " <ds:Signature "),
            ("</ds:Signature>", "</ds:Signature>\n"),
            ("<ds:SignedInfo ", " <ds:SignedInfo "), ("<ds:Reference ", " <ds:Reference "),
            ("<ds:Reference ", "<!-- x --><ds:Reference "),
            ("<ds:Transforms>", "<ds:Transforms >"), ("<ds:KeyInfo>", "<ds:KeyInfo Id=\"k\">"),
            ("<ds:DigestValue>", "<ds:DigestValue>\n"),
            ("<ds:SignatureValue>", "<ds:SignatureValue> \n\t"), ("</ds:SignatureValue>", "\r\n</ds:SignatureValue>"),
            ("<ds:SignatureValue>", "<ds:SignatureValue><![CDATA[ ]]>"),
            ("<ds:SignatureValue>", "<ds:SignatureValue>AAAA"),
            ("</ds:SignatureValue>", "AAAA</ds:SignatureValue>"), ("</ds:SignatureValue>", "=</ds:SignatureValue>"),
            ("<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">", "<ds:SignedInfo>"),
            ("<ds:KeyInfo>", "<ds:Object/><ds:KeyInfo>"), ("</ds:KeyInfo>", "</ds:KeyInfo><ds:Object>x</ds:Object>"),
            ("#_a1", ""), ("#_a1", "#xpointer(id('_a1'))"), ("<saml:Subject>", "<saml:Advice/><saml:Subject>"),
            ("<saml:Assertion ", "<?xml version=\"1.0\" encoding=\"UTF-8\"?><saml:Assertion "),
            ("</saml:Assertion>", "</saml:Assertion>\n"),
        ]
        let documents = changes.map { Array(good.replacing($0.0, with: $0.1, maxReplacements: 1).utf8) }
        let tally = try Self.compare(documents, at: .root)
        #expect(tally.bothGood > 15 && tally.bothBad > 10)
    }

    /// Signed by xmlsec1 with prefixes that only values use, in surroundings that declare them.
    @Test func `is ours over prefix lists and surroundings`() throws {
        let more = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
        let digest = "http://www.w3.org/2001/04/xmlenc#sha256"
        var documents: [[UInt8]] = []
        for prefixList in [nil, "", "xs", "xs xsi saml ds", "#default", "samlp #default outer", "nowhere"] {
            let template = XMLSec1.template(method: more, digest: digest, prefixList: prefixList)
            let assertion = Samples.assertion.replacing("</saml:Issuer>", with: "</saml:Issuer>" + template)
            let response = Samples.response(assertion).replacing(
                "ID=\"_r1\"", with: "xmlns=\"urn:default\" xmlns:outer=\"urn:outer\" xmlns:xs=\"urn:xs\" ID=\"_r1\"")
            let signed = try XMLSec1.signed(response, key: "idp")
            documents.append(Array(signed.utf8))
            for (from, to) in [
                ("urn:default", "urn:other"), ("urn:outer", "urn:other"), ("\"urn:xs\"", "\"urn:x\""),
                (" xmlns=\"urn:default\"", ""),
            ] {
                documents.append(Array(signed.replacing(from, with: to).utf8))
            }
        }
        let tally = try Self.compare(documents, at: .root.child(2))
        #expect(tally.bothGood >= 7 && tally.bothBad > 2)
    }
}
