import Cryptography
import Foundation
import OpenIDConnect
import StrictJSON
import Testing

/// Tokens and keys recorded by `Fixtures/make-tokens.py`: one provider, every algorithm.
struct RecordedProvider: Sendable {
    let keys: JSONWebKeySet
    let keyBytes: [UInt8]
    let tokens: [String: String]

    init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/tokens.json")
        let members = try JSONMembers(parsing: Array(Data(contentsOf: file)))
        keyBytes = JSON.object(try members.object("jwks").members).encoded()
        keys = try JSONWebKeySet(parsing: keyBytes)
        tokens = try members.object("tokens").members.compactMapValues(\.stringValue)
    }

    func token(_ name: String) throws -> String { try #require(tokens[name]) }

    /// Parses, finds the key, validates: what the callback does.
    func validate(
        _ text: String, _ expectation: IDTokenExpectation = .usual
    ) throws(IDTokenError) -> ValidatedIDToken {
        let token = try UnverifiedIDToken(parsing: text)
        return try token.validated(with: try keys.key(for: token), against: expectation)
    }
}

extension IDTokenExpectation {
    /// What the recorded and the made tokens are the answer to.
    static let usual = IDTokenExpectation(
        issuer: "https://idp.example.com", clientID: "ztna", nonce: "the-nonce", requestedAt: 1_799_999_980,
        now: 1_800_000_010, accessToken: "an-access-token")

    func with(_ change: (inout IDTokenExpectation) -> Void) -> IDTokenExpectation {
        var copy = self
        change(&copy)
        return copy
    }
}

/// A provider in the test: signs whatever it is given with one Ed25519 key named `made`.
struct TokenMaker {
    let key: Ed25519PrivateKey
    let keys: JSONWebKeySet

    static let header: [String: JSON] = ["alg": "EdDSA", "kid": "made", "typ": "JWT"]
    static let claims: [String: JSON] = [
        "iss": "https://idp.example.com", "aud": "ztna", "sub": "alice", "nonce": "the-nonce", "iat": 1_800_000_000,
        "exp": 1_800_003_600,
    ]

    init() throws {
        var seed = [UInt8](repeating: 7, count: 32)
        key = try Ed25519PrivateKey(taking: &seed)
        let jwk: JSON = [
            "kty": "OKP", "crv": "Ed25519", "kid": "made", "x": .string(Base64URL.encode(key.publicKey.bytes)),
        ]
        keys = try JSONWebKeySet(parsing: JSON.object(["keys": [jwk]]).encoded())
    }

    /// The usual token with members replaced; `nil` removes one.
    func token(header: [String: JSON?] = [:], claims: [String: JSON?] = [:]) throws -> String {
        try token(
            header: JSON.object(Self.changed(Self.header, header)).encodedText(),
            payload: JSON.object(Self.changed(Self.claims, claims)).encodedText())
    }

    func token(header: String, payload: String) throws -> String {
        let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(payload.utf8))
        return input + "." + Base64URL.encode(try key.signature(for: Array(input.utf8)))
    }

    func validate(
        _ text: String, _ expectation: IDTokenExpectation = .usual
    ) throws(IDTokenError) -> ValidatedIDToken {
        let token = try UnverifiedIDToken(parsing: text)
        return try token.validated(with: try keys.key(for: token), against: expectation)
    }

    static func changed(_ members: [String: JSON], _ changes: [String: JSON?]) -> [String: JSON] {
        var result = members
        for (name, value) in changes { result[name] = value }
        return result
    }
}
