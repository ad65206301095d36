import Identity
import OpenIDConnect
import StrictJSON
import Testing

@Suite struct `Identity claims` {
    private let maker: TokenMaker

    init() throws { maker = try TokenMaker() }

    private func read(
        _ claims: [String: JSON?], userInfo: [String: JSON]? = nil,
        _ change: (inout ProviderConfiguration) -> Void = { _ in }
    ) throws -> IdentityClaims {
        var configuration = ProviderConfiguration(
            id: try #require(ProviderID("idp")), name: "IdP", issuer: "https://idp.example.com", clientID: "ztna")
        change(&configuration)
        let token = try maker.validate(try maker.token(claims: claims))
        let info = try userInfo.map {
            try UserInfo(
                parsing: JSON.object($0.merging(["sub": "alice"]) { old, _ in old }).encoded(), expectedSubject: "alice"
            )
        }
        return try IdentityClaims(idToken: token, userInfo: info, configuration: configuration)
    }

    @Test(
        arguments: [
            ("true", ["email": "Alice@Example.com", "email_verified": true], nil, "alice@example.com"),
            ("the string true", ["email": "alice@example.com", "email_verified": "true"], nil, "alice@example.com"),
            ("false", ["email": "alice@example.com", "email_verified": false], nil, nil),
            ("1", ["email": "alice@example.com", "email_verified": 1], nil, nil),
            ("null", ["email": "alice@example.com", "email_verified": .null], nil, nil),
            ("absent", ["email": "alice@example.com"], nil, nil),
            ("no address", ["email_verified": true], nil, nil),
            ("not an address", ["email": "alice", "email_verified": true], nil, nil),
            ("from userinfo", [:], ["email": "alice@example.com", "email_verified": true], "alice@example.com"),
            (
                "false in the token wins", ["email": "alice@example.com", "email_verified": false],
                ["email": "root@example.com", "email_verified": true], nil
            ),
            ("never mixed", ["email": "root@example.com"], ["email_verified": true], nil),
            (
                "userinfo where the token is silent", ["email": "root@example.com"],
                ["email": "alice@example.com", "email_verified": true], "alice@example.com"
            ),
        ] as [(String, [String: JSON], [String: JSON]?, String?)])
    func `hold an address only when email_verified is`(
        _ name: String, claims: [String: JSON], userInfo: [String: JSON]?, address: String?
    ) throws {
        #expect(try read(claims.mapValues { $0 }, userInfo: userInfo).email?.text == address)
    }

    @Test(
        arguments: [
            ("groups", ["groups": ["dba", "eng"]], ["dba", "eng"]),
            ("groups", ["groups": []], []),
            ("groups", ["groups": ""], []),
            ("groups", ["groups": "dba"], ["dba"]),
            ("groups", ["groups": ["dba", 1, "", "a\nb", ["eng"]]], ["dba"]),
            ("groups", [:], []),
            ("groups", ["groups": .null], []),
            ("groups", ["_claim_names": ["groups": "src1"]], nil),
            ("groups", ["groups": .null, "_claim_names": ["groups": "src1"]], nil),
            ("groups", ["_claim_names": ["address": "src1"]], []),
            ("groups", ["groups": ["dba"], "_claim_names": ["groups": "src1"]], ["dba"]),
            ("https://example.com/groups", ["https://example.com/groups": ["dba"]], ["dba"]),
            ("/realm_access/roles", ["realm_access": ["roles": ["dba"]]], ["dba"]),
            ("/realm_access/roles", ["realm_access": "x"], []),
            ("/a~1b/m~0n/1", ["a/b": ["m~n": ["x", "dba"]]], ["dba"]),
            ("/list/01", ["list": ["x", "dba"]], []),
            ("/list/9", ["list": ["x"]], []),
            ("/list/-1", ["list": ["x"]], []),
            ("realm_access", ["_claim_names": ["realm_access": "src1"]], nil),
        ] as [(String, [String: JSON], [String]?)])
    func `hold the groups, none where none are named, and not known where they are elsewhere`(
        _ claim: String, claims: [String: JSON], groups: [String]?
    ) throws {
        let found = try read(claims.mapValues { $0 }) { $0.groupsClaim = GroupsClaim(claim) }
        #expect(found.groups.map { $0.map(\.text).sorted() } == groups)
    }

    @Test(arguments: [1, true, ["a": "b"]] as [JSON])
    func `are refused when groups are neither list nor string`(_ value: JSON) {
        #expect(throws: IdentityClaimsError.groupsClaim("groups")) { try read(["groups": value]) }
    }

    @Test(arguments: ["", "/a~2", "/a~", String(repeating: "g", count: 257)])
    func `have no groups claim named`(_ text: String) { #expect(GroupsClaim(text) == nil) }

    @Test func `take groups from userinfo where the token has none, and note what they ignore`() throws {
        #expect(try read([:], userInfo: ["groups": ["dba"]]).groups?.map(\.text) == ["dba"])
        #expect(try read(["groups": ["dba", 1]]).notes == [#"1 values of "groups" are not group names; ignored"#])
        #expect(try read(["_claim_names": ["groups": "src1"]]).notes.count == 1)
        #expect(try read(["groups": ["dba"]]) { $0.groupsClaim = nil }.groups == [])
    }

    @Test(
        arguments: [
            ([:], false), (["amr": ["pwd", "mfa"]], true), (["amr": "mfa"], true), (["amr": ["pwd"]], false),
            (["acr": "gold"], true), (["acr": "silver"], false), (["acr": "mfa", "amr": ["gold"]], false),
        ] as [([String: JSON], Bool)])
    func `count as multi-factor by the rule`(_ claims: [String: JSON], mfa: Bool) throws {
        let found = try read(claims.mapValues { $0 }) { $0.mfa = MFARule(amr: ["mfa"], acr: ["gold"]) }
        #expect(found.mfa == mfa)
    }

    @Test(
        arguments: [
            ("alice@example.com", true, nil), ("alice@EXAMPLE.com", true, nil),
            ("alice@example.org", true, .domainNotAllowed("example.org")),
            ("alice@sub.example.com", true, .domainNotAllowed("sub.example.com")),
            ("alice@example.com", false, .emailRequired),
        ] as [(String, Bool, IdentityClaimsError?)])
    func `are limited to the configured domains`(_ email: String, verified: Bool, error: IdentityClaimsError?) throws {
        let domain = try #require(DomainName("example.com"))
        let body = {
            _ = try read(["email": .string(email), "email_verified": .bool(verified)]) { $0.domains = [domain] }
        }
        if let error { #expect(throws: error, performing: body) } else { #expect(throws: Never.self, performing: body) }
    }

    @Test(
        arguments: [
            ([:], "alice"), (["name": "Alice Example"], "Alice Example"), (["name": "  "], "alice"),
            (["name": "A\u{202E}l\u{0}i\nce   E"], "Alice E"), (["preferred_username": "al"], "al"),
            (["name": 1, "preferred_username": "al"], "al"),
            (["email": "alice@example.com", "email_verified": true], "alice@example.com"),
        ] as [([String: JSON], String)])
    func `have a name fit to show`(_ claims: [String: JSON], name: String) throws {
        #expect(try read(claims.mapValues { $0 }).displayName == name)
    }

    @Test func `name administrators by address and group`() throws {
        let person = try read(["email": "alice@example.com", "email_verified": true, "groups": ["ops"]])
        let alice = AdminSelector.user(try #require(EmailAddress("alice@example.com")))
        let bob = AdminSelector.user(try #require(EmailAddress("bob@example.com")))
        let ops = AdminSelector.group(try #require(GroupName("ops")))
        #expect(person.isAdministrator(by: [bob, alice]))
        #expect(person.isAdministrator(by: [ops]))
        #expect(!person.isAdministrator(by: [bob]))
        #expect(!person.isAdministrator(by: []))
        let unverified = try read(["email": "alice@example.com"])
        #expect(!unverified.isAdministrator(by: [alice, ops]))
    }

    @Test(
        arguments: [
            (#"{"sub":"bob"}"#, .wrongSubject), (#"{"sub":"alice "}"#, .wrongSubject), (#"{"sub":1}"#, .subjectMissing),
            ("{}", .subjectMissing), (#"{"sub":"alice","sub":"alice"}"#, .notJSON(.duplicateName("sub"))),
            ("eyJhbGciOiJSUzI1NiJ9.e30.AAAA", .notJSON(.malformed(offset: 0))),
        ] as [(String, UserInfoError)])
    func `refuse userinfo`(_ text: String, error: UserInfoError) {
        #expect(throws: error) { try UserInfo(parsing: Array(text.utf8), expectedSubject: "alice") }
    }

    @Test func `refuse userinfo that is huge`() {
        #expect(throws: UserInfoError.notJSON(.tooLong)) {
            try UserInfo(parsing: [UInt8](repeating: 0x20, count: 524_289), expectedSubject: "alice")
        }
    }

    @Test func `ask for openid once and first`() throws {
        var configuration = ProviderConfiguration(
            id: try #require(ProviderID("idp")), name: "IdP", issuer: "https://idp.example.com", clientID: "ztna")
        configuration.scopes = ["email", "openid", "email", "groups"]
        #expect(configuration.scope == "openid email groups")
    }
}

@Suite struct `An explanation` {
    @Test func `holds no control characters of the provider's, and is short`() {
        let hostile = "a\n\u{1B}[31m\u{202E}\"" + String(repeating: "x", count: 5_000)
        let explanations = [
            IDTokenError.wrongIssuer(found: hostile, expected: "https://idp").explanation,
            IDTokenError.unknownKey(hostile).explanation, IDTokenError.wrongAudience([hostile, hostile]).explanation,
            IDTokenError.algorithmNotAllowed(hostile).explanation,
            DiscoveryError.wrongIssuer(found: hostile, expected: "https://idp").explanation,
            DiscoveryError.notJSON(.duplicateName(hostile)).explanation,
            TokenResponseError.refused(hostile, description: hostile).explanation,
            JSONWebKeySetError.noUsableKey([.type(hostile)]).explanation,
            AuthorizationResponseError.wrongIssuer(found: hostile, expected: "https://idp").explanation,
        ]
        for text in explanations {
            #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x1B && $0.value != 0x202E })
            #expect(text.count < 900)
        }
    }

    @Test func `says how far the clocks differ, and what to look at`() {
        #expect(IDTokenError.clockSkew(seconds: -3_600).explanation.contains("3600 s behind ours"))
        #expect(IDTokenError.clockSkew(seconds: 3_600).explanation.contains("3600 s ahead of ours"))
        let slash = DiscoveryError.wrongIssuer(found: "https://a/", expected: "https://a").explanation
        #expect(slash.contains("last slash"))
        let tenant = DiscoveryError.wrongIssuer(found: "https://a/{tenantid}", expected: "https://a/common").explanation
        #expect(tenant.contains("your own tenant"))
    }
}
