import Cryptography
import SignedDocuments
import StrictJSON
import Testing

@Suite struct `RFC 8037 appendix A` {
    /// A.1 to A.5: the key, its thumbprint, and the JWS over "Example of Ed25519 signing".
    private let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    private let jws =
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        + "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

    @Test func `has our keys, thumbprints and signatures`() throws {
        var seed = try #require(Base64URL.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))
        let key = try Ed25519PrivateKey(taking: &seed)
        let jwk: JSON = ["kty": "OKP", "crv": "Ed25519", "x": .string(x)]
        #expect(key.publicKey.jwk == jwk)
        #expect(key.publicKey.jwk.encodedText() == #"{"crv":"Ed25519","kty":"OKP","x":"\#(x)"}"#)
        #expect(try Ed25519PublicKey(jwk: jwk) == key.publicKey)
        #expect(key.publicKey.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        let document = try CompactJWS(parsing: jws)
        #expect(document.algorithm == "EdDSA")
        #expect(document.payload == Array("Example of Ed25519 signing".utf8))
        #expect(key.publicKey.isValidSignature(document.signature, for: document.signingInput))
    }
}

@Suite struct `A compact JWS` {
    private static func text(_ header: String, payload: String = "{}", signature: String = "AA") -> String {
        Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(payload.utf8)) + "." + signature
    }

    @Test(
        arguments: [
            ("", .malformed), (".", .malformed), ("..", .malformed), ("a.b.c.d", .malformed), ("e30.e30", .malformed),
            (text("{}"), .malformed), (text("[]"), .malformed), (text("{\"alg\":1}"), .malformed),
            (text("{\"alg\":\"EdDSA\",\"alg\":\"none\"}"), .malformed), (text("{\"alg\":\"EdDSA\"} x"), .malformed),
            (text("{\"alg\":\"EdDSA\"}", signature: "A"), .malformed),
            (text("{\"alg\":\"EdDSA\"}", signature: "AA=="), .malformed),
            (text("{\"alg\":\"EdDSA\"}", signature: "AB"), .malformed),
            (text("{\"alg\":\"EdDSA\"}", signature: "A+"), .malformed), (" " + text("{\"alg\":\"EdDSA\"}"), .malformed),
            (text("{\"alg\":\"EdDSA\",\"crit\":[\"b64\"]}"), .headerNotAllowed("crit")),
            (text("{\"alg\":\"EdDSA\",\"crit\":null}"), .headerNotAllowed("crit")),
            (text("{\"alg\":\"EdDSA\",\"b64\":false}"), .headerNotAllowed("b64")),
            (String(repeating: "a", count: CompactJWS.maximumBytes + 1), .tooLong),
        ] as [(String, DocumentError)])
    func `is refused`(_ text: String, _ expected: DocumentError) {
        #expect(throws: expected) { try CompactJWS(parsing: text) }
    }

    @Test(arguments: ["jwk", "jku", "x5u", "x5c"])
    func `brings no key along where none belongs`(_ name: String) throws {
        let document = try CompactJWS(parsing: Self.text("{\"alg\":\"EdDSA\",\"\(name)\":\"x\"}"))
        #expect(throws: DocumentError.headerNotAllowed(name)) { try document.refuseEmbeddedKeys() }
    }

    @Test func `shows its header and what was signed`() throws {
        let text = Self.text("{\"alg\":\"none\",\"kid\":\"k\",\"typ\":\"t\"}", signature: "")
        let document = try CompactJWS(parsing: text)
        #expect([document.algorithm, document.keyID, document.type] == ["none", "k", "t"])
        #expect(document.signature == [])
        #expect(String(decoding: document.signingInput, as: UTF8.self) + "." == text)
    }
}

@Suite struct `A signed document` {
    private let key: Ed25519PrivateKey
    private let other: Ed25519PrivateKey

    init() throws {
        var (first, second) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32))
        key = try Ed25519PrivateKey(taking: &first)
        other = try Ed25519PrivateKey(taking: &second)
    }

    private func signed(
        _ claims: JSON = ["a": 1], type: DocumentType = .policySlice, header: [String: JSON] = ["kid": "k"]
    ) throws -> String {
        try SignedDocument.sign(claims, type: type, by: key, header: header)
    }

    private func refusal(_ text: String, keys: [String: Ed25519PublicKey]? = nil) -> DocumentError? {
        do throws(DocumentError) {
            _ = try SignedDocument.verify(text, type: .policySlice, keys: keys ?? ["k": key.publicKey])
            return nil
        } catch { return error }
    }

    @Test func `comes back as it was signed`() throws {
        let claims = try SignedDocument.verify(
            try signed(), type: .policySlice, keys: ["k": key.publicKey, "other": other.publicKey])
        #expect(claims.members == ["a": 1])
    }

    @Test(arguments: DocumentType.allCases.filter { $0 != .policySlice })
    func `is taken for no other`(_ type: DocumentType) throws {
        #expect(refusal(try signed(type: type)) == .wrongType)
    }

    @Test func `is verified with the key it names, and no other`() throws {
        #expect(refusal(try signed(), keys: ["k": other.publicKey]) == .badSignature)
        #expect(refusal(try signed(), keys: ["other": key.publicKey]) == .unknownKey)
        #expect(refusal(try signed(), keys: [:]) == .unknownKey)
        #expect(refusal(try signed(header: [:])) == .unknownKey)
        #expect(refusal(try signed(header: ["kid": 7])) == .unknownKey)
        let embedded = try signed(header: ["kid": "k", "jwk": key.publicKey.jwk])
        #expect(refusal(embedded) == .headerNotAllowed("jwk"))
        #expect(refusal(try signed(header: ["kid": "k", "crit": ["x"]])) == .headerNotAllowed("crit"))
    }

    @Test func `has one type and one algorithm, whatever its maker adds`() throws {
        #expect(refusal(try signed(header: ["kid": "k", "alg": "none", "typ": "x"])) == nil)
        let parts = try signed().split(separator: ".")
        for algorithm in ["none", "HS256", "ES256", "Ed25519", "EDDSA"] {
            let header: JSON = ["alg": .string(algorithm), "typ": "ztna-policy+jwt", "kid": "k"]
            #expect(refusal(Base64URL.encode(header.encoded()) + ".\(parts[1]).\(parts[2])") == .algorithmNotAllowed)
        }
        let untyped: JSON = ["alg": "EdDSA", "kid": "k"]
        #expect(refusal(Base64URL.encode(untyped.encoded()) + ".\(parts[1]).\(parts[2])") == .wrongType)
    }

    @Test func `has an object for its claims`() throws { #expect(refusal(try signed([1])) == .malformed) }

    @Test(arguments: 1...2 as ClosedRange<UInt64>)
    func `changed at random is refused`(_ seed: UInt64) throws {
        let bytes = Array(try signed().utf8)
        var position = seed
        func random(below bound: Int) -> Int {
            position = position &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(position >> 33) % bound
        }
        for _ in 0..<2_000 {
            var changed = bytes
            let place = random(below: bytes.count)
            switch random(below: 4) {
            case 0: changed[place] = UInt8(random(below: 256))
            case 1: changed.remove(at: place)
            case 2: changed.insert(UInt8(ascii: "."), at: place)
            default: changed.removeSubrange(place...)
            }
            guard changed != bytes else { continue }
            #expect(refusal(String(decoding: changed, as: UTF8.self)) != nil)
        }
    }
}

@Suite struct `A device key as a JWK` {
    @Test func `is a public Ed25519 key and nothing else`() {
        let x = JSON.string(Base64URL.encode([UInt8](repeating: 1, count: 32)))
        let refused: [JSON] = [
            .null, [], [:], ["kty": "OKP", "crv": "Ed25519"], ["kty": "OKP", "x": x], ["crv": "Ed25519", "x": x],
            ["kty": "okp", "crv": "Ed25519", "x": x], ["kty": "OKP", "crv": "X25519", "x": x],
            ["kty": "OKP", "crv": "Ed25519", "x": x, "d": "AA"], ["kty": "OKP", "crv": "Ed25519", "x": "AA"],
            ["kty": "OKP", "crv": "Ed25519", "x": 7], ["kty": "OKP", "crv": "Ed25519", "x": "=="],
        ]
        for jwk in refused { #expect(throws: DocumentError.claim("jwk")) { try Ed25519PublicKey(jwk: jwk) } }
        #expect(throws: Never.self) { try Ed25519PublicKey(jwk: ["kty": "OKP", "crv": "Ed25519", "x": x, "kid": "k"]) }
    }
}

@Suite struct `The validity of a document` {
    @Test(
        arguments: [
            (["iat": 1_000, "exp": 1_300], 1_000, nil), (["iat": 1_000, "exp": 1_300], 1_359, nil),
            (["iat": 1_000, "exp": 1_300], 1_360, .expired), (["iat": 1_000, "exp": 1_300], 940, nil),
            (["iat": 1_000, "exp": 1_300], 939, .notYetValid), (["iat": 1_000], 1_000, .claim("exp")),
            (["exp": 1_300], 1_000, .claim("exp")), (["iat": "1000", "exp": 1_300], 1_000, .claim("exp")),
            (["iat": .number(1_000.5), "exp": 1_300], 1_000, .claim("exp")),
            (["iat": .integer(.min), "exp": .integer(.max)], 1_000, nil),
            (["iat": .integer(.max), "exp": .integer(.max)], 1_000, .notYetValid),
            (["iat": 0, "exp": .integer(.min)], 1_000, .expired), (["iat": 0, "exp": 1], .max, .notYetValid),
            (["iat": 0, "exp": 1], .min, .notYetValid),
        ] as [(JSON, Int, DocumentError?)])
    func `has a minute of skew either way`(_ claims: JSON, _ now: Int, _ expected: DocumentError?) throws {
        let members = try JSONMembers(claims)
        var refusal: DocumentError?
        do throws(DocumentError) { _ = try Validity(checking: members, now: now) } catch { refusal = error }
        #expect(refusal == expected)
    }
}
