import Cryptography
import Gateway
import Identity
import Sessions
import SignedDocuments
import Store
import StoreSQLite
import StrictJSON
import Testing
import Walkthrough

/// Source: OpenID Connect Back-Channel Logout 1.0 §2.
@Suite struct `A back-channel logout` {
    private let harness: GatewayHarness
    private let key: Ed25519PrivateKey

    init() async throws {
        harness = try await GatewayHarness()
        key = try Ed25519PrivateKey(from: .system)
        harness.provider.use(.ed25519(key))
    }

    private func token(
        _ header: [String: JSON] = [:], signedBy signer: Ed25519PrivateKey? = nil, _ change: [String: JSON] = [:],
        without removed: String? = nil
    ) throws -> String {
        var claims: [String: JSON] = [
            "iss": .string(GatewayHarness.issuer), "aud": "ztna", "iat": .integer(harness.clock.now),
            "exp": .integer(harness.clock.now + 120), "jti": .string(Randomness.system.token(8)), "sub": "alice",
            "sid": "sid-1", "events": ["http://schemas.openid.net/event/backchannel-logout": [:]],
        ]
        claims.merge(change) { $1 }
        if let removed { claims[removed] = nil }
        let full: [String: JSON] = ["alg": "EdDSA", "kid": .string(key.publicKey.thumbprint), "typ": "logout+jwt"]
        let input =
            Base64URL.encode(JSON.object(full.merging(header) { $1 }).encoded()) + "."
            + Base64URL.encode(JSON.object(claims).encoded())
        return input + "." + Base64URL.encode(try (signer ?? key).signature(for: Array(input.utf8)))
    }

    private func post(_ token: String, to provider: String = "corp", type: String = "application/x-www-form-urlencoded")
        async throws -> Int
    {
        let answer = try await harness.answer(
            "POST", "/oidc/backchannel-logout/\(provider)", headers: [("Content-Type", type)],
            body: Array("logout_token=\(token)".utf8))
        #expect(answer.headers.contains { $0.name.lowercased() == "cache-control" && $0.value == "no-store" })
        return answer.status
    }

    private func signIn(sid: String?) async throws -> Session {
        harness.provider.alter { _, claims in claims["sid"] = sid.map { .string($0) } }
        var device = try harness.device()
        let before = Set(try await harness.store.read { try $0.openSessions().map(\.id) })
        _ = try await harness.signedIn(&device)
        return try #require(try await harness.store.read { try $0.openSessions() }.first { !before.contains($0.id) })
    }

    private func isOpen(_ session: Session) async throws -> Bool {
        try await harness.store.read { try $0.session(session.id) }?.endedAt == nil
    }

    @Test func `ends the sessions that it names, and only them, with a change for each`() async throws {
        let first = try await signIn(sid: "sid-1")
        let second = try await signIn(sid: "sid-2")
        let unnamed = try await signIn(sid: nil)
        harness.provider.use(InProcessProvider.Account(subject: "bob", email: "bob@example.com", groups: []))
        let bobs = try await signIn(sid: "sid-3")
        #expect(first.providerSession == "sid-1" && unnamed.providerSession == nil)
        #expect(try await post(token([:], without: "sub")) == 200)
        #expect(try await [isOpen(first), isOpen(second), isOpen(unnamed), isOpen(bobs)] == [false, true, true, true])
        let end = try await harness.store.read { try $0.session(first.id) }?.end
        #expect(end == .identityProvider)
        let last = try await harness.store.read { records in
            try records.changes(after: records.lastChangeSequence() - 1, limit: 1).map(\.subject)
        }
        #expect(last == [.session(first.id)])
        // The person's session, and the one whose name we were never told.
        #expect(try await post(token([:], ["sid": "sid-2"])) == 200)
        #expect(try await [isOpen(second), isOpen(unnamed), isOpen(bobs)] == [false, false, true])
        let third = try await harness.store.read { try $0.openSessions(of: bobs.person).count }
        #expect(third == 1)
        #expect(try await post(token([:], ["sub": "bob"], without: "sid")) == 200)
        #expect(try await isOpen(bobs) == false)
    }

    @Test func `is good once`() async throws {
        let token = try token()
        #expect(try await post(token) == 200)
        let session = try await signIn(sid: "sid-1")
        #expect(try await post(token) == 400)
        #expect(try await isOpen(session))
        #expect(harness.log.text.contains("the token was used before"))
    }

    @Test(arguments: ["logout+jwt", "JWT", "Logout+JWT"]) func `may have this type`(_ type: String) async throws {
        #expect(try await post(token(["typ": .string(type)])) == 200)
    }

    @Test func `is refused for each thing that is wrong with it`() async throws {
        let session = try await signIn(sid: "sid-1")
        let now = harness.clock.now
        let stranger = try Ed25519PrivateKey(from: .system)
        let tokens = try [
            token(["typ": "at+jwt"]), token(["typ": 7]), token(["alg": "none"]), token(["alg": "HS256"]),
            token(["kid": "other"]), token(signedBy: stranger), token([:], ["iss": "https://other.example.com"]),
            token([:], ["aud": "other"]), token([:], ["aud": ["ztna", "other"]]), token([:], ["nonce": "n"]),
            token([:], ["events": [:]]),
            token([:], ["events": ["http://schemas.openid.net/event/backchannel-logout": 1]]),
            token([:], without: "events"), token([:], without: "jti"), token([:], ["jti": ""]),
            token([:], without: "iat"), token([:], without: "exp"), token([:], ["iat": .integer(now - 700)]),
            token([:], ["iat": .integer(now + 120)]), token([:], ["exp": .integer(now - 61)]),
            token([:], ["sub": 7]), token([:], ["sid": ""], without: "sub"), "", "x.y.z",
            String(repeating: "a", count: 70_000),
        ]
        for token in tokens { #expect(try await post(token) == 400, "\(token.prefix(200))") }
        #expect(try await post(token(), to: "other") == 400)
        #expect(try await post(token(), type: "application/json") == 400)
        #expect(try await isOpen(session))
        #expect(try await post(token()) == 200)
        #expect(try await !isOpen(session))
    }

    @Test func `stops a sign-in under way, too`() async throws {
        harness.provider.alter { _, claims in claims["sid"] = "sid-1" }
        var device = try harness.device()
        let code = try await harness.approved(&device)
        #expect(try await post(token()) == 200)
        #expect(try await device.poll(code).error == "access_denied")
    }
}
