import Cryptography
import Identity
import Sessions

/// SplitMix64: the same sequence for the same seed.
struct Sequence64: RandomNumberGenerator {
    private var position: UInt64
    init(seed: UInt64) { position = seed }

    mutating func next() -> UInt64 {
        position &+= 0x9E37_79B9_7F4A_7C15
        var mixed = position
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

enum Samples {
    static let device = DeviceID(String(repeating: "d", count: 43)).unsafelyUnwrapped
    static let otherDevice = DeviceID(String(repeating: "e", count: 43)).unsafelyUnwrapped
    static let session = RecordID(String(repeating: "s", count: 22)).unsafelyUnwrapped
    static let person = RecordID(String(repeating: "p", count: 22)).unsafelyUnwrapped
    static let provider = ProviderID("test").unsafelyUnwrapped
    static let cookie = [UInt8](repeating: 1, count: 32)
    static let otherCookie = [UInt8](repeating: 2, count: 32)
    static let code = [UInt8](repeating: 3, count: 32)

    static let signIn = SignIn(
        provider: provider, subject: "alice", email: nil, displayName: "Alice", groups: nil, authTime: 90, amr: ["mfa"],
        acr: nil, isMultiFactor: true, evidence: SignInEvidence(.idToken("a.b.c"), randomBytes: [1]))

    static let redirect = ProviderRedirect(
        provider: provider, stateHash: [9], randomBytes: [1], exchange: .openIDConnect(codeVerifier: "v"),
        requestedAt: 100)

    static func browser(local: Bool = false, cookie: [UInt8] = Samples.cookie) -> BrowserBinding {
        BrowserBinding(cookieHash: cookie, isLocal: local, numbers: local ? [] : [11, 42, 73])
    }

    /// Made at 100, good for ten minutes; the terminal shows 42.
    static func login(listening: Bool = true, renewal: Renewal? = nil) -> DeviceAuthorization {
        DeviceAuthorization(
            id: session, deviceCodeHash: [1], userCodeHash: [2], device: device,
            asking: AskingDevice(hostName: "laptop", operatingSystem: "Linux", address: "192.0.2.1", publicKey: [0]),
            number: 42, loopback: listening ? LoopbackListener(port: 50_000, tokenHash: [4]) : nil,
            renewal: renewal, createdAt: 100, expiresAt: 700)
    }

    static func key(_ seed: UInt8) throws -> Ed25519PrivateKey {
        var bytes = [UInt8](repeating: seed, count: 32)
        return try Ed25519PrivateKey(taking: &bytes)
    }

    static func secret(_ seed: UInt8) throws -> SecretBytes {
        var bytes = [UInt8](repeating: seed, count: 32)
        return try SecretBytes(taking: &bytes)
    }

    /// Counts up: different each time, never repeats.
    static func counting() -> Randomness {
        Randomness { count in (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 3) } }
    }
}
