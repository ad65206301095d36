import Glibc
import SAML
import SignedXML
import Testing
import WebAddresses

/// One rule broken before the provider signs: what is replaced by what.
struct BrokenRule: CustomTestStringConvertible, Sendable {
    let name: String
    let old: String
    let new: String
    let error: SAMLError

    init(_ name: String, _ old: String, _ new: String, _ error: SAMLError) {
        self.name = name
        self.old = old
        self.new = new
        self.error = error
    }

    var testDescription: String { name }

    static let acs = "https://ztna.example.com/saml/corp/acs"
    static let sp = "https://ztna.example.com/saml/corp/metadata"
    static let idp = TestProvider.entityID

    /// Refused whether the response is signed, the assertion, or both.
    static let ofAssertion = [
        BrokenRule("version", #"ID="_a1" Version="2.0""#, #"ID="_a1" Version="1.1""#, .version("1.1")),
        BrokenRule("issue instant", "2027-01-15T07:59:55Z", "yesterday", .malformed("IssueInstant")),
        BrokenRule(
            "issued in the future", "2027-01-15T07:59:55Z", "2027-01-15T08:01:01Z", .issuedInFuture(seconds: 61)),
        BrokenRule(
            "issuer", "<saml:Issuer>https://idp.example.com/saml<", "<saml:Issuer>https://idp.example.com/saml/<",
            .assertionIssuer(found: "https://idp.example.com/saml/", expected: idp)),
        BrokenRule(
            "issuer of another format", "<saml:Issuer>", #"<saml:Issuer Format="x">"#,
            .assertionIssuer(found: idp, expected: idp)),
        BrokenRule(
            "audience with white space", "Audience>\(sp)<", "Audience> \(sp)<",
            .audience(found: [" " + sp], expected: sp)),
        BrokenRule("an ID that is none", #"ID="_a1""#, #"ID="a:'1""#, .malformed("ID")),
        BrokenRule(
            "issuer missing", "<saml:Issuer>https://idp.example.com/saml</saml:Issuer>", "",
            .assertionIssuer(found: nil, expected: idp)),
        BrokenRule(
            "issuer twice", "<saml:Issuer>", "<saml:Issuer>x</saml:Issuer><saml:Issuer>", .malformed("several Issuer")),
        BrokenRule("empty NameID", ">alice-1<", "><", .nameID),
        BrokenRule("NameID of white space", ">alice-1<", "> <", .nameID),
        BrokenRule("NameID with a line end", ">alice-1<", ">alice&#10;-1<", .nameID),
        BrokenRule("NameID with an invisible character", ">alice-1<", ">alice\u{200B}-1<", .nameID),
        BrokenRule("NameID too long", ">alice-1<", ">\(String(repeating: "a", count: 257))<", .nameID),
        BrokenRule("NameID with an element", ">alice-1<", "><b>alice</b>-1<", .nameID),
        BrokenRule("encrypted NameID", "<saml:NameID", "<saml:EncryptedID></saml:EncryptedID><saml:NameID", .nameID),
        BrokenRule(
            "two NameIDs", "<saml:NameID", "<saml:NameID>bob</saml:NameID><saml:NameID", .malformed("several NameID")),
        BrokenRule("no bearer", "cm:bearer", "cm:sender-vouches", .noBearerConfirmation),
        BrokenRule(
            "bearer with a beginning", "NotOnOrAfter=\"2027-01-15T08:05:00Z\"",
            "NotOnOrAfter=\"2027-01-15T08:05:00Z\" NotBefore=\"2027-01-15T07:00:00Z\"", .confirmationNotBefore),
        BrokenRule(
            "recipient", "Recipient=\"\(acs)\"", "Recipient=\"\(acs)/\"",
            .recipient(found: acs + "/", expected: acs)),
        BrokenRule("no recipient", "Recipient=\"\(acs)\" ", "", .recipient(found: nil, expected: acs)),
        BrokenRule(
            "confirmation over", "2027-01-15T08:05:00Z", "2027-01-15T07:59:00Z", .confirmationExpired(seconds: 60)),
        BrokenRule(
            "confirmation without end", "NotOnOrAfter=\"2027-01-15T08:05:00Z\" ", "", .confirmationExpired(seconds: nil)
        ),
        BrokenRule(
            "another request", "InResponseTo=\"_5e8b6a\"></saml", "InResponseTo=\"_5e8b6b\"></saml", .inResponseTo),
        BrokenRule("no request in the confirmation", " InResponseTo=\"_5e8b6a\"></saml", "></saml", .inResponseTo),
        BrokenRule("not yet valid", "2027-01-15T07:59:50Z", "2027-01-15T08:01:01Z", .notYetValid(seconds: 61)),
        BrokenRule("expired", "2027-01-15T08:05:30Z", "2027-01-15T07:59:00Z", .expired(seconds: 60)),
        BrokenRule(
            "ends before it begins", "NotBefore=\"2027-01-15T07:59:50Z\" NotOnOrAfter=\"2027-01-15T08:05:30Z\"",
            "NotBefore=\"2027-01-15T08:00:30Z\" NotOnOrAfter=\"2027-01-15T08:00:20Z\"",
            .malformed("Conditions end before they begin")),
        BrokenRule(
            "audience", "Audience>\(sp)<", "Audience>\(sp)x<", .audience(found: [sp + "x"], expected: sp)),
        BrokenRule(
            "audience in capitals", "Audience>\(sp)<", "Audience>\(sp.uppercased())<",
            .audience(found: [sp.uppercased()], expected: sp)),
        BrokenRule(
            "no audience", "<saml:AudienceRestriction><saml:Audience>\(sp)</saml:Audience></saml:AudienceRestriction>",
            "", .noAudience),
        BrokenRule(
            "a second restriction that is not ours", "<saml:AudienceRestriction>",
            "<saml:AudienceRestriction><saml:Audience>x</saml:Audience></saml:AudienceRestriction>"
                + "<saml:AudienceRestriction>", .audience(found: ["x"], expected: sp)),
        BrokenRule(
            "a condition nobody knows", "<saml:AudienceRestriction>",
            "<saml:Condition></saml:Condition><saml:AudienceRestriction>", .unknownCondition("Condition")),
        BrokenRule(
            "two authentications", "<saml:AuthnStatement",
            "<saml:AuthnStatement></saml:AuthnStatement><saml:AuthnStatement",
            .malformed("several AuthnStatement")),
        BrokenRule(
            "authenticated in the future", "2027-01-15T07:59:54Z", "2027-01-15T08:01:02Z", .issuedInFuture(seconds: 62)),
        BrokenRule("no such instant", "2027-01-15T07:59:54Z", "2027-02-30T07:59:54Z", .malformed("AuthnInstant")),
        BrokenRule("session over", "2027-01-15T16:00:00Z", "2027-01-15T07:59:00Z", .sessionExpired(seconds: 60)),
        BrokenRule(
            "session index too long", #"SessionIndex="_s1""#, "SessionIndex=\"\(String(repeating: "s", count: 257))\"",
            .malformed("SessionIndex")),
        BrokenRule("attribute without a name", #"Name="mail""#, #"Name="""#, .malformed("Attribute Name")),
    ]

    static let ofResponse = [
        BrokenRule("root", "<samlp:Response xmlns", "<samlp:ArtifactResponse xmlns", .wrongRoot("ArtifactResponse")),
        BrokenRule("version", #"ID="_r1" Version="2.0""#, #"ID="_r1" Version="2""#, .version("2")),
        BrokenRule("no version", #"ID="_r1" Version="2.0""#, #"ID="_r1""#, .version(nil)),
        BrokenRule("issue instant", "2027-01-15T07:59:56Z", "2027-01-15", .malformed("IssueInstant")),
        BrokenRule(
            "issued in the future", "2027-01-15T07:59:56Z", "2027-01-15T08:02:00Z", .issuedInFuture(seconds: 120)),
        BrokenRule(
            "destination", "Destination=\"\(acs)\"", "Destination=\"https://other.example.com/acs\"",
            .destination(found: "https://other.example.com/acs", expected: acs)),
        BrokenRule(
            "issuer", "https://idp.example.com/saml</saml:Issuer><samlp",
            "https://evil.example.com</saml:Issuer><samlp",
            .responseIssuer(found: "https://evil.example.com", expected: idp)),
        BrokenRule(
            "issuer of another format", "<saml:Issuer xmlns", #"<saml:Issuer Format="x" xmlns"#,
            .responseIssuer(found: idp, expected: idp)),
        BrokenRule(
            "another request", "InResponseTo=\"_5e8b6a\"><saml:Issuer", "InResponseTo=\"_other\"><saml:Issuer",
            .inResponseTo),
        BrokenRule("no request", " InResponseTo=\"_5e8b6a\"><saml:Issuer", "><saml:Issuer", .unsolicited),
        BrokenRule(
            "status", "status:Success", "status:Responder",
            .status(SAMLStatus(code: "urn:oasis:names:tc:SAML:2.0:status:Responder"))),
        BrokenRule("no status", "Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"", "", .malformed("Status")),
        BrokenRule("no assertion", "ASSERTION", "", .assertionCount(plain: 0, encrypted: 0)),
        BrokenRule(
            "two assertions", "ASSERTION",
            "ASSERTION<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"></saml:Assertion>",
            .assertionCount(plain: 2, encrypted: 0)),
        BrokenRule(
            "an assertion in the status", "</samlp:Status>",
            "<samlp:StatusDetail><saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"></saml:Assertion>"
                + "</samlp:StatusDetail></samlp:Status>", .assertionCount(plain: 2, encrypted: 0)),
        BrokenRule(
            "an encrypted one beside it", "ASSERTION",
            "ASSERTION<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">"
                + "</saml:EncryptedAssertion>", .assertionCount(plain: 1, encrypted: 1)),
        BrokenRule(
            "the assertion deeper", "ASSERTION", "<samlp:Extensions>ASSERTION</samlp:Extensions>",
            .assertionCount(plain: 1, encrypted: 0)),
        BrokenRule(
            "a signature elsewhere", "</samlp:Status>",
            "<samlp:StatusDetail><ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"></ds:Signature>"
                + "</samlp:StatusDetail></samlp:Status>", .xml(.misplacedSignature)),
    ]
}

@Suite struct `A response` {
    @Test(arguments: [TestProvider.Signing.response, .assertion, .both])
    func `is accepted, signed in any of the three ways`(_ signing: TestProvider.Signing) throws {
        let provider = try TestProvider.make()
        let bytes = try provider.response(signing)
        let assertion = try provider.validate(bytes)
        #expect(assertion.nameID?.text == "alice-1" && assertion.nameID?.format == NameIDFormat.persistent)
        #expect(assertion.issuer == TestProvider.entityID && assertion.requestID == TestProvider.requestID)
        #expect(assertion.authnInstant == TestProvider.now - 6 && assertion.sessionIndex == "_s1")
        #expect(assertion.sessionNotOnOrAfter == TestProvider.now + 8 * 3_600)
        #expect(assertion.authnContexts == ["urn:oasis:names:tc:SAML:2.0:ac:classes:Password"])
        #expect(assertion.attributes == [SAMLAttribute(name: "mail", values: ["Alice@Example.com"])])
        #expect(assertion.replayKey.assertionID == "_a1" && assertion.replayKey.until == TestProvider.now + 360)
        #expect(assertion.responseWasSigned == (signing != .assertion))
        #expect(assertion.assertionWasSigned == (signing != .response))
        #expect(!assertion.wasEncrypted && !assertion.usedSHA1)
        #expect(assertion.evidence == .response(bytes, isSealed: false))
    }

    @Test(arguments: BrokenRule.ofAssertion)
    func `is refused for what its assertion says`(_ rule: BrokenRule) throws {
        let provider = try TestProvider.make()
        for signing in [TestProvider.Signing.response, .assertion, .both] {
            let bytes = try provider.response(signing, replacing: rule.old, with: rule.new)
            #expect(throws: rule.error) { try provider.validate(bytes) }
        }
    }

    @Test(arguments: BrokenRule.ofResponse)
    func `is refused for what surrounds its assertion`(_ rule: BrokenRule) throws {
        let provider = try TestProvider.make()
        for signing in [TestProvider.Signing.response, .assertion, .both] {
            let old = rule.name == "root" ? "" : rule.old
            var bytes = try provider.response(signing, replacing: old, with: rule.new)
            if rule.name == "root" {
                let text = String(decoding: bytes, as: UTF8.self)
                bytes = Array(text.replacing("samlp:Response", with: "samlp:ArtifactResponse").utf8)
            }
            #expect(throws: rule.error) { try provider.validate(bytes) }
        }
    }

    @Test func `is refused without an authentication or a subject`() throws {
        let provider = try TestProvider.make()
        for (name, error) in [("AuthnStatement", SAMLError.noAuthnStatement), ("Subject", .noSubject)] {
            let whole = TestProvider.assertion
            let start = try #require(whole.firstRange(of: "<saml:\(name)")?.lowerBound)
            let end = try #require(whole.firstRange(of: "</saml:\(name)>")?.upperBound)
            let bytes = try provider.response(.both, replacing: String(whole[start..<end]), with: "")
            #expect(throws: error) { try provider.validate(bytes) }
        }
    }

    @Test func `is refused when nothing is signed, or by a stranger`() throws {
        let provider = try TestProvider.make()
        let unsigned = try provider.response(.none)
        #expect(throws: SAMLError.unsigned) { try provider.validate(unsigned) }
        for signing in [TestProvider.Signing.response, .assertion, .both] {
            let bytes = try provider.response(signing, signedBy: provider.stranger)
            #expect(throws: SAMLError.xml(.unknownKey)) { try provider.validate(bytes) }
        }
    }

    @Test func `that is signed must say where it goes and who sends it`() throws {
        let provider = try TestProvider.make()
        let issuer =
            "<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">https://idp.example.com/saml</saml:Issuer>"
        let noDestination = "Destination=\"\(BrokenRule.acs)\" "
        #expect(throws: SAMLError.destination(found: nil, expected: BrokenRule.acs)) {
            try provider.validate(provider.response(.response, replacing: noDestination))
        }
        #expect(throws: SAMLError.responseIssuer(found: nil, expected: TestProvider.entityID)) {
            try provider.validate(provider.response(.response, replacing: issuer))
        }
        #expect(throws: Never.self) { try provider.validate(provider.response(.assertion, replacing: noDestination)) }
        #expect(throws: Never.self) { try provider.validate(provider.response(.assertion, replacing: issuer)) }
    }

    @Test func `with one broken signature is refused, though another holds`() throws {
        let provider = try TestProvider.make()
        let inner = try provider.response(.assertion, signedBy: provider.stranger)
        let bytes = try provider.key.signed(inner)
        #expect(throws: SAMLError.xml(.unknownKey)) { try provider.validate(bytes) }
        let changed = String(decoding: try provider.response(.both), as: UTF8.self)
            .replacing(">alice-1<", with: ">mallory<")
        #expect(throws: SAMLError.xml(.digestValue)) { try provider.validate(Array(changed.utf8)) }
    }

    @Test func `may differ by a minute in its times`() throws {
        let provider = try TestProvider.make()
        let cases = [
            ("2027-01-15T07:59:55Z", "2027-01-15T08:01:00Z"), ("2027-01-15T07:59:56Z", "2027-01-15T08:01:00Z"),
            ("2027-01-15T07:59:50Z", "2027-01-15T08:01:00Z"), ("2027-01-15T08:05:30Z", "2027-01-15T07:59:51Z"),
            ("2027-01-15T08:05:00Z", "2027-01-15T07:59:01Z"), ("2027-01-15T16:00:00Z", "2027-01-15T07:59:01Z"),
            ("2027-01-15T07:59:54Z", "2027-01-15T08:01:00.999Z"),
        ]
        for (old, new) in cases {
            let bytes = try provider.response(.both, replacing: old, with: new)
            #expect(throws: Never.self, "\(old) \(new)") { try provider.validate(bytes) }
        }
    }

    @Test func `must be of a new authentication where one was asked for`() throws {
        let provider = try TestProvider.make()
        let bytes = try provider.response(.both, replacing: "2027-01-15T07:59:54Z", with: "2027-01-15T07:58:39Z")
        #expect(throws: SAMLError.authenticationTooOld(seconds: 61)) {
            try provider.validate(bytes) { $0.forcedAuthentication = true }
        }
        #expect(throws: Never.self) { try provider.validate(bytes) }
        let enough = try provider.response(.both, replacing: "2027-01-15T07:59:54Z", with: "2027-01-15T07:58:40Z")
        #expect(throws: Never.self) { try provider.validate(enough) { $0.forcedAuthentication = true } }
    }

    @Test func `must be encrypted where the administrator says so`() throws {
        let provider = try TestProvider.make()
        let bytes = try provider.response(.both)
        #expect(throws: SAMLError.encryptionRequired) {
            try provider.validate(bytes) { $0.provider.requiresEncryptedAssertions = true }
        }
    }

    @Test func `carries the codes of a failure`() throws {
        let provider = try TestProvider.make()
        let bytes = try provider.response(
            .none, replacing: #"Success"></samlp:StatusCode>"#,
            with:
                #"Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:NoPassive"></samlp:StatusCode>"#
                + "</samlp:StatusCode><samlp:StatusMessage>not now</samlp:StatusMessage>")
        let error = #expect(throws: SAMLError.self) { try provider.validate(bytes) }
        guard case .status(let status) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(status.shortCode == "NoPassive" && status.message == "not now")
        #expect(error?.name == "status" && error?.personExplanation.contains("sign in again") == true)
    }

    @Test func `to no request is greeted only where the administrator lets it`() throws {
        let provider = try TestProvider.make()
        var text = String(decoding: try provider.response(.none), as: UTF8.self)
        text = text.replacing(" InResponseTo=\"_5e8b6a\"", with: "")
        let bytes = try provider.key.signed(Array(text.utf8))
        let expectation = try provider.expectation()
        #expect(throws: SAMLError.unsolicited) { try ResponseValidation.validate(bytes, against: expectation) }
        #expect(throws: SAMLError.unsolicited) {
            try ResponseValidation.validateUnsolicited(bytes, against: expectation)
        }
        let open = try provider.expectation { $0.provider.greetsUnsolicited = true }
        let greeted = try ResponseValidation.validateUnsolicited(bytes, against: open)
        #expect(greeted.replayKey.assertionID == "_a1" && !greeted.usedSHA1)
        let solicited = try provider.response(.both)
        #expect(throws: SAMLError.inResponseTo) {
            try ResponseValidation.validateUnsolicited(solicited, against: open)
        }
        #expect(throws: SAMLError.unsolicited) { try ResponseValidation.validate(bytes, against: open) }
    }

    /// By what it costs this thread beside a quarter as many: looking through all of them for each costs sixteen times.
    @Test func `with two thousand elements in it costs no more for each than one with few`() throws {
        let provider = try TestProvider.make()
        let expectation = try provider.expectation()
        func cost(_ count: Int) throws -> Double {
            let children = String(repeating: "<x></x>", count: count)
            let bytes = Array(
                TestProvider.response.replacing("ASSERTION", with: children + TestProvider.assertion).utf8)
            return (0..<3).map { _ in
                let start = Self.threadSeconds
                #expect(throws: SAMLError.unsigned) {
                    try ResponseValidation.validate(bytes, against: expectation)
                }
                return Self.threadSeconds - start
            }.min() ?? 0
        }
        #expect(try cost(1_900) < 10 * cost(475))
    }

    private static var threadSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Strings of Swift's are equal when Unicode calls them equivalent; what names somebody must not be.
    @Test func `is compared byte for byte`() throws {
        let provider = try TestProvider.make()
        let bytes = try provider.response(
            .both, replacing: "https://idp.example.com/saml</saml:Issuer><saml:Subject",
            with: "https://idp.example.com/\u{17F}aml</saml:Issuer><saml:Subject")
        #expect(throws: SAMLError.self) { try provider.validate(bytes) }
        let kelvin = try provider.expectation { $0.requestID = "_K" }
        let other = try provider.response(.both, replacing: "_5e8b6a\"><saml:Issuer", with: "_\u{212A}\"><saml:Issuer")
        #expect("_K" == "_\u{212A}")
        #expect(throws: SAMLError.inResponseTo) { try ResponseValidation.validate(other, against: kelvin) }
    }
}
