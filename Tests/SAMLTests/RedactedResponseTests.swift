import SAML
import SignedXML
import StrictJSON
import Testing

@Suite struct `A response on the test page` {
    @Test func `shows everything but what is long or secret`() throws {
        let provider = try TestProvider.make()
        let bytes = try provider.response(.both)
        let text = try RedactedResponse.text(of: bytes, masksPeople: false)
        #expect(text.hasPrefix("<samlp:Response ") && text.hasSuffix("</samlp:Response>\n"))
        #expect(text.contains("\n  <saml:Issuer>https://idp.example.com/saml</saml:Issuer>\n"))
        #expect(text.contains(">alice-1</saml:NameID>") && text.contains(">Alice@Example.com<"))
        #expect(text.contains("NotOnOrAfter=\"2027-01-15T08:05:30Z\""))
        let certificate = Base64Text.encode(provider.key.certificate.certificate)
        #expect(
            !text.contains(certificate) && text.contains("<ds:X509Certificate>MII")
                && text.contains("… (344 characters)"))
    }

    @Test func `hides people where it is asked to`() throws {
        let provider = try TestProvider.make()
        let text = try RedactedResponse.text(of: provider.response(.both), masksPeople: true)
        #expect(text.contains(">al…</saml:NameID>") && text.contains(">Al…</saml:AttributeValue>"))
        #expect(!text.contains("alice-1") && !text.lowercased().contains("alice@"))
    }

    @Test func `shows no markup of its own and no controls`() throws {
        let text = """
            <a xmlns="urn:evil" b="&quot;&gt;&lt;script&gt;">&lt;script&gt;\u{202E}&amp;<!-- gone --></a>
            """
        let shown = try RedactedResponse.text(of: Array(text.utf8), masksPeople: false)
        #expect(
            shown == """
                <{urn:evil}a b="&quot;&gt;&lt;script&gt;">&lt;script&gt;\\u{202E}&amp;</{urn:evil}a>\n
                """)
    }

    @Test func `is refused like any other beyond our limits`() {
        #expect(throws: SAMLError.xml(.doctype)) {
            try RedactedResponse.text(of: Array("<!DOCTYPE a><a/>".utf8), masksPeople: false)
        }
    }
}

@Suite struct `A posted message` {
    @Test func `is read from its form`() throws {
        let message = try PostedMessage(items: [("x", "1"), ("SAMLResponse", "PGEv\r\nPg=="), ("RelayState", "")])
        #expect(message.kind == .response && message.xml == Array("<a/>".utf8) && message.relayState?.isEmpty == true)
    }

    @Test func `is refused when it is not one`() {
        let cases: [([(String, String)], SAMLError)] = [
            ([], .parameterMissing("SAMLResponse")), ([("RelayState", "x")], .parameterMissing("SAMLResponse")),
            ([("SAMLResponse", "QQ=="), ("SAMLRequest", "QQ==")], .parameterRepeated("SAMLResponse")),
            ([("SAMLResponse", "QQ=="), ("SAMLResponse", "QQ==")], .parameterRepeated("SAMLResponse")),
            ([("SAMLResponse", "QQ=="), ("RelayState", "a"), ("RelayState", "a")], .parameterRepeated("RelayState")),
            ([("SAMLResponse", "")], .parameter("SAMLResponse")), ([("SAMLRequest", "*")], .parameter("SAMLRequest")),
            ([("SAMLResponse", String(repeating: "A", count: 393_220))], .messageTooLarge),
        ]
        for (items, error) in cases {
            #expect(throws: error) { try PostedMessage(items: items.map { (name: $0.0, value: $0.1) }) }
        }
    }
}

/// What is kept with a session can be verified again by whoever trusts the provider.
@Suite struct `Evidence of a sign-in` {
    @Test func `is the response as received, its signature whole`() throws {
        let provider = try TestProvider.make()
        for signing in [TestProvider.Signing.response, .assertion, .both] {
            let evidence = try provider.validate(provider.response(signing)).evidence
            let again = try ResponseValidation.validate(evidence.bytes, against: provider.expectation())
            #expect(again.requestID == TestProvider.requestID)
        }
    }

    @Test func `is the decrypted assertion where that is signed, and sealed where it is not`() throws {
        for (name, isSealed) in [("shibboleth", true)] {
            let vendor = try `A response shaped like those of`.Vendor(name)
            let assertion = try ResponseValidation.validate(vendor.response(), against: vendor.expectation)
            #expect(assertion.evidence == .response(try vendor.response(), isSealed: isSealed))
        }
        let recording = try `A recorded exchange`.Recording("simplesamlphp")
        let one = try #require(recording.cases().last)
        let signIn = try #require(one.array("sign_ins").first.flatMap { try? JSONMembers($0) })
        let now = try recording.time(signIn, "answered_at")
        let key = try recording.members.object("sp").string("key")
        let idp = try recording.description(one, now: now)
        let expectation = ResponseExpectation(
            provider: try TestProvider.configuration(), idp: idp, spEntityID: recording.serviceProvider.entityID,
            acsURL: recording.serviceProvider.acsURL, requestID: try signIn.string("request_id"), requestedAt: now,
            now: now, decryptionKeys: [try Repository.decryptionKey(Repository.path(recording.folder, key))])
        let bytes = try Repository.bytes("\(recording.folder)/\(signIn.string("response"))")
        let assertion = try ResponseValidation.validate(bytes, against: expectation)
        guard case .assertion(let evidence) = assertion.evidence else {
            Issue.record("\(assertion.evidence)")
            return
        }
        let document = try XMLDocument(parsing: evidence)
        let signed = try document.verifiedBytes(of: .root, keys: idp.signingKeys, policy: AlgorithmPolicy())
        let root = try XMLDocument(parsing: signed.bytes).root
        #expect(root.name.local == "Assertion" && root.attribute("ID") == assertion.id)
    }
}
