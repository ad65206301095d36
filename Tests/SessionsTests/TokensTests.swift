import Cryptography
import Identity
import Sessions
import SignedDocuments
import StrictJSON
import Testing

@Suite struct `The refresh state` {
    private let hashes: [[UInt8]] = (0..<4).map { [UInt8](repeating: $0, count: 32) }
    private let attempt = [UInt8](repeating: 7, count: 32)

    private var rotated: RefreshState {
        var state = RefreshState(
            currentHash: hashes[0], generation: 1, previousHash: nil, attemptHash: nil, rotatedAt: 0)
        state.rotate(toHash: hashes[1], attemptHash: attempt, now: 100)
        return state
    }

    @Test func `rotates the current token`() {
        #expect(rotated.generation == 2)
        #expect(rotated.rotatedAt == 100)
        #expect(rotated.previousHash == hashes[0])
        #expect(rotated.use(tokenHash: hashes[1], attemptHash: nil, now: 101) == .rotate(to: 3))
        #expect(rotated.use(tokenHash: hashes[1], attemptHash: attempt, now: 10_000) == .rotate(to: 3))
    }

    @Test func `repeats the answer to the same attempt for a minute`() {
        for now in [100, 130, 159] {
            #expect(rotated.use(tokenHash: hashes[0], attemptHash: attempt, now: now) == .repeated(2))
        }
    }

    @Test func `calls every other use of an old token what it is`() {
        let other = [UInt8](repeating: 8, count: 32)
        #expect(rotated.use(tokenHash: hashes[0], attemptHash: attempt, now: 160) == .reused)
        #expect(rotated.use(tokenHash: hashes[0], attemptHash: nil, now: 101) == .reused)
        #expect(rotated.use(tokenHash: hashes[0], attemptHash: other, now: 101) == .reused)
        #expect(rotated.use(tokenHash: hashes[3], attemptHash: attempt, now: 101) == .reused)
        #expect(rotated.use(tokenHash: [], attemptHash: attempt, now: 101) == .reused)
        var twice = rotated
        twice.rotate(toHash: hashes[2], attemptHash: nil, now: 110)
        #expect(twice.use(tokenHash: hashes[0], attemptHash: attempt, now: 111) == .reused)
        #expect(twice.use(tokenHash: hashes[1], attemptHash: nil, now: 111) == .reused)
    }
}

@Suite struct `A refresh token` {
    @Test func `is the same for the same session, generation and key, and for nothing else`() throws {
        let token = RefreshToken(session: Samples.session, generation: 1, key: try Samples.secret(1))
        #expect(token == RefreshToken(session: Samples.session, generation: 1, key: try Samples.secret(1)))
        let others = [
            RefreshToken(session: Samples.session, generation: 2, key: try Samples.secret(1)),
            RefreshToken(session: Samples.person, generation: 1, key: try Samples.secret(1)),
            RefreshToken(session: Samples.session, generation: 1, key: try Samples.secret(2)),
        ]
        #expect(Set(others.map(\.hash) + [token.hash]).count == 4)
        #expect(token.text.utf8.count == 66)
        let received = try #require(RefreshToken(received: token.text))
        #expect(received == token)
        #expect(received.hash == token.hash)
    }

    @Test(arguments: [
        "", ".", "a.b", String(repeating: "s", count: 22) + "." + String(repeating: "c", count: 42),
        String(repeating: "s", count: 22) + "." + String(repeating: "c", count: 43) + ".",
        String(repeating: "é", count: 11) + "." + String(repeating: "c", count: 43),
    ])
    func `has one shape`(_ text: String) { #expect(RefreshToken(received: text) == nil) }
}

@Suite struct `An access token` {
    private static let issuer = "https://ztna.example"
    private let control: Ed25519PrivateKey
    private let keys: [String: Ed25519PublicKey]
    private let token = AccessToken(
        issuer: issuer, session: Samples.session, person: Samples.person, device: Samples.device, expiresAt: 1_300)

    init() throws {
        control = try Samples.key(1)
        keys = [control.publicKey.thumbprint: control.publicKey]
    }

    @Test func `comes back as it was signed`() throws {
        let text = try token.signed(by: control, id: "a", now: 1_000)
        #expect(try AccessToken(verifying: text, issuer: Self.issuer, keys: keys, now: 1_000) == token)
        #expect(try AccessToken(verifying: text, issuer: Self.issuer, keys: keys, now: 1_359) == token)
    }

    @Test func `is refused late, early, by another key, for another issuer, as another document`() throws {
        let text = try token.signed(by: control, id: "a", now: 1_000)
        let other = try Samples.key(2)
        func refusal(_ text: String, issuer: String = Self.issuer, _ keys: [String: Ed25519PublicKey], _ now: Int)
            -> DocumentError?
        {
            do throws(DocumentError) {
                _ = try AccessToken(verifying: text, issuer: issuer, keys: keys, now: now)
                return nil
            } catch { return error }
        }
        #expect(refusal(text, keys, 1_360) == .expired)
        #expect(refusal(text, keys, 939) == .notYetValid)
        #expect(refusal(text, [:], 1_000) == .unknownKey)
        #expect(refusal(text, [control.publicKey.thumbprint: other.publicKey], 1_000) == .badSignature)
        #expect(refusal(text, issuer: "https://other.example", keys, 1_000) == .claim("iss"))
        let header: [String: JSON] = ["kid": .string(control.publicKey.thumbprint)]
        let slice = try SignedDocument.sign(["iat": 1_000], type: .policySlice, by: control, header: header)
        #expect(refusal(slice, keys, 1_000) == .wrongType)
    }

    @Test(
        arguments: [
            ("iss", nil), ("aud", nil), ("aud", "https://other.example"), ("sid", nil), ("sid", "short"), ("sub", nil),
            ("sub", 7), ("cnf", nil), ("cnf", ["jkt": "short"]), ("cnf", "text"), ("exp", nil), ("exp", "soon"),
            ("iat", nil),
        ] as [(String, JSON?)])
    func `lacks nothing`(_ name: String, _ value: JSON?) throws {
        var claims: [String: JSON] = [
            "iss": .string(Self.issuer), "aud": .string(Self.issuer), "sub": .string(Samples.person.text),
            "sid": .string(Samples.session.text), "iat": 1_000, "exp": 1_300,
            "cnf": ["jkt": .string(Samples.device.thumbprint)],
        ]
        claims[name] = value
        let text = try SignedDocument.sign(
            .object(claims), type: .accessToken, by: control,
            header: ["kid": .string(control.publicKey.thumbprint)])
        let expected = name == "iat" ? "exp" : name
        #expect(throws: DocumentError.claim(expected)) {
            try AccessToken(verifying: text, issuer: Self.issuer, keys: keys, now: 1_000)
        }
    }
}

@Suite struct `A session` {
    @Test func `ends once, for the first reason, and forgets its refresh token`() {
        var session = Session(
            id: Samples.session, person: Samples.person, device: Samples.device, signIn: Samples.signIn, createdAt: 100,
            lifetime: 50)
        session.refresh = RefreshState(
            currentHash: [1], generation: 1, previousHash: nil, attemptHash: nil, rotatedAt: 100)
        #expect(session.mfaAt == 90)
        #expect(session.isActive(at: 149))
        #expect(!session.isActive(at: 150))
        session.end(.loggedOut, now: 120)
        session.end(.administrator, now: 121)
        #expect(session.end == .loggedOut)
        #expect(session.endedAt == 120)
        #expect(session.refresh == nil)
        #expect(!session.isActive(at: 120))
    }

    @Test(arguments: [(true, 90, 90), (true, nil, nil), (false, 90, nil)] as [(Bool, Int?, Int?)])
    func `knows when more than one factor was used, if its provider says that and when`(
        _ isMultiFactor: Bool, _ authTime: Int?, _ expected: Int?
    ) {
        var signIn = Samples.signIn
        signIn.isMultiFactor = isMultiFactor
        signIn.authTime = authTime
        let session = Session(
            id: Samples.session, person: Samples.person, device: Samples.device, signIn: signIn, createdAt: 100,
            lifetime: 50)
        #expect(session.mfaAt == expected)
    }
}
