import OpenIDConnect
import StrictJSON
import Testing
import WebAddresses

@Suite struct `Provider metadata` {
    static let usual: [String: JSON] = [
        "issuer": "https://idp.example.com", "authorization_endpoint": "https://idp.example.com//authorize?tenant=1",
        "token_endpoint": "https://idp.example.com/token", "jwks_uri": "https://keys.example.com/jwks",
        "userinfo_endpoint": "https://idp.example.com/userinfo", "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
    ]

    private func parse(
        _ changes: [String: JSON?], loopback: Bool = false
    ) throws(DiscoveryError) -> ProviderMetadata {
        try ProviderMetadata(
            parsing: JSON.object(TokenMaker.changed(Self.usual, changes)).encoded(),
            expectedIssuer: "https://idp.example.com", allowPlainHTTPOnLoopback: loopback)
    }

    @Test func `is read`() throws {
        let plain = try parse([:])
        #expect(plain.authorizationEndpoint.text == "https://idp.example.com//authorize?tenant=1")
        #expect(plain.tokenEndpoint.text == "https://idp.example.com/token")
        #expect(plain.jwksURI.host == "keys.example.com")
        #expect(plain.userinfoEndpoint?.text == "https://idp.example.com/userinfo")
        #expect(plain.endSessionEndpoint == nil)
        #expect(plain.authorizationResponseIssParameterSupported == false)
        #expect(plain.codeChallengeMethodsSupported == nil)
        #expect(plain.tokenEndpointAuthMethodsSupported == ["client_secret_basic"])
        #expect(plain.idTokenSigningAlgorithms == [.rs256])
        let full = try parse([
            "authorization_response_iss_parameter_supported": true, "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "end_session_endpoint": "https://idp.example.com/logout",
        ])
        #expect(full.authorizationResponseIssParameterSupported)
        #expect(full.codeChallengeMethodsSupported == ["S256"])
        #expect(full.tokenEndpointAuthMethodsSupported == ["client_secret_post"])
        #expect(full.endSessionEndpoint?.text == "https://idp.example.com/logout")
    }

    @Test(
        arguments: [
            (
                "another issuer", ["issuer": "https://evil.example.com"],
                .wrongIssuer(found: "https://evil.example.com", expected: "https://idp.example.com")
            ),
            (
                "an issuer with a slash more", ["issuer": "https://idp.example.com/"],
                .wrongIssuer(found: "https://idp.example.com/", expected: "https://idp.example.com")
            ),
            ("no issuer", ["issuer": nil], .member("issuer")),
            ("no authorization endpoint", ["authorization_endpoint": nil], .member("authorization_endpoint")),
            ("no token endpoint", ["token_endpoint": nil], .member("token_endpoint")),
            ("no keys", ["jwks_uri": nil], .member("jwks_uri")),
            ("an endpoint that is no string", ["token_endpoint": 1], .member("token_endpoint")),
            (
                "a plain endpoint", ["token_endpoint": "http://idp.example.com/token"],
                .endpoint("token_endpoint", .notSecure)
            ),
            ("a plain loopback endpoint", ["jwks_uri": "http://127.0.0.1/jwks"], .endpoint("jwks_uri", .notSecure)),
            ("a file", ["jwks_uri": "file:///etc/passwd"], .endpoint("jwks_uri", .scheme)),
            ("a userinfo endpoint that is none", ["userinfo_endpoint": "idp"], .endpoint("userinfo_endpoint", .scheme)),
            (
                "a script for logging out", ["end_session_endpoint": "javascript:x"],
                .endpoint("end_session_endpoint", .scheme)
            ),
            ("no response types", ["response_types_supported": nil], .member("response_types_supported")),
            ("no code flow", ["response_types_supported": ["id_token"]], .codeFlowNotSupported),
            ("no subject types", ["subject_types_supported": nil], .member("subject_types_supported")),
            ("empty subject types", ["subject_types_supported": []], .member("subject_types_supported")),
            (
                "no algorithms", ["id_token_signing_alg_values_supported": nil],
                .member("id_token_signing_alg_values_supported")
            ),
            ("symmetric algorithms only", ["id_token_signing_alg_values_supported": ["HS256"]], .noUsableAlgorithm),
            (
                "a flag that is no boolean", ["authorization_response_iss_parameter_supported": "true"],
                .member("authorization_response_iss_parameter_supported")
            ),
            (
                "methods that are no list", ["code_challenge_methods_supported": "S256"],
                .member("code_challenge_methods_supported")
            ),
            (
                "authentication methods that are no strings", ["token_endpoint_auth_methods_supported": [1]],
                .member("token_endpoint_auth_methods_supported")
            ),
        ] as [(String, [String: JSON?], DiscoveryError)])
    func `is refused with`(_ name: String, changes: [String: JSON?], error: DiscoveryError) {
        #expect(throws: error) { try parse(changes) }
    }

    @Test(
        arguments: [
            ("HTML", "<!doctype html>", .notJSON(.malformed(offset: 0))),
            ("a list", "[]", .notJSON(.notAnObject)),
            ("nothing", "", .notJSON(.malformed(offset: 0))),
            ("two issuers", #"{"issuer":"a","issuer":"b"}"#, .notJSON(.duplicateName("issuer"))),
        ] as [(String, String, DiscoveryError)])
    func `is refused when it is`(_ name: String, text: String, error: DiscoveryError) {
        #expect(throws: error) {
            try ProviderMetadata(parsing: Array(text.utf8), expectedIssuer: "https://idp.example.com")
        }
    }

    @Test func `is refused when it is huge`() {
        #expect(throws: DiscoveryError.notJSON(.tooLong)) {
            try ProviderMetadata(
                parsing: [UInt8](repeating: 0x20, count: 262_145), expectedIssuer: "https://idp.example.com")
        }
    }

    @Test func `may be plain on loopback where that is permitted`() throws {
        let changes: [String: JSON?] = ["token_endpoint": "http://127.0.0.1:8080/token"]
        #expect(try parse(changes, loopback: true).tokenEndpoint.port == 8_080)
        #expect(throws: DiscoveryError.endpoint("token_endpoint", .notSecure)) {
            try parse(["token_endpoint": "http://idp.example.com/token"], loopback: true)
        }
    }

    @Test(arguments: [
        ("https://idp.example.com", "https://idp.example.com/.well-known/openid-configuration"),
        ("https://idp.example.com/", "https://idp.example.com/.well-known/openid-configuration"),
        ("https://idp.example.com/realms/a", "https://idp.example.com/realms/a/.well-known/openid-configuration"),
        ("https://idp.example.com/a/", "https://idp.example.com/a/.well-known/openid-configuration"),
    ])
    func `is where the standard says`(_ issuer: String, location: String) throws {
        #expect(try ProviderMetadata.location(issuer: issuer).text == location)
    }

    @Test func `is not looked for at an issuer with a query`() {
        #expect(throws: DiscoveryError.endpoint("issuer", .query)) {
            try ProviderMetadata.location(issuer: "https://idp.example.com/?a=b")
        }
    }
}

@Suite struct `An endpoint` {
    @Test(arguments: [
        ("https://a.example", "a.example", 443, false), ("https://A.example:8443/x//y?z=1", "a.example", 8_443, true),
        ("HTTPS://a.example/", "a.example", 443, false), ("https://[2001:db8::1]:444/x", "2001:db8::1", 444, false),
        ("https://a.example?x", "a.example", 443, true), ("https://a_b/%20", "a_b", 443, false),
    ])
    func `is read`(_ text: String, host: String, port: Int, hasQuery: Bool) throws {
        let url = try EndpointURL(parsing: text)
        #expect((url.host, url.port, url.hasQuery, url.text) == (host, port, hasQuery, text))
    }

    @Test(
        arguments: [
            ("", .malformed), ("https://", .malformed), ("https:///path", .malformed), ("https://:443/", .malformed),
            ("https://a.example:/", .malformed), ("https://a.example:0/", .malformed),
            ("https://a.example:65536/", .malformed), ("https://a.example:+1/", .malformed),
            ("https://[::1/", .malformed), ("https://[::1]x/", .malformed), ("https://[g]/", .malformed),
            ("https://a b/", .malformed), ("https://a.example/\n", .malformed), ("https://é.example/", .malformed),
            ("https://a%2e.example/", .malformed), ("https://a.example\\@b/", .malformed), ("idp.example", .scheme),
            ("ftp://a.example/", .scheme), ("https://user@a.example/", .userName),
            ("https://a.example@evil.example/", .userName), ("https://a.example/#x", .fragment),
            ("http://a.example/", .notSecure), ("http://127.0.0.1/", .notSecure),
        ] as [(String, EndpointFault)])
    func `is refused`(_ text: String, fault: EndpointFault) {
        #expect(throws: fault) { try EndpointURL(parsing: text) }
    }

    @Test(arguments: ["http://127.0.0.1/", "http://127.9.9.9:80/", "http://localhost:8080", "http://[::1]:1/x"])
    func `is plain on loopback only where permitted`(_ text: String) {
        #expect(throws: Never.self) { try EndpointURL(parsing: text, allowPlainHTTPOnLoopback: true) }
        #expect(throws: EndpointFault.notSecure) { try EndpointURL(parsing: text) }
    }

    @Test(arguments: [
        "http://127.0.0.1.example.com/", "http://localhost.example.com/", "http://128.0.0.1/", "http://127.1/",
        "http://127.0.0.999/", "http://[::2]/", "http://10.0.0.1/",
    ])
    func `is not loopback`(_ text: String) {
        #expect(throws: EndpointFault.notSecure) { try EndpointURL(parsing: text, allowPlainHTTPOnLoopback: true) }
    }
}
