import OpenIDConnect
import StrictJSON
import Testing
import WebAddresses

/// Reproducible: SplitMix64 (Steele, Lea, Flood 2014), seeded by the test.
private struct Mutator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func below(_ bound: Int) -> Int { bound == 0 ? 0 : Int(next() % UInt64(bound)) }

    /// One to three edits: a bit, a byte, a cut, a repetition, a swap of characters that formats care about.
    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...below(3) where !bytes.isEmpty {
            let index = below(bytes.count)
            switch below(6) {
            case 0: bytes[index] ^= 1 << UInt8(below(8))
            case 1: bytes[index] = UInt8(below(256))
            case 2: bytes.remove(at: index)
            case 3: bytes.insert(Array(#"."\{}[],:0-eE_=+nu"#.utf8)[below(18)], at: index)
            case 4: bytes.removeSubrange(index..<min(bytes.count, index + 1 + below(40)))
            default: bytes.insert(contentsOf: bytes[index..<min(bytes.count, index + 1 + below(40))], at: index)
            }
        }
        return bytes
    }
}

@Suite struct `Mutated input` {
    @Test(arguments: SignatureAlgorithm.allCases)
    func `as an ID token never passes`(_ algorithm: SignatureAlgorithm) throws {
        let provider = try RecordedProvider()
        let good = Array(try provider.token(algorithm.rawValue).utf8)
        var mutator = Mutator(state: 1)
        var passed = 0
        for _ in 0..<1_500 {
            let bytes = mutator.mutate(good)
            guard bytes != good else { continue }
            let text = String(decoding: bytes, as: UTF8.self)
            if (try? provider.validate(text)) != nil { passed += 1 }
        }
        #expect(passed == 0)
    }

    @Test func `as signed claims never traps, and passes only with the same words about who and for whom`() throws {
        let maker = try TokenMaker()
        let header = JSON.object(TokenMaker.header).encodedText()
        let full = TokenMaker.changed(
            TokenMaker.claims, ["auth_time": 1_799_999_990, "amr": ["mfa"], "acr": "2", "nbf": 1_800_000_000])
        let payload = JSON.object(full).encoded()
        var mutator = Mutator(state: 2)
        for _ in 0..<3_000 {
            let bytes = mutator.mutate(payload)
            let text = try maker.token(header: header, payload: String(decoding: bytes, as: UTF8.self))
            guard let token = try? maker.validate(text) else { continue }
            #expect(token.claims.members["iss"] == full["iss"])
            #expect(token.claims.members["nonce"] == full["nonce"])
            #expect(token.expiresAt > 1_800_000_010 - 60)
        }
    }

    @Test func `as metadata never traps nor changes the issuer`() throws {
        let good = JSON.object(`Provider metadata`.usual).encoded()
        var mutator = Mutator(state: 3)
        for _ in 0..<5_000 {
            let bytes = mutator.mutate(good)
            guard
                let metadata = try? ProviderMetadata(parsing: bytes, expectedIssuer: "https://idp.example.com")
            else { continue }
            #expect(metadata.issuer == "https://idp.example.com")
            let endpoints = [metadata.authorizationEndpoint, metadata.tokenEndpoint, metadata.jwksURI]
            #expect(endpoints.allSatisfy { $0.isSecure })
        }
    }

    @Test func `as a key set never traps, and whatever it holds`() throws {
        let provider = try RecordedProvider()
        let token = try UnverifiedIDToken(parsing: try provider.token("RS256"))
        let right = try #require(provider.keys.keys.first { $0.keyID == "rs" })
        #expect(throws: Never.self) { try token.validated(with: right, against: .usual) }
        var mutator = Mutator(state: 4)
        for _ in 0..<2_000 {
            let bytes = mutator.mutate(provider.keyBytes)
            guard let set = try? JSONWebKeySet(parsing: bytes) else { continue }
            #expect(set.keys.count <= 8)
            guard let key = try? set.key(for: token) else { continue }
            _ = try? token.validated(with: key, against: .usual)
        }
    }

    @Test func `as a callback or an answer never traps`() {
        let query = Array("code=a%2Bb&state=s&iss=https%3A%2F%2Fidp&error_description=no+way".utf8)
        let answer = Array(#"{"id_token":"i","access_token":"a","token_type":"Bearer","expires_in":3600}"#.utf8)
        var mutator = Mutator(state: 5)
        for _ in 0..<5_000 {
            _ = try? AuthorizationResponse(parsing: String(decoding: mutator.mutate(query), as: UTF8.self))
            _ = try? TokenResponse(parsing: mutator.mutate(answer))
            _ = try? EndpointURL(parsing: String(decoding: mutator.mutate(query), as: UTF8.self))
            _ = try? UserInfo(parsing: mutator.mutate(answer), expectedSubject: "i")
        }
    }
}
