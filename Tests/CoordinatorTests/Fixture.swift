import AccessPolicy
import Coordinator
import Cryptography
import Identity
import Logging
import NetworkAddresses
import Sessions
import SignedDocuments
import Store
import StoreSQLite
import Synchronization
import Testing
import Wire

/// Random numbers that are the same in every run of a seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// A clock that tests turn.
final class Clock: Sendable {
    private let time: Mutex<Int>

    init(_ now: Int) { time = Mutex(now) }

    var now: Int { time.withLock { $0 } }
    func advance(by seconds: Int) { time.withLock { $0 += seconds } }
}

/// A device: its keys, and what it says of itself.
struct Device: Sendable {
    let key: Ed25519PrivateKey
    var wireGuard: X25519PublicKey
    var host: String

    init(host: String) throws {
        key = try Ed25519PrivateKey(from: .system)
        wireGuard = try X25519PrivateKey(from: .system).publicKey
        self.host = host
    }

    var id: DeviceID { get throws { try #require(DeviceID(key.publicKey.thumbprint)) } }

    mutating func rotate() throws { wireGuard = try X25519PrivateKey(from: .system).publicKey }

    func registration(at now: Int, server: String = Fixture.server) throws -> String {
        try NodeRegistration(
            server: server, issuedAt: now, wireGuardKey: wireGuard, hostName: host, operatingSystem: "Debian",
            endpoints: []
        ).signed(by: key)
    }
}

struct Member: Sendable {
    var device: Device
    let person: PersonID
    var session: SessionID
    let node: NodeID
}

/// A coordinator over a store in memory, and people who sign in as the gateway would have them.
struct Fixture: Sendable {
    static let server = "https://ztna.example.com"

    let store: SQLiteStore
    let clock: Clock
    let control: Ed25519PrivateKey
    let coordinator: Coordinator

    init(
        policy: Policy? = nil, prefix: String = "100.64.0.0/10", lifetime: Int = 3600, subscriberLimit: Int = 64,
        store: SQLiteStore? = nil, clock: Clock = Clock(1_000_000), control: Ed25519PrivateKey? = nil,
        countries: @escaping @Sendable (IPAddress) -> CountryCode? = { _ in nil }
    ) async throws {
        self.store = try store ?? SQLiteStore(inMemory: ())
        self.clock = clock
        self.control = try control ?? Ed25519PrivateKey(from: .system)
        coordinator = try Self.coordinator(
            store: self.store, control: self.control, clock: clock, policy: policy ?? Self.everyone(), prefix: prefix,
            lifetime: lifetime, subscriberLimit: subscriberLimit, countries: countries)
        try await coordinator.start()
    }

    private static func coordinator(
        store: SQLiteStore, control: any Signer, clock: Clock, policy: Policy, prefix: String = "100.64.0.0/10",
        lifetime: Int = 3600, subscriberLimit: Int = 64,
        countries: @escaping @Sendable (IPAddress) -> CountryCode? = { _ in nil }
    ) throws -> Coordinator {
        Coordinator(
            store: store, signer: control,
            configuration: try CoordinatorConfiguration(
                serverURL: server, ipv4: IPPrefix(prefix), authorizationLifetime: lifetime,
                subscriberLimit: subscriberLimit),
            policy: policy, clock: { clock.now }, countries: countries,
            isAdministrator: { _, groups in groups.contains { $0.text == "admins" } },
            logger: Logger(label: "test") { _ in Silent() })
    }

    /// Another coordinator over the same store, before its `start()`.
    func unstarted(control other: (any Signer)? = nil, policy: Policy? = nil) throws -> Coordinator {
        try Self.coordinator(
            store: store, control: other ?? control, clock: clock, policy: policy ?? Self.everyone())
    }

    static func rule(_ name: String, _ source: String, _ destination: String) throws -> Rule {
        Rule(
            name: try RuleName(name), sources: [try Selector(parsing: source)],
            destinations: [try Selector(parsing: destination)], allow: [try Service(parsing: "tcp/22")])
    }

    static func everyone() throws -> Policy { Policy(rules: [try rule("all", "*", "*")], revision: "everyone") }

    static func id() throws -> RecordID { try #require(RecordID(Randomness.system.token(16))) }

    static func node(number: Int, ipv4: IPAddress, ipv6: IPAddress) throws -> NodeRecord {
        NodeRecord(
            id: try id(), device: try #require(DeviceID(Randomness.system.token(32))),
            devicePublicKey: Randomness.system.bytes(32), session: nil, host: try #require(HostName("node-\(number)")),
            operatingSystem: "", wireGuardKey: Randomness.system.bytes(32), registration: "", ipv4: ipv4, ipv6: ipv6,
            tags: [], createdAt: 0, updatedAt: 0)
    }

    /// What an authorization says of a device that is seen there now, where the lifetime is an hour.
    func origin(_ address: IPAddress?, _ country: CountryCode? = nil) -> NodeOrigin? {
        NodeOrigin(address: address, country: country, until: clock.now + 3600)
    }

    func person(_ name: String, groups: Set<String> = []) async throws -> PersonID {
        let id = try Self.id()
        let person = PersonRecord(
            id: id, provider: try #require(ProviderID("main")), subject: name,
            email: EmailAddress("\(name)@example.com"), displayName: name, isActive: true, createdAt: clock.now,
            lastSignInAt: nil)
        try await store.write { try $0.save(person) }
        try await setGroups(of: id, to: groups)
        return id
    }

    func setGroups(of person: PersonID, to groups: Set<String>) async throws {
        let now = clock.now
        let names = Set(groups.compactMap { GroupName($0) })
        try await store.write { transaction in
            _ = try transaction.setMemberships(of: person, source: .tokenClaim, to: names)
            try transaction.appendChange(.person(person), at: now)
        }
    }

    func setActive(_ person: PersonID, _ isActive: Bool) async throws {
        let now = clock.now
        try await store.write { transaction in
            var record = try #require(try transaction.person(person))
            record.isActive = isActive
            try transaction.save(record)
            try transaction.appendChange(.person(person), at: now)
        }
    }

    /// A sign-in on a device: ends the open session there, whoever had it.
    func signIn(_ person: PersonID, on device: Device, lifetime: Int = 86_400) async throws -> SessionID {
        let (id, now) = (try Self.id(), clock.now)
        let session = Session(
            id: id, person: person, device: try device.id,
            signIn: SignIn(
                provider: try #require(ProviderID("main")), subject: "s", email: nil, displayName: "", groups: nil,
                authTime: now, amr: ["pwd"], acr: nil, isMultiFactor: false,
                evidence: SignInEvidence(.idToken(""), randomBytes: [])),
            createdAt: now, lifetime: lifetime)
        try await store.write { try $0.replaceSession(of: session.device, by: session, now: now) }
        return id
    }

    /// A log-out as the gateway does it, behind the coordinator's back.
    func logOut(_ id: SessionID) async throws {
        let now = clock.now
        try await store.write { transaction in
            guard var session = try transaction.session(id) else { return }
            session.end(.loggedOut, now: now)
            try transaction.save(session)
            try transaction.appendChange(.session(id), at: now)
        }
    }

    @discardableResult
    func register(_ device: Device, _ person: PersonID, under session: SessionID) async throws -> VerifiedNode {
        let response = try await coordinator.register(
            session: session, person: person, device: device.key.publicKey,
            registration: try device.registration(at: clock.now))
        let node = try verified(response.authorization)
        #expect(node.node.text == response.node)
        return node
    }

    func verified(_ authorization: String) throws -> VerifiedNode {
        try VerifiedNode(verifying: authorization, keys: coordinator.controlKeys, server: Self.server, now: clock.now)
    }

    /// A person with a device, signed in and registered.
    func member(_ name: String, groups: Set<String> = [], lifetime: Int = 86_400) async throws -> Member {
        let device = try Device(host: name)
        let person = try await person(name, groups: groups)
        let session = try await signIn(person, on: device, lifetime: lifetime)
        let node = try await register(device, person, under: session)
        return Member(device: device, person: person, session: session, node: node.node)
    }
}

private struct Silent: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.critical

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {}
}
