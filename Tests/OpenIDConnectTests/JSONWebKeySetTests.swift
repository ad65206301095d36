import OpenIDConnect
import StrictJSON
import Testing

@Suite struct `A key set` {
    private static let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    private static let ed: [String: JSON] = ["kty": "OKP", "crv": "Ed25519", "x": .string(x), "kid": "a"]
    private static let ec: [String: JSON] = [
        "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    ]

    private static func parse(_ keys: [JSON]) throws(JSONWebKeySetError) -> JSONWebKeySet {
        try JSONWebKeySet(parsing: JSON.object(["keys": .array(keys)]).encoded())
    }

    @Test func `keeps what it can use and says what it skipped`() throws {
        let set = try RecordedProvider().keys
        #expect(set.keys.map(\.keyID) == ["rs", "ps", "p256", "p384", "ed"])
        #expect(set.skipped.map(\.keyID) == ["small", "p521", "encryption"])
        #expect(set.skipped.map(\.reason) == [.invalid, .curve("P-521"), .purpose])
    }

    @Test(
        arguments: [
            ("a key that is no object", "x", .notAnObject),
            ("no kty", .object(TokenMaker.changed(ed, ["kty": nil])), .member("kty")),
            ("a symmetric key", ["kty": "oct", "k": "AAAA", "kid": "a"], .type("oct")),
            ("a private Ed25519 key", .object(TokenMaker.changed(ed, ["d": "AAAA"])), .privateKeyPublished),
            ("a private RSA key", ["kty": "RSA", "n": "AQAB", "e": "AQAB", "p": "AQAB"], .privateKeyPublished),
            ("for encryption", .object(TokenMaker.changed(ed, ["use": "enc"])), .purpose),
            ("use no string", .object(TokenMaker.changed(ed, ["use": 1])), .member("use")),
            ("for signing only", .object(TokenMaker.changed(ed, ["key_ops": ["sign"]])), .purpose),
            ("key_ops no list", .object(TokenMaker.changed(ed, ["key_ops": "verify"])), .member("key_ops")),
            ("kid no string", .object(TokenMaker.changed(ed, ["kid": 1])), .member("kid")),
            ("another algorithm", .object(TokenMaker.changed(ed, ["alg": "RS512x"])), .algorithm("RS512x")),
            ("an algorithm of another type", .object(TokenMaker.changed(ed, ["alg": "RS256"])), .algorithm("RS256")),
            ("P-256 for ES384", .object(TokenMaker.changed(ec, ["alg": "ES384"])), .algorithm("ES384")),
            ("X25519", .object(TokenMaker.changed(ed, ["crv": "X25519"])), .curve("X25519")),
            ("secp256k1", .object(TokenMaker.changed(ec, ["crv": "secp256k1"])), .curve("secp256k1")),
            ("no x", .object(TokenMaker.changed(ed, ["x": nil])), .member("x")),
            ("x padded", .object(TokenMaker.changed(ed, ["x": .string(x + "=")])), .member("x")),
            ("x short", .object(TokenMaker.changed(ed, ["x": "AAAA"])), .invalid),
            ("off the curve", .object(TokenMaker.changed(ec, ["x": ec["y"]])), .invalid),
            ("a 24-bit modulus", ["kty": "RSA", "n": "AQAB", "e": "AQAB"], .invalid),
        ] as [(String, JSON, JSONWebKey.Unusable)])
    func `does not use`(_ name: String, key: JSON, reason: JSONWebKey.Unusable) {
        #expect(throws: JSONWebKeySetError.noUsableKey([reason])) { try Self.parse([key]) }
        // The rest of the set is still good.
        let other = JSON.object(TokenMaker.changed(Self.ed, ["kid": "other"]))
        #expect(throws: Never.self) {
            let set = try Self.parse([key, other])
            #expect(set.keys.map(\.keyID) == ["other"])
            #expect(set.skipped.map(\.reason) == [reason])
        }
    }

    @Test func `uses neither of two keys with one name`() throws {
        let twin = JSON.object(TokenMaker.changed(Self.ec, ["kid": "a"]))
        let other = JSON.object(TokenMaker.changed(Self.ec, ["kid": "b"]))
        let set = try Self.parse([.object(Self.ed), twin, other])
        #expect(set.keys.map(\.keyID) == ["b"])
        #expect(set.skipped.map(\.reason) == [.duplicateKeyID("a"), .duplicateKeyID("a")])
    }

    @Test(
        arguments: [
            ("HTML", "<!doctype html>", .notAKeySet(.malformed(offset: 0))),
            ("no keys", "{}", .notAKeySet(.member("keys"))),
            ("keys no list", #"{"keys":{}}"#, .notAKeySet(.member("keys"))),
            ("two lists", #"{"keys":[],"keys":[]}"#, .notAKeySet(.duplicateName("keys"))),
            ("an empty list", #"{"keys":[]}"#, .noUsableKey([])),
            ("101 keys", #"{"keys":["# + String(repeating: "1,", count: 100) + "1]}", .tooManyKeys(101)),
        ] as [(String, String, JSONWebKeySetError)])
    func `is refused when it is`(_ name: String, text: String, error: JSONWebKeySetError) {
        #expect(throws: error) { try JSONWebKeySet(parsing: Array(text.utf8)) }
    }

    @Test func `is refused when it is huge`() {
        #expect(throws: JSONWebKeySetError.notAKeySet(.tooLong)) {
            try JSONWebKeySet(parsing: [UInt8](repeating: 0x20, count: 524_289))
        }
    }

    @Test func `does not guess among two keys for a token without kid`() throws {
        let maker = try TokenMaker()
        let token = try UnverifiedIDToken(parsing: try maker.token(header: ["kid": nil]))
        #expect(throws: Never.self) { try maker.keys.key(for: token) }
        let two = try Self.parse([.object(Self.ed), .object(TokenMaker.changed(Self.ed, ["kid": "b"]))])
        #expect(throws: IDTokenError.keyAmbiguous) { try two.key(for: token) }
        let none = try Self.parse([.object(Self.ec)])
        #expect(throws: IDTokenError.unknownKey(nil)) { try none.key(for: token) }
    }

    @Test func `compares names byte for byte`() throws {
        // U+212A KELVIN SIGN is canonically equivalent to the letter K.
        let set = try Self.parse([.object(TokenMaker.changed(Self.ed, ["kid": "K"]))])
        let token = try UnverifiedIDToken(parsing: try TokenMaker().token(header: ["kid": "\u{212A}"]))
        #expect(throws: IDTokenError.unknownKey("\u{212A}")) { try set.key(for: token) }
    }
}

@Suite struct `A key cache` {
    private let maker: TokenMaker
    private let known: UnverifiedIDToken
    private let unknown: UnverifiedIDToken

    init() throws {
        maker = try TokenMaker()
        known = try UnverifiedIDToken(parsing: try maker.token())
        unknown = try UnverifiedIDToken(parsing: try maker.token(header: ["kid": "rotated"]))
    }

    private func word(_ answer: JWKSCache.Answer) -> String {
        switch answer {
        case .use(let key): "use \(key.keyID ?? "-")"
        case .fetch: "fetch"
        case .wait: "wait"
        case .refused(let error): "refused \(error)"
        }
    }

    @Test func `fetches once, then uses, then lets keys expire`() {
        var cache = JWKSCache()
        #expect(word(cache.key(for: known, now: 0)) == "fetch")
        #expect(word(cache.key(for: known, now: 0)) == "wait")
        cache.received(maker.keys, now: 1)
        #expect(word(cache.key(for: known, now: 3_600)) == "use made")
        #expect(word(cache.key(for: known, now: 3_601)) == "fetch")
    }

    @Test func `fetches again at once when keys change right after a fetch, a few times`() {
        var cache = JWKSCache()
        for _ in 0..<4 {
            #expect(word(cache.key(for: unknown, now: 10)) == "fetch")
            cache.received(maker.keys, now: 10)
        }
        for now in [10, 39] {
            #expect(word(cache.key(for: unknown, now: now)) == #"refused unknownKey(Optional("rotated"))"#)
        }
        #expect(word(cache.key(for: unknown, now: 40)) == "fetch")
        cache.received(maker.keys, now: 40)
        #expect(word(cache.key(for: unknown, now: 69)) == #"refused unknownKey(Optional("rotated"))"#)
        #expect(word(cache.key(for: known, now: 69)) == "use made")
    }

    @Test func `fetches again for an unknown name, but not for every one`() {
        var cache = JWKSCache(burst: 1)
        _ = cache.key(for: known, now: 0)
        cache.received(maker.keys, now: 0)
        #expect(word(cache.key(for: unknown, now: 29)) == #"refused unknownKey(Optional("rotated"))"#)
        #expect(word(cache.key(for: unknown, now: 30)) == "fetch")
        #expect(word(cache.key(for: unknown, now: 31)) == "wait")
        #expect(word(cache.key(for: known, now: 31)) == "use made")
        cache.received(maker.keys, now: 32)
        #expect(word(cache.key(for: unknown, now: 33)) == #"refused unknownKey(Optional("rotated"))"#)
        #expect(word(cache.key(for: unknown, now: 60)) == "fetch")
    }

    @Test func `tries again soon after a failure, and never uses what is old`() {
        var cache = JWKSCache()
        _ = cache.key(for: known, now: 0)
        cache.failed()
        #expect(word(cache.key(for: known, now: 4)) == "refused keysUnavailable")
        #expect(word(cache.key(for: known, now: 5)) == "fetch")
        cache.received(maker.keys, now: 6)
        #expect(word(cache.key(for: known, now: 4_000)) == "fetch")
        cache.failed()
        #expect(word(cache.key(for: known, now: 4_001)) == "refused keysUnavailable")
    }

    @Test func `takes a fetch that never reports for lost`() {
        var cache = JWKSCache()
        _ = cache.key(for: known, now: 0)
        #expect(word(cache.key(for: known, now: 59)) == "wait")
        #expect(word(cache.key(for: known, now: 60)) == "fetch")
    }

    @Test func `survives a clock that is set back`() {
        var cache = JWKSCache()
        _ = cache.key(for: known, now: 1_000)
        cache.received(maker.keys, now: 1_000)
        #expect(word(cache.key(for: known, now: 10)) == "fetch")
    }
}
