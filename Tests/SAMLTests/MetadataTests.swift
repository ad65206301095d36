import SAML
import SignedXML
import Testing
import WebAddresses

@Suite struct `SAML metadata` {
    private static let saml2 = "urn:oasis:names:tc:SAML:2.0:protocol"

    static func description(logout: Binding?, key: SigningKey) throws -> IdPDescription {
        let slo = logout.map {
            """
            <md:SingleLogoutService Binding="\($0.rawValue)" Location="https://idp.example.com/slo" \
            ResponseLocation="https://idp.example.com/slo-done"></md:SingleLogoutService>
            """
        }
        return try parse(entity(services: (slo ?? "") + signOn, keys: keyDescriptor(key)))
    }

    private static let signOn = """
        <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" \
        Location="https://idp.example.com/sso"></md:SingleSignOnService>
        """

    private static func keyDescriptor(_ key: SigningKey, use: String = " use=\"signing\"") -> String {
        keyDescriptor(Base64Text.encode(key.certificate.certificate), use: use)
    }

    private static func keyDescriptor(_ base64: String, use: String = " use=\"signing\"") -> String {
        """
        <md:KeyDescriptor\(use)><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>\
        <ds:X509Certificate>\n\(base64)\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
        """
    }

    private static func entity(
        _ id: String = TestProvider.entityID, attributes: String = "", services: String = signOn, keys: String,
        role: String = "protocolSupportEnumeration=\"\(saml2)\""
    ) -> String {
        """
        <md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="\(id)"\(attributes)>\
        <md:IDPSSODescriptor \(role)>\(keys)\(services)</md:IDPSSODescriptor></md:EntityDescriptor>
        """
    }

    private static func parse(
        _ text: String, _ options: IdPMetadata.Options = IdPMetadata.Options()
    ) throws -> IdPDescription {
        try IdPMetadata.parse(Array(text.utf8), options: options, now: TestProvider.now)
    }

    @Test func `names keys in rotation, by either use, and notes what is unusable`() throws {
        let provider = try TestProvider.make()
        let keys =
            Self.keyDescriptor(provider.key) + Self.keyDescriptor(provider.stranger, use: "")
            + Self.keyDescriptor(provider.key)
            + Self.keyDescriptor(provider.serviceProvider.key, use: " use=\"encryption\"")
            + Self.keyDescriptor("AAAA") + Self.keyDescriptor("!")
            + "<md:KeyDescriptor><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:KeyName>k</ds:KeyName></ds:KeyInfo></md:KeyDescriptor>"
        let description = try Self.parse(Self.entity(keys: keys))
        #expect(
            description.signingKeys.map(\.fingerprint) == [
                provider.key.certificate.fingerprint, provider.stranger.certificate.fingerprint,
            ])
        #expect(description.notes.count == 3)
        #expect(description.signOn?.binding == .redirect && description.logout == nil)
        let late = try IdPMetadata.parse(
            Array(Self.entity(keys: Self.keyDescriptor(provider.key)).utf8), options: IdPMetadata.Options(),
            now: TestProvider.now + 90_000)
        #expect(late.signingKeys.count == 1 && late.notes.count == 1)
    }

    @Test func `gives endpoints by binding, over https alone`() throws {
        let provider = try TestProvider.make()
        let service = { (name: String, binding: String, location: String) in
            "<md:\(name) Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:\(binding)\" Location=\"\(location)\"></md:\(name)>"
        }
        let services =
            service("SingleLogoutService", "SOAP", "https://i.example/soap")
            + service("SingleLogoutService", "HTTP-POST", "https://i.example/slo")
            + service("SingleSignOnService", "HTTP-Redirect", "http://i.example/plain")
            + service("SingleSignOnService", "HTTP-POST", "https://i.example/post")
            + service("SingleSignOnService", "HTTP-POST", "https://i.example/post2")
        let description = try Self.parse(Self.entity(services: services, keys: Self.keyDescriptor(provider.key)))
        #expect(description.ssoEndpoints.mapValues(\.text) == [.post: "https://i.example/post"])
        #expect(description.sloEndpoints[.post]?.responseLocation.text == "https://i.example/slo")
        #expect(description.notes.count == 1 && description.signOn?.binding == .post)
        let loopback = Self.entity(
            services: service("SingleSignOnService", "HTTP-Redirect", "http://127.0.0.1:8/sso"),
            keys: Self.keyDescriptor(provider.key))
        #expect(throws: IdPMetadataError.noSignOnEndpoint) { try Self.parse(loopback) }
        #expect(try Self.parse(loopback, IdPMetadata.Options(allowPlainHTTPOnLoopback: true)).signOn != nil)
    }

    @Test func `of several entities needs one to be chosen`() throws {
        let provider = try TestProvider.make()
        let keys = Self.keyDescriptor(provider.key)
        let other = """
            <md:EntityDescriptor entityID="https://sp.example.com"><md:SPSSODescriptor></md:SPSSODescriptor></md:EntityDescriptor>
            """
        let group = { (inner: String) in
            "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">\(inner)</md:EntitiesDescriptor>"
        }
        let one = group(other + group(Self.entity(keys: keys)))
        #expect(try Self.parse(one).entityID == TestProvider.entityID)
        let two = group(Self.entity(keys: keys) + other + Self.entity("urn:b", keys: keys))
        #expect(throws: IdPMetadataError.entity(wanted: nil, found: [TestProvider.entityID, "urn:b"])) {
            try Self.parse(two)
        }
        #expect(try Self.parse(two, IdPMetadata.Options(entityID: "urn:b")).entityID == "urn:b")
        #expect(throws: IdPMetadataError.entity(wanted: "urn:c", found: [TestProvider.entityID, "urn:b"])) {
            try Self.parse(two, IdPMetadata.Options(entityID: "urn:c"))
        }
        #expect(throws: IdPMetadataError.noIdentityProvider("https://sp.example.com")) {
            try Self.parse(two, IdPMetadata.Options(entityID: "https://sp.example.com"))
        }
        let twice = group(Self.entity("urn:b", keys: keys) + Self.entity("urn:b", keys: keys))
        #expect(throws: IdPMetadataError.self) { try Self.parse(twice, IdPMetadata.Options(entityID: "urn:b")) }
    }

    @Test func `is refused when it says nothing usable`() throws {
        let provider = try TestProvider.make()
        let keys = Self.keyDescriptor(provider.key)
        let cases: [(String, IdPMetadataError)] = [
            ("<html></html>", .wrongRoot("html")), ("", .xml(.malformed)),
            ("<!DOCTYPE html><html></html>", .xml(.doctype)),
            (Self.entity("", keys: keys), .malformed("entityID")),
            (Self.entity(services: "", keys: keys), .noSignOnEndpoint), (Self.entity(keys: ""), .noUsableKey([])),
            (
                Self.entity(keys: keys, role: "protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol\""),
                .noIdentityProvider(TestProvider.entityID)
            ),
            (Self.entity(attributes: " validUntil=\"2027-01-15T07:59:00Z\"", keys: keys), .expired(seconds: 60)),
            (Self.entity(attributes: " validUntil=\"soon\"", keys: keys), .malformed("validUntil")),
            (Self.entity(attributes: " cacheDuration=\"1h\"", keys: keys), .malformed("cacheDuration")),
            (Self.entity(keys: String(repeating: keys, count: 33)), .malformed("more than 32 certificates")),
        ]
        for (text, error) in cases { #expect(throws: error, "\(text.prefix(120))") { try Self.parse(text) } }
    }

    @Test func `must be signed by a given certificate where there is one`() throws {
        let provider = try TestProvider.make()
        let text = Self.entity(attributes: " ID=\"_m\"", keys: Self.keyDescriptor(provider.key))
        let options = IdPMetadata.Options(signedBy: [provider.stranger.certificate])
        #expect(throws: IdPMetadataError.xml(.noSignature)) { try Self.parse(text, options) }
        let wrong = String(decoding: try provider.key.signed(Array(text.utf8)), as: UTF8.self)
        #expect(throws: IdPMetadataError.xml(.unknownKey)) { try Self.parse(wrong, options) }
        let right = String(decoding: try provider.stranger.signed(Array(text.utf8)), as: UTF8.self)
        #expect(try Self.parse(right, options).entityID == TestProvider.entityID)
        #expect(throws: IdPMetadataError.xml(.digestValue)) {
            try Self.parse(right.replacing("idp.example.com/sso", with: "evil.example.com/sso"), options)
        }
    }

    @Test func `says so when SHA-1 signed it, which must be allowed`() throws {
        let provider = try TestProvider.make()
        let text = Self.entity(attributes: " ID=\"_m\"", keys: Self.keyDescriptor(provider.key))
        let old = try provider.key.signedBySHA1(try provider.key.signed(Array(text.utf8)))
        var options = IdPMetadata.Options(signedBy: [provider.key.certificate])
        #expect(throws: IdPMetadataError.xml(.sha1)) {
            try IdPMetadata.parse(old, options: options, now: TestProvider.now)
        }
        options.policy.allowsSHA1 = true
        let notes = try IdPMetadata.parse(old, options: options, now: TestProvider.now).notes
        #expect(notes.contains { $0.contains("SHA-1") })
    }

    @Test func `says when to fetch it again`() throws {
        let provider = try TestProvider.make()
        let at = { (attributes: String) in
            try Self.parse(Self.entity(attributes: attributes, keys: Self.keyDescriptor(provider.key)))
        }
        let now = TestProvider.now
        let plain = try at("")
        #expect(
            !plain.shouldRefresh(fetchedAt: now, now: now + 86_399)
                && plain.shouldRefresh(fetchedAt: now, now: now + 86_400))
        let hourly = try at(" cacheDuration=\"PT1H\"")
        #expect(hourly.cacheDuration == 3_600 && hourly.shouldRefresh(fetchedAt: now, now: now + 3_600))
        let often = try at(" cacheDuration=\"PT1S\"")
        #expect(!often.shouldRefresh(fetchedAt: now, now: now + 299))
        let short = try at(" validUntil=\"2027-01-15T09:00:00Z\"")
        #expect(
            short.shouldRefresh(fetchedAt: now, now: now + 1_800)
                && !short.shouldRefresh(fetchedAt: now, now: now + 1_799))
        #expect(short.isExpired(at: now + 3_600) && !short.isExpired(at: now + 3_599) && !plain.isExpired(at: .max))
    }

    @Test func `of ours is signed and says what we take`() throws {
        let provider = try TestProvider.make()
        let bytes = try ServiceProviderMetadata.signed(
            for: provider.serviceProvider, id: "_m1", validUntil: TestProvider.now)
        let document = try XMLDocument(parsing: bytes)
        _ = try document.verifiedBytes(
            of: .root, keys: [provider.serviceProvider.key.certificate], policy: AlgorithmPolicy())
        #expect(document.root.attribute("entityID") == provider.serviceProvider.entityID)
        #expect(document.root.attribute("validUntil") == "2027-01-15T08:00:00Z")
        let role = try #require(document.root.children.last)
        #expect(role.attribute("AuthnRequestsSigned") == "true" && role.attribute("WantAssertionsSigned") == "true")
        #expect(
            role.children.map(\.name.local) == [
                "KeyDescriptor", "KeyDescriptor", "SingleLogoutService", "SingleLogoutService", "NameIDFormat",
                "NameIDFormat",
                "NameIDFormat", "AssertionConsumerService",
            ])
        #expect(role.children[1].children.dropFirst().allSatisfy { $0.name.local == "EncryptionMethod" })
    }
}

@Suite struct `A SAML time` {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2027-01-15T08:00:00Z", 1_800_000_000), ("2027-01-15T08:00:00", 1_800_000_000),
        ("2027-01-15T08:00:00.999999999Z", 1_800_000_000), ("2027-01-15T10:30:00+02:30", 1_800_000_000),
        ("2027-01-14T23:00:00-09:00", 1_800_000_000), ("2024-02-29T00:00:00Z", 1_709_164_800),
        ("2000-02-29T12:00:00Z", 951_825_600), ("0001-01-01T00:00:00Z", -62_135_596_800),
        ("9999-12-31T23:59:59Z", 253_402_300_799),
    ])
    func `is read`(_ text: String, _ seconds: Int) { #expect(SAMLTime.parse(text) == seconds) }

    @Test(arguments: [
        "", "2027-01-15", "2027-1-15T08:00:00Z", "2027-13-01T08:00:00Z", "2027-02-29T08:00:00Z", "1900-02-29T08:00:00Z",
        "2027-01-15T24:00:00Z", "2027-01-15T08:60:00Z", "2027-01-15T08:00:60Z", "2027-01-15T08:00:00.Z",
        "2027-01-15T08:00:00z", "2027-01-15T08:00:00+2:00", "2027-01-15T08:00:00+15:00", "0000-01-01T00:00:00Z",
        "-2027-01-15T08:00:00Z", "12027-01-15T08:00:00Z", "2027-01-15T08:00:00Z ", "２027-01-15T08:00:00Z",
    ])
    func `is refused when it is none`(_ text: String) { #expect(SAMLTime.parse(text) == nil) }

    @Test func `is written as it is read`() {
        for seconds in [0, 1, -1, 951_825_600, 1_709_164_800, 1_800_000_000, -62_135_596_800, 253_402_300_799] {
            #expect(SAMLTime.parse(SAMLTime.format(seconds)) == seconds)
        }
        #expect(SAMLTime.format(1_800_000_000) == "2027-01-15T08:00:00Z")
        #expect(SAMLTime.format(.max) == "9999-12-31T23:59:59Z" && SAMLTime.format(.min) == "0001-01-01T00:00:00Z")
        var mutator = Mutator(state: 9)
        for _ in 0..<2_000 {
            let seconds = mutator.below(253_402_300_799)
            #expect(SAMLTime.parse(SAMLTime.format(seconds)) == seconds)
        }
    }

    @Test(arguments: [
        ("PT1H", 3_600), ("P1D", 86_400), ("P1Y2M3DT4H5M6.7S", 365 * 86_400 + 63 * 86_400 + 4 * 3_600 + 306),
        ("PT0S", 0), ("PT36000S", 36_000), ("P100Y", 3_153_600_000),
    ])
    func `may be a length`(_ text: String, _ seconds: Int) { #expect(SAMLTime.duration(text) == seconds) }

    @Test(arguments: [
        "", "P", "PT", "P1", "1D", "-P1D", "P1S", "PT1D", "PT1M1H", "P1D1D", "P101Y", "PT9999999999S", "P1.5D", "PT1.S",
        "PT.5S", "PTT1S", "P1DT", "p1d",
    ])
    func `is refused as a length when it is none`(_ text: String) { #expect(SAMLTime.duration(text) == nil) }
}
