import Cryptography
import OpenIDConnect
import StrictJSON
import Testing

@Suite struct `A recorded ID token` {
    private let provider: RecordedProvider

    init() throws { provider = try RecordedProvider() }

    @Test(arguments: SignatureAlgorithm.allCases)
    func `is accepted in every algorithm, with its at_hash`(_ algorithm: SignatureAlgorithm) throws {
        let text = try provider.token(algorithm.rawValue)
        let token = try provider.validate(text, .usual.with { $0.maxAge = 60 })
        #expect(token.subject == "248289761001")
        #expect(token.issuer == "https://idp.example.com")
        #expect(token.authTime == 1_799_999_990)
        #expect(token.amr == ["pwd", "mfa"])
        #expect(token.acr == "2")
        #expect(token.text == text)
        #expect(throws: IDTokenError.wrongAccessTokenHash) {
            try provider.validate(text, .usual.with { $0.accessToken = "another" })
        }
    }

    @Test(
        arguments: [
            ("hs256-with-public-key-as-secret", .algorithmSymmetric("HS256")),
            ("none", .algorithmNone),
            ("none-in-capitals", .algorithmNone),
            ("none-with-signature", .algorithmNone),
            ("es256-key-named-by-rs256", .keyDoesNotFit("p256", .rs256)),
            ("rs256-key-named-by-es256", .keyDoesNotFit("rs", .es256)),
            ("es384-with-p256-key", .keyDoesNotFit("p256", .es384)),
            ("rs256-with-ps256-only-key", .keyDoesNotFit("ps", .rs256)),
            ("ps256-taken-for-rs256", .badSignature),
            ("ps384", .algorithmNotAllowed("PS384")),
            ("es512", .algorithmNotAllowed("ES512")),
            ("rs1", .algorithmNotAllowed("RS1")),
            ("small-rsa", .unknownKey("small")),
            ("another-key-under-a-known-kid", .badSignature),
            ("unknown-kid", .unknownKey("another")),
        ] as [(String, IDTokenError)])
    func `is refused`(_ name: String, error: IDTokenError) throws {
        let text = try provider.token(name)
        #expect(throws: error) { try provider.validate(text) }
    }

    @Test func `without kid is accepted where one key fits`() throws {
        #expect(try provider.validate(try provider.token("no-kid-es256")).subject == "248289761001")
    }

    @Test func `is never checked with a key that it does not name`() throws {
        let token = try UnverifiedIDToken(parsing: try provider.token("unknown-kid"))
        let right = try #require(provider.keys.keys.first { $0.keyID == "rs" })
        #expect(throws: IDTokenError.unknownKey("another")) { try token.validated(with: right, against: .usual) }
    }
}

@Suite struct `An ID token` {
    private let maker: TokenMaker

    init() throws { maker = try TokenMaker() }

    @Test(
        arguments: [
            ("as usual", [:], [:]),
            ("without typ", ["typ": nil], [:]),
            ("typ in small letters", ["typ": "jwt"], [:]),
            ("with x5t", ["x5t": "AAAA"], [:]),
            ("aud as a list", [:], ["aud": ["ztna"]]),
            ("several audiences, we are the authorized party", [:], ["aud": ["other", "ztna"], "azp": "ztna"]),
            ("azp that is us", [:], ["azp": "ztna"]),
            ("fractional times", [:], ["iat": .number(1_800_000_000.75), "exp": .number(1_800_003_600.5)]),
            ("dated five minutes back", [:], ["iat": 1_799_999_680, "nbf": 1_799_999_680]),
            ("a minute ahead of us", [:], ["iat": 1_800_000_070, "nbf": 1_800_000_070]),
            ("expired less than a minute ago", [:], ["exp": 1_799_999_951]),
            ("subject of 255 characters", [:], ["sub": .string(String(repeating: "s", count: 255))]),
            ("auth_time null", [:], ["auth_time": .null]),
            ("acr null", [:], ["acr": .null]),
        ] as [(String, [String: JSON?], [String: JSON?])])
    func `is accepted`(_ name: String, header: [String: JSON?], claims: [String: JSON?]) throws {
        #expect(throws: Never.self) { try maker.validate(try maker.token(header: header, claims: claims)) }
    }

    @Test(
        arguments: [
            ("crit", ["crit": ["exp"]], .headerNotAllowed("crit")),
            ("b64", ["b64": false], .headerNotAllowed("b64")),
            ("its own key", ["jwk": ["kty": "OKP"]], .headerNotAllowed("jwk")),
            ("an address of keys", ["jku": "https://evil.example.com"], .headerNotAllowed("jku")),
            ("an address of a certificate", ["x5u": "https://evil.example.com"], .headerNotAllowed("x5u")),
            ("a certificate", ["x5c": ["AAAA"]], .headerNotAllowed("x5c")),
            ("an access token's typ", ["typ": "at+jwt"], .wrongType("at+jwt")),
            ("a logout token's typ", ["typ": "logout+jwt"], .wrongType("logout+jwt")),
            ("a typ that is no string", ["typ": 1], .malformed),
            ("a typ of null", ["typ": .some(.null)], .malformed),
            ("a kid that is no string", ["kid": 1], .malformed),
            ("a kid of null", ["kid": .some(.null)], .malformed),
            ("an empty kid", ["kid": ""], .unknownKey("")),
            ("an alg that is no string", ["alg": 1], .malformed),
            ("no alg", ["alg": nil], .malformed),
            ("alg in small letters", ["alg": "eddsa"], .algorithmNotAllowed("eddsa")),
            ("HS512", ["alg": "HS512"], .algorithmSymmetric("HS512")),
        ] as [(String, [String: JSON?], IDTokenError)])
    func `is refused with a header that has`(_ name: String, header: [String: JSON?], error: IDTokenError) throws {
        #expect(throws: error) { try maker.validate(try maker.token(header: header)) }
    }

    @Test(
        arguments: [
            ("no iss", ["iss": nil], .claim("iss")),
            ("iss a list", ["iss": ["https://idp.example.com"]], .claim("iss")),
            (
                "another iss", ["iss": "https://evil.example.com"],
                .wrongIssuer(found: "https://evil.example.com", expected: "https://idp.example.com")
            ),
            (
                "iss with a slash more", ["iss": "https://idp.example.com/"],
                .wrongIssuer(found: "https://idp.example.com/", expected: "https://idp.example.com")
            ),
            ("no aud", ["aud": nil], .claim("aud")),
            ("aud a number", ["aud": 1], .claim("aud")),
            ("aud an empty list", ["aud": []], .wrongAudience([])),
            ("aud a list with a number", ["aud": ["ztna", 1]], .claim("aud")),
            ("another aud", ["aud": "other"], .wrongAudience(["other"])),
            ("other audiences", ["aud": ["other", "third"], "azp": "ztna"], .wrongAudience(["other", "third"])),
            ("several audiences without azp", ["aud": ["ztna", "other"]], .authorizedPartyMissing),
            (
                "several audiences, another azp", ["aud": ["ztna", "other"], "azp": "other"],
                .wrongAuthorizedParty("other")
            ),
            ("another azp", ["azp": "other"], .wrongAuthorizedParty("other")),
            ("azp a number", ["azp": 1], .claim("azp")),
            ("no nonce", ["nonce": nil], .nonceMissing),
            ("nonce a number", ["nonce": 1], .claim("nonce")),
            ("another nonce", ["nonce": "the-nonce2"], .wrongNonce),
            ("an empty nonce", ["nonce": ""], .wrongNonce),
            ("no sub", ["sub": nil], .claim("sub")),
            ("sub a number", ["sub": 1], .claim("sub")),
            ("an empty sub", ["sub": ""], .claim("sub")),
            ("sub of 256 characters", ["sub": .string(String(repeating: "s", count: 256))], .claim("sub")),
            ("sub outside ASCII", ["sub": "élise"], .claim("sub")),
            ("sub with a control", ["sub": "a\nb"], .claim("sub")),
            ("no exp", ["exp": nil], .claim("exp")),
            ("exp a string", ["exp": "1800003600"], .claim("exp")),
            ("exp negative", ["exp": -1], .claim("exp")),
            ("exp beyond all years", ["exp": .number(1e300)], .claim("exp")),
            ("exp of 2^63-1", ["exp": .integer(.max)], .claim("exp")),
            ("expired", ["exp": 1_799_999_950], .expired(seconds: 60)),
            ("no iat", ["iat": nil], .claim("iat")),
            ("iat from the future", ["iat": 1_800_000_071], .clockSkew(seconds: 61)),
            ("a clock an hour ahead", ["iat": 1_800_003_610, "exp": 1_800_007_210], .clockSkew(seconds: 3_600)),
            ("a clock an hour behind", ["iat": 1_799_996_410, "exp": 1_800_000_010], .clockSkew(seconds: -3_600)),
            (
                "a clock an hour behind, long since expired", ["iat": 1_799_996_410, "exp": 1_799_996_710],
                .clockSkew(seconds: -3_600)
            ),
            ("nbf in the future", ["nbf": 1_800_000_071], .notYetValid(seconds: 61)),
            ("nbf a string", ["nbf": "0"], .claim("nbf")),
            ("auth_time a string", ["auth_time": "1800000000"], .claim("auth_time")),
            ("auth_time in the future", ["auth_time": 1_800_000_100], .clockSkew(seconds: 90)),
            ("at_hash of another token", ["at_hash": "77QmUPtjPfzWtF2AnpK9RQ"], .wrongAccessTokenHash),
            ("at_hash a number", ["at_hash": 1], .claim("at_hash")),
            ("amr a number", ["amr": 1], .claim("amr")),
            ("amr a list with a number", ["amr": ["mfa", 1]], .claim("amr")),
            ("acr a number", ["acr": 1], .claim("acr")),
        ] as [(String, [String: JSON?], IDTokenError)])
    func `is refused with`(_ name: String, claims: [String: JSON?], error: IDTokenError) throws {
        #expect(throws: error) { try maker.validate(try maker.token(claims: claims)) }
    }

    @Test(
        arguments: [
            ("absent, not asked for", nil, nil, .success(nil)),
            ("absent, asked for", nil, 60, .failure(.authTimeMissing)),
            ("0 means unknown", 0, nil, .success(nil)),
            ("0, asked for", 0, 60, .failure(.authTimeMissing)),
            ("null, asked for", .null, 60, .failure(.authTimeMissing)),
            ("fractional", .number(1_799_999_990.9), 60, .success(1_799_999_990)),
            ("at the request, step-up", 1_799_999_980, 0, .success(1_799_999_980)),
            ("within the skew, step-up", 1_799_999_920, 0, .success(1_799_999_920)),
            ("before the request, step-up", 1_799_999_919, 0, .failure(.authenticationTooOld(seconds: 61))),
            ("a day old, not asked for", 1_799_913_580, nil, .success(1_799_913_580)),
            ("a day old, an hour asked for", 1_799_913_580, 3_600, .failure(.authenticationTooOld(seconds: 86_400))),
        ] as [(String, JSON?, Int?, Result<Int?, IDTokenError>)])
    func `is judged by its auth_time`(
        _ name: String, authTime: JSON?, maxAge: Int?, outcome: Result<Int?, IDTokenError>
    ) throws {
        let text = try maker.token(claims: ["auth_time": authTime])
        let expectation = IDTokenExpectation.usual.with { $0.maxAge = maxAge }
        let found = Result { () throws(IDTokenError) in try maker.validate(text, expectation).authTime }
        #expect(found == outcome)
    }

    @Test func `with a repeated name is refused`() throws {
        let header = #"{"alg":"EdDSA","kid":"made"}"#
        let claims =
            #""iss":"https://idp.example.com","aud":"ztna","nonce":"the-nonce","iat":1800000000,"exp":1800003600"#
        let twice = try maker.token(header: header, payload: #"{"sub":"alice","sub":"root","# + claims + "}")
        #expect(throws: IDTokenError.duplicateClaim("sub")) { try maker.validate(twice) }
        let escaped = try maker.token(header: header, payload: #"{"sub":"alice","\u0073ub":"root","# + claims + "}")
        #expect(throws: IDTokenError.duplicateClaim("sub")) { try maker.validate(escaped) }
        let twoKeys = try maker.token(
            header: #"{"alg":"EdDSA","kid":"made","kid":"other"}"#, payload: #"{"sub":"alice","# + claims + "}")
        #expect(throws: IDTokenError.malformed) { try maker.validate(twoKeys) }
    }

    @Test(
        arguments: [
            ("nothing", "", .malformed),
            ("two parts", "e30.e30", .malformed),
            ("four parts", "e30.e30.e30.e30", .malformed),
            ("five parts", "e30.e30.e30.e30.e30", .encrypted),
            ("no base64url", "e30=.e30.e30", .malformed),
            ("no object", "W10.e30.e30", .malformed),
            ("a page", "<html></html>", .malformed),
        ] as [(String, String, IDTokenError)])
    func `is refused when it is`(_ name: String, text: String, error: IDTokenError) {
        #expect(throws: error) { try maker.validate(text) }
    }

    @Test func `is refused when it is huge`() {
        #expect(throws: IDTokenError.tooLong) { try maker.validate(String(repeating: "A", count: 65_537)) }
    }

    @Test func `is refused when its payload is no object`() throws {
        let header = #"{"alg":"EdDSA","kid":"made"}"#
        for payload in ["", "[]", "null", "{", #"{"a":1}x"#, String(repeating: "[", count: 100)] {
            let text = try maker.token(header: header, payload: payload)
            #expect(throws: IDTokenError.malformed) { try maker.validate(text) }
        }
    }
}
