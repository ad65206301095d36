import SAML
import SignedXML
import Testing
import WebAddresses

@Suite struct `Single logout` {
    private static let slo = "https://ztna.example.com/saml/corp/slo"

    private static let request = """
        <samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_l1" Version="2.0" \
        IssueInstant="2027-01-15T07:59:56Z" Destination="https://ztna.example.com/saml/corp/slo" \
        NotOnOrAfter="2027-01-15T08:04:56Z">\
        <saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.example.com/saml</saml:Issuer>\
        <saml:NameID xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" \
        Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">alice-1</saml:NameID>\
        <samlp:SessionIndex>_s1</samlp:SessionIndex></samlp:LogoutRequest>
        """

    private static let response = """
        <samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_l2" Version="2.0" \
        IssueInstant="2027-01-15T07:59:56Z" Destination="https://ztna.example.com/saml/corp/slo" InResponseTo="_q1">\
        <saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.example.com/saml</saml:Issuer>\
        <samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"></samlp:StatusCode>\
        </samlp:Status></samlp:LogoutResponse>
        """

    private func expectation(_ provider: TestProvider) throws -> LogoutExpectation {
        LogoutExpectation(
            provider: try TestProvider.configuration(), idp: provider.idp, serviceProvider: provider.serviceProvider,
            now: TestProvider.now)
    }

    private func read(
        _ text: String, _ provider: TestProvider, as name: String, signedBy key: SigningKey? = nil
    ) throws -> LogoutMessage {
        let signed = try (key ?? provider.key).signed(Array(text.utf8))
        return try LogoutMessage(
            posted: PostedMessage(items: [(name, Base64Text.encode(signed)), ("RelayState", "r")]),
            against: expectation(provider))
    }

    @Test func `by the provider names a person and sessions`() throws {
        let provider = try TestProvider.make()
        guard case .request(let request, "r") = try read(Self.request, provider, as: "SAMLRequest") else {
            Issue.record("no request")
            return
        }
        #expect(request.id == "_l1" && request.sessionIndexes == ["_s1"])
        let alice = try NameID("alice-1", format: NameIDFormat.persistent)
        #expect(request.ends(nameID: alice, sessionIndex: "_s1"))
        #expect(!request.ends(nameID: alice, sessionIndex: "_s2") && !request.ends(nameID: alice, sessionIndex: nil))
        // A format that is left out is left open; another one is another name.
        #expect(request.ends(nameID: try NameID("alice-1"), sessionIndex: "_s1"))
        #expect(!request.ends(nameID: try NameID("alice-1", format: NameIDFormat.emailAddress), sessionIndex: "_s1"))
        let all = Self.request.replacing("<samlp:SessionIndex>_s1</samlp:SessionIndex>", with: "")
        guard case .request(let every, _) = try read(all, provider, as: "SAMLRequest") else { return }
        #expect(every.ends(nameID: alice, sessionIndex: "_s2") && every.ends(nameID: alice, sessionIndex: nil))
        #expect(!every.ends(nameID: try NameID("bob", format: NameIDFormat.persistent), sessionIndex: nil))
    }

    @Test func `by the provider is refused when a rule is broken`() throws {
        let provider = try TestProvider.make()
        let idp = TestProvider.entityID
        let cases: [(String, String, SAMLError)] = [
            ("LogoutRequest", "NameIDMappingRequest", .wrongRoot("NameIDMappingRequest")),
            (#"Version="2.0""#, #"Version="1.1""#, .version("1.1")),
            (Self.slo, Self.slo + "/", .destination(found: Self.slo + "/", expected: Self.slo)),
            ("Destination=\"\(Self.slo)\" ", "", .destination(found: nil, expected: Self.slo)),
            (">https://idp.example.com/saml<", ">https://x<", .responseIssuer(found: "https://x", expected: idp)),
            ("2027-01-15T07:59:56Z", "2027-01-15T08:01:01Z", .issuedInFuture(seconds: 61)),
            ("2027-01-15T07:59:56Z", "2027-01-15T07:54:00Z", .logoutExpired(seconds: 360)),
            ("2027-01-15T08:04:56Z", "2027-01-15T07:59:00Z", .logoutExpired(seconds: 60)),
            ("2027-01-15T08:04:56Z", "never", .malformed("NotOnOrAfter")),
            (">alice-1<", "><", .nameID), ("saml:NameID", "saml:EncryptedID", .nameID),
            (">_s1<", "><a>_s1</a><", .malformed("SessionIndex")),
            (
                "<samlp:SessionIndex>_s1</samlp:SessionIndex>",
                String(repeating: "<samlp:SessionIndex>_s1</samlp:SessionIndex>", count: 65),
                .malformed("more than 64 SessionIndex")
            ),
        ]
        for (old, new, error) in cases {
            let text = Self.request.replacing(old, with: new)
            #expect(throws: error, "\(old) \(new)") { try read(text, provider, as: "SAMLRequest") }
        }
        #expect(throws: SAMLError.xml(.unknownKey)) {
            try read(Self.request, provider, as: "SAMLRequest", signedBy: provider.stranger)
        }
        let unsigned = try PostedMessage(items: [("SAMLRequest", Base64Text.encode(Array(Self.request.utf8)))])
        #expect(throws: SAMLError.xml(.noSignature)) {
            try LogoutMessage(posted: unsigned, against: expectation(provider))
        }
        // A message under the other's name is neither.
        #expect(throws: SAMLError.wrongRoot("LogoutRequest")) { try read(Self.request, provider, as: "SAMLResponse") }
        #expect(throws: SAMLError.wrongRoot("LogoutResponse")) { try read(Self.response, provider, as: "SAMLRequest") }
    }

    @Test func `is answered by the provider`() throws {
        let provider = try TestProvider.make()
        guard case .response(let response, _) = try read(Self.response, provider, as: "SAMLResponse") else {
            Issue.record("no response")
            return
        }
        #expect(response.inResponseTo == "_q1" && response.status.isSuccess)
        #expect(throws: SAMLError.unsolicited) {
            try read(Self.response.replacing(" InResponseTo=\"_q1\"", with: ""), provider, as: "SAMLResponse")
        }
        #expect(throws: SAMLError.malformed("Status")) {
            try read(
                Self.response.replacing(#"Value="urn:oasis:names:tc:SAML:2.0:status:Success""#, with: ""), provider,
                as: "SAMLResponse")
        }
    }

    /// We are the other side to ourselves: what we send is what we accept, but for the names.
    @Test(arguments: [Binding.redirect, .post])
    func `of ours is signed and goes where the metadata says`(_ binding: Binding) throws {
        let provider = try TestProvider.make()
        let request = LogoutRequest(
            id: "_q1", nameID: try NameID("alice-1", format: NameIDFormat.persistent, spNameQualifier: "sp"),
            sessionIndexes: ["_s1"])
        let idp = try `SAML metadata`.description(logout: binding, key: provider.key)
        let sent = try request.outgoing(
            from: provider.serviceProvider, to: idp, relayState: RelayState("r"), now: TestProvider.now)
        let answer = try LogoutResponse(inResponseTo: "_l1").outgoing(
            id: "_l9", from: provider.serviceProvider, to: idp, relayState: "their own", now: TestProvider.now)
        let keys = [provider.serviceProvider.key.certificate]
        for (message, name, location) in [(sent, "SAMLRequest", "slo"), (answer, "SAMLResponse", "slo-done")] {
            let xml: [UInt8]
            switch (binding, message) {
            case (.redirect, .redirect(let url)):
                #expect(url.hasPrefix("https://idp.example.com/\(location)?\(name)="))
                let query = String(url[try #require(url.firstRange(of: "?")).upperBound...])
                xml = try RedirectBinding.message(parsing: query, keys: keys, policy: AlgorithmPolicy()).xml
            case (.post, .post(let form)):
                #expect(form.action.text == "https://idp.example.com/\(location)" && form.fields.first?.name == name)
                let document = try XMLDocument(parsing: PostedMessage(items: form.fields).xml)
                xml = try document.verifiedBytes(of: .root, keys: keys, policy: AlgorithmPolicy()).bytes
            default:
                Issue.record("\(message)")
                return
            }
            let root = try XMLDocument(parsing: xml).root
            #expect(root.attribute("Destination") == "https://idp.example.com/\(location)")
            #expect(root.children.first?.text == provider.serviceProvider.entityID)
        }
        let none = try `SAML metadata`.description(logout: nil, key: provider.key)
        #expect(throws: SAMLError.noEndpoint("SingleLogoutService")) {
            try request.outgoing(from: provider.serviceProvider, to: none, relayState: nil, now: TestProvider.now)
        }
    }
}
