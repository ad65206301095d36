import Cryptography
import Identity
import OpenIDConnect
import StrictJSON
import Testing
import WebAddresses

@Suite struct `A committing nonce` {
    private let device = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

    @Test func `is the hash of its drawing`() throws {
        let random = (0..<32).map { UInt8($0) }
        let device = try #require(DeviceID(self.device))
        let nonce = try #require(CommittingNonce(device: device, randomBytes: random))
        #expect(nonce.text == Base64URL.encode(Digest.sha256(Array("ztna-login-v1\(device)".utf8) + random)))
        #expect(nonce.text.utf8.count == 43)
        // Computed apart: printf 'ztna-login-v1%s' $device; the bytes 00…1f; sha256sum; base64url.
        #expect(nonce.text == "VCRl46Cvcpb5EOm2SP9jkq0T4kgExTPQYIlLGAWwDug")
    }

    @Test(arguments: [0, 31, 33])
    func `needs 32 random bytes`(_ count: Int) throws {
        let device = try #require(DeviceID(device))
        #expect(CommittingNonce(device: device, randomBytes: [UInt8](repeating: 0, count: count)) == nil)
    }

    @Test func `has a proof key as in RFC 7636 appendix B`() {
        let key = ProofKey(verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        #expect(key.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
        #expect(ProofKey(from: .system).verifier.utf8.count == 43)
    }
}

@Suite struct `An authorization request` {
    private func request() throws -> AuthorizationRequest {
        let device = try #require(DeviceID("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"))
        let nonce = try #require(CommittingNonce(device: device, randomBytes: [UInt8](repeating: 1, count: 32)))
        return AuthorizationRequest(
            clientID: "a b&c", redirectURI: "https://ztna.example.com/callback", scope: "openid email", state: "s+1",
            nonce: nonce, proofKey: ProofKey(verifier: "v"))
    }

    @Test(arguments: [
        ("https://idp.example.com/a", "https://idp.example.com/a?response_type=code&"),
        ("https://idp.example.com//a?b=c", "https://idp.example.com//a?b=c&response_type=code&"),
        ("https://idp.example.com/a?", "https://idp.example.com/a?response_type=code&"),
        ("https://idp.example.com/a?b&", "https://idp.example.com/a?b&response_type=code&"),
    ])
    func `keeps the endpoint's query`(_ endpoint: String, beginning: String) throws {
        #expect(try request().url(at: try EndpointURL(parsing: endpoint)).hasPrefix(beginning))
    }

    @Test func `says everything, encoded`() throws {
        var request = try request()
        request.maxAge = 0
        request.acrValues = ["2", "urn:x"]
        request.prompt = .selectAccount
        request.loginHint = "é@example.com"
        let url = request.url(at: try EndpointURL(parsing: "https://idp.example.com/a"))
        let query = try #require(url.split(separator: "?").last)
        let items = try #require(FormEncoding.decode(String(query)))
        #expect(
            items.map { "\($0.name)=\($0.value)" } == [
                "response_type=code", "client_id=a b&c", "redirect_uri=https://ztna.example.com/callback",
                "scope=openid email", "state=s+1", "nonce=\(request.nonce)", "code_challenge=\(request.codeChallenge)",
                "code_challenge_method=S256", "max_age=0", "acr_values=2 urn:x", "prompt=select_account",
                "login_hint=é@example.com",
            ])
        #expect(url.contains("client_id=a%20b%26c&"))
        #expect(url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
    }
}

@Suite struct `An authorization response` {
    @Test func `is read`() throws {
        let granted = try AuthorizationResponse(parsing: "code=a%2Bb&state=s&iss=https%3A%2F%2Fidp&session_state=x")
        #expect((granted.state, granted.issuer) == ("s", "https://idp"))
        #expect(granted.outcome == .code("a+b"))
        let denied = try AuthorizationResponse(parsing: "error=access_denied&error_description=no+way&state=s&code=")
        #expect(denied.outcome == .error("access_denied", description: "no way"))
    }

    @Test(
        arguments: [
            ("code=a&code=b&state=s", .repeated("code")), ("code=a&state=s&state=s", .repeated("state")),
            ("code=a&state=s&iss=a&iss=b", .repeated("iss")), ("code=a&state=s&c%6Fde=b", .repeated("code")),
            ("code=a", .missing("state")), ("state=s", .missing("code")), ("code=&state=s", .missing("code")),
            ("code=a&state=", .missing("state")), ("code=a&error=b&state=s", .codeAndError), ("", .missing("state")),
            ("code=%zz&state=s", .malformed), ("code=%4&state=s", .malformed), ("code=%&state=s", .malformed),
            ("code=%ff&state=s", .malformed), (String(repeating: "a&", count: 65), .malformed),
        ] as [(String, AuthorizationResponseError)])
    func `is refused`(_ query: String, error: AuthorizationResponseError) {
        #expect(throws: error) { try AuthorizationResponse(parsing: query) }
    }

    @Test(
        arguments: [
            ("https://idp", true, nil), ("https://idp", false, nil), (nil, false, nil), (nil, true, .issuerMissing),
            ("https://evil", false, .wrongIssuer(found: "https://evil", expected: "https://idp")),
            ("https://idp/", true, .wrongIssuer(found: "https://idp/", expected: "https://idp")),
        ] as [(String?, Bool, AuthorizationResponseError?)])
    func `is checked for its issuer`(_ issuer: String?, isRequired: Bool, error: AuthorizationResponseError?) throws {
        var items = [(name: "code", value: "a"), (name: "state", value: "s")]
        if let issuer { items.append((name: "iss", value: issuer)) }
        let response = try AuthorizationResponse(items: items)
        let found = Result { () throws(AuthorizationResponseError) in
            try response.validateIssuer("https://idp", isRequired: isRequired)
        }
        switch found {
        case .success: #expect(error == nil)
        case .failure(let failure): #expect(failure == error)
        }
    }
}

@Suite struct `A token request` {
    private func configuration(
        _ method: ProviderConfiguration.TokenEndpointAuthMethod, secret: String? = "p@ss:w ö"
    ) throws -> ProviderConfiguration {
        ProviderConfiguration(
            id: try #require(ProviderID("idp")), name: "IdP", issuer: "https://idp.example.com", clientID: "a:b",
            clientSecret: try secret.map { try ClientSecret($0) }, tokenEndpointAuthMethod: method)
    }

    @Test(
        arguments: [
            (.clientSecretBasic, "", "Basic YSUzQWI6cCU0MHNzJTNBdyUyMCVDMyVCNg=="),
            (.clientSecretPost, "&client_id=a%3Ab&client_secret=p%40ss%3Aw%20%C3%B6", nil),
            (.none, "&client_id=a%3Ab", nil),
        ] as [(ProviderConfiguration.TokenEndpointAuthMethod, String, String?)])
    func `authenticates as configured`(
        _ method: ProviderConfiguration.TokenEndpointAuthMethod, ending: String, authorization: String?
    ) throws {
        let request = try TokenRequest(
            code: "c&d", redirectURI: "https://z/cb", proofKey: ProofKey(verifier: "v"),
            configuration: try configuration(method))
        let beginning = "grant_type=authorization_code&code=c%26d&redirect_uri=https%3A%2F%2Fz%2Fcb&code_verifier=v"
        #expect(request.form == beginning + ending)
        #expect(request.authorization == authorization)
        #expect("\(request) \(String(reflecting: request))" == "(token request) (token request)")
    }

    @Test(arguments: [ProviderConfiguration.TokenEndpointAuthMethod.clientSecretBasic, .clientSecretPost])
    func `is refused without a secret`(_ method: ProviderConfiguration.TokenEndpointAuthMethod) throws {
        let configuration = try configuration(method, secret: nil)
        #expect(throws: TokenResponseError.secretMissing) {
            try TokenRequest(
                code: "c", redirectURI: "r", proofKey: ProofKey(verifier: "v"), configuration: configuration)
        }
    }

    @Test func `has a secret that nothing prints`() throws {
        let configuration = try configuration(.clientSecretBasic, secret: "hunter2")
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!(dumped + "\(configuration)" + String(reflecting: configuration)).contains("hunter2"))
        #expect(throws: CryptographyError.invalidKey) { try ClientSecret("") }
    }
}

@Suite struct `A token response` {
    @Test func `is read`() throws {
        let text = #"{"id_token":"i","access_token":"a","token_type":"bEaReR","expires_in":3600,"refresh_token":"r"}"#
        let response = try TokenResponse(parsing: Array(text.utf8))
        #expect((response.idToken, response.accessToken) == ("i", "a"))
        #expect("\(response) \(String(reflecting: response))" == "(token response) (token response)")
    }

    @Test(
        arguments: [
            (#"{"error":"invalid_grant"}"#, .refused("invalid_grant", description: nil)),
            (#"{"error":"invalid_client","error_description":"no"}"#, .refused("invalid_client", description: "no")),
            (#"{"error":1,"id_token":"i","access_token":"a","token_type":"Bearer"}"#, .refused("", description: nil)),
            (#"{"access_token":"a","token_type":"Bearer"}"#, .member("id_token")),
            (#"{"id_token":"","access_token":"a","token_type":"Bearer"}"#, .member("id_token")),
            (#"{"id_token":"i","token_type":"Bearer"}"#, .member("access_token")),
            (#"{"id_token":"i","access_token":"a"}"#, .member("token_type")),
            (#"{"id_token":"i","access_token":"a","token_type":"DPoP"}"#, .tokenType("DPoP")),
            (#"{"id_token":"i","id_token":"j"}"#, .notJSON(.duplicateName("id_token"))),
            ("<html>", .notJSON(.malformed(offset: 0))), ("", .notJSON(.malformed(offset: 0))),
            ("access_token=a&id_token=i", .notJSON(.malformed(offset: 0))),
        ] as [(String, TokenResponseError)])
    func `is refused`(_ text: String, error: TokenResponseError) {
        #expect(throws: error) { try TokenResponse(parsing: Array(text.utf8)) }
    }

    @Test func `is refused when it is huge`() {
        #expect(throws: TokenResponseError.notJSON(.tooLong)) {
            try TokenResponse(parsing: [UInt8](repeating: 0x20, count: 262_145))
        }
    }
}
