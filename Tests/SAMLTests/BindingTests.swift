import Compression
import Cryptography
import Identity
import SAML
import SignedXML
import Testing
import WebAddresses

@Suite struct `A message of ours` {
    private func request(
        _ provider: TestProvider, destination: String = "https://idp.example.com/sso", forced: Bool = false
    ) throws -> AuthnRequest {
        AuthnRequest(
            id: "_r", issueInstant: TestProvider.now, destination: try EndpointURL(parsing: destination),
            serviceProvider: provider.serviceProvider, nameIDFormat: NameIDFormat.persistent, forceAuthn: forced,
            requestedContext: forced ? AuthnRequest.RequestedContext(["urn:a", "urn:b"], comparison: .minimum) : nil)
    }

    private func query(_ url: String) throws -> String {
        String(url[try #require(url.firstRange(of: "SAMLRe")).lowerBound...])
    }

    @Test func `asks for a sign-in by redirect, signed over the octets of its query`() throws {
        let provider = try TestProvider.make()
        let url = try request(provider, forced: true).redirectURL(
            signedBy: provider.serviceProvider.key, relayState: try RelayState("abc-_9"))
        #expect(url.hasPrefix("https://idp.example.com/sso?SAMLRequest=") && url.contains("&RelayState=abc-_9&SigAlg="))
        let message = try RedirectBinding.message(
            parsing: query(url), keys: [provider.serviceProvider.key.certificate], policy: AlgorithmPolicy())
        #expect(message.kind == .request && message.relayState == "abc-_9")
        let root = try XMLDocument(parsing: message.xml).root
        #expect(root.name.local == "AuthnRequest" && root.attribute("ForceAuthn") == "true")
        #expect(root.attribute("ID") == "_r" && root.attribute("IssueInstant") == "2027-01-15T08:00:00Z")
        #expect(root.attribute("AssertionConsumerServiceURL") == "https://ztna.example.com/saml/corp/acs")
        #expect(root.attribute("ProtocolBinding") == "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST")
        #expect(root.attribute("IsPassive") == nil && root.attribute("Destination") == "https://idp.example.com/sso")
        #expect(root.children.map(\.name.local) == ["Issuer", "NameIDPolicy", "RequestedAuthnContext"])
        #expect(root.children[0].text == provider.serviceProvider.entityID)
        #expect(root.children[1].attribute("Format") == NameIDFormat.persistent)
        #expect(root.children[2].attribute("Comparison") == "minimum")
        #expect(root.children[2].children.compactMap(\.text) == ["urn:a", "urn:b"])
    }

    @Test(arguments: [
        ("https://i.example/s?", "?SAML"), ("https://i.example/s?a=b", "?a=b&SAML"),
        ("https://i.example/s?a&", "a&SAML"),
    ])
    func `keeps the query that an endpoint has`(_ endpoint: String, _ expected: String) throws {
        let provider = try TestProvider.make()
        let url = try request(provider, destination: endpoint).redirectURL(
            signedBy: provider.serviceProvider.key, relayState: nil)
        #expect(url.contains(expected) && !url.contains("RelayState"))
    }

    @Test func `asks for a sign-in by a form, signed inside`() throws {
        let provider = try TestProvider.make()
        let form = try request(provider).postForm(signedBy: provider.serviceProvider.key, relayState: RelayState("x"))
        #expect(form.fields.map(\.name) == ["SAMLRequest", "RelayState"])
        let posted = try PostedMessage(items: form.fields)
        let document = try XMLDocument(parsing: posted.xml)
        _ = try document.verifiedBytes(
            of: .root, keys: [provider.serviceProvider.key.certificate], policy: AlgorithmPolicy())
        #expect(document.root.children.map(\.name.local) == ["Issuer", "Signature", "NameIDPolicy"])
    }

    @Test func `commits to the device in its ID`() throws {
        let device = try #require(DeviceID(String(repeating: "d", count: 43)))
        let random = [UInt8](repeating: 7, count: 32)
        let id = try #require(CommittingRequestID(device: device, randomBytes: random))
        let hash = Digest.sha256(Array(("ztna-login-v1" + device.thumbprint).utf8) + random)
        #expect(id.text == "_" + Hexadecimal.encode(hash) && id.randomBytes == random)
        #expect(CommittingRequestID(device: device, randomBytes: [1]) == nil)
        #expect(MessageID.make(from: .system).utf8.count == 33)
    }

    @Test(arguments: ["", "a b", "a&b", "ä", String(repeating: "a", count: 81)])
    func `has no RelayState but a handle of ours`(_ text: String) {
        #expect(throws: SAMLError.relayState) { try RelayState(text) }
    }
}

@Suite struct `A message by redirect` {
    /// What the provider sends, with a signature of its own over `query`.
    private func signed(_ query: String, _ provider: TestProvider) throws -> String {
        let signature = try provider.key.signature(of: Array(query.utf8))
        return query + "&" + FormEncoding.encode([("Signature", Base64Text.encode(signature))])
    }

    private static let algorithm = "SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256"
    /// `<a/>`, deflated: b3 49 d4 b7 03 00.
    private static let message = "SAMLResponse=s0nUtwMA"

    private func read(_ query: String, _ provider: TestProvider, sha1: Bool = false) throws -> RedirectBinding.Message {
        try RedirectBinding.message(
            parsing: query, keys: provider.idp.signingKeys, policy: AlgorithmPolicy(allowsSHA1: sha1))
    }

    @Test func `is read when a key of the provider signed its octets`() throws {
        let provider = try TestProvider.make()
        let message = try read(try signed("\(Self.message)&RelayState=a%20b&\(Self.algorithm)", provider), provider)
        #expect(message.xml == Array("<a/>".utf8) && message.relayState == "a b" && message.kind == .response)
        // The same octets in another spelling are the sender's to choose, and other parameters are passed over.
        let lower = try signed(
            "\(Self.message)&RelayState=a%2fb&\(Self.algorithm.lowercased().replacing("sigalg", with: "SigAlg"))",
            provider)
        #expect(try read("x=1&" + lower + "&y", provider).relayState == "a/b")
        let moved = try signed("\(Self.message)&RelayState=&\(Self.algorithm)", provider).split(separator: "&")
        #expect(try read(moved.reversed().joined(separator: "&"), provider).relayState?.isEmpty == true)
    }

    @Test func `is refused otherwise`() throws {
        let provider = try TestProvider.make()
        let plain = "\(Self.message)&\(Self.algorithm)"
        let good = try signed(plain, provider)
        let deflated = try #require(Deflate.compress([UInt8](repeating: 0x61, count: 1 << 20)))
        let bomb = "SAMLRequest=" + FormEncoding.encode(Base64Text.encode(deflated))
        let cases: [(String, SAMLError)] = [
            ("", .parameterMissing("SAMLRequest")), ("a=b", .parameterMissing("SAMLRequest")),
            (Self.message, .redirectUnsigned), (plain, .redirectUnsigned),
            (plain + "&Signature=", .parameter("Signature")), (plain + "&Signature=*", .parameter("Signature")),
            (plain + "&Signature=QUJD", .redirectSignature), (good + "&RelayState=x", .redirectSignature),
            (good.replacing("s0nU", with: "s0nV"), .redirectSignature),
            (good + "&SAMLRequest=s0nUtwMA", .parameterRepeated("SAMLRequest")),
            (good + "&SAMLResponse=s0nUtwMA", .parameterRepeated("SAMLResponse")),
            (good + "&Signature=QUJD", .parameterRepeated("Signature")),
            (good + "&%53AMLResponse=x", .parameter("SAMLResponse")),
            (good + "&SAMLEncoding=gzip", .parameter("SAMLEncoding")),
            (good + "&%zz=1", .parameter("query")), (good + String(repeating: "&a=1", count: 70), .parameter("query")),
            (good + "&a=" + String(repeating: "a", count: 17_000), .messageTooLarge),
            (try signed("SAMLResponse=%2B%2B&\(Self.algorithm)", provider), .parameter("SAMLResponse")),
            (try signed("SAMLResponse=QUJD&\(Self.algorithm)", provider), .parameter("SAMLResponse")),
            (try signed("\(bomb)&\(Self.algorithm)", provider), .messageTooLarge),
            (
                good.replacing("more%23rsa-sha256", with: "more%23hmac-sha256"),
                .redirectSignatureMethod("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
            ),
            (
                good.replacing("2001%2F04%2Fxmldsig-more%23rsa-sha256", with: "2000%2F09%2Fxmldsig%23rsa-sha1"),
                .xml(.sha1)
            ),
        ]
        for (query, error) in cases {
            #expect(throws: error, "\(query.prefix(200))") { try read(query, provider) }
        }
        #expect(throws: SAMLError.redirectSignature) {
            try RedirectBinding.message(
                parsing: good, keys: [provider.stranger.certificate], policy: AlgorithmPolicy())
        }
    }
}
