import Audit
import Auditing
import Cryptography
import Foundation
import Identity
import Logging
import NetworkAddresses
import Sessions
import SignedDocuments
import Store
import StoreSQLite
import StrictJSON
import Synchronization
import Testing
import Wire

/// A clock that tests turn.
final class Clock: Sendable {
    private let time: Mutex<Int>
    init(_ now: Int) { time = Mutex(now) }
    var now: Int { time.withLock { $0 } }
    func advance(by seconds: Int) { time.withLock { $0 += seconds } }
}

/// An audit log over a store in memory, and one signed-in device with a node.
struct Fixture: Sendable {
    static let now = 1_763_731_840
    let store: SQLiteStore
    let log: AuditLog
    let clock = Clock(Fixture.now)
    let signer: Ed25519PrivateKey
    let slept = Slept()
    let person: PersonRecord
    let device: DeviceID
    let node: NodeRecord
    let session: Session

    init(
        _ configuration: AuditConfiguration = AuditConfiguration(), queueLimit: Int = 100, store path: String? = nil
    ) async throws {
        store = try path.map { try SQLiteStore(path: $0) } ?? SQLiteStore(inMemory: ())
        signer = try Ed25519PrivateKey(from: .system)
        var key = [UInt8](repeating: 3, count: 32)
        log = AuditLog(
            store: store, signer: signer, pseudonyms: try Pseudonyms(taking: &key), configuration: configuration,
            clock: { [clock] in clock.now }, queueLimit: queueLimit, sleep: { [slept] in try slept.note($0) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let provider = try #require(ProviderID("corp"))
        person = PersonRecord(
            id: try #require(PersonID(String(repeating: "P", count: 22))), provider: provider, subject: "alice",
            email: EmailAddress("alice@example.com"), displayName: "Alice", isActive: true, createdAt: 0,
            lastSignInAt: nil)
        device = try #require(DeviceID(String(repeating: "D", count: 43)))
        session = Session(
            id: try #require(SessionID(String(repeating: "S", count: 22))), person: person.id, device: device,
            signIn: SignIn(
                provider: provider, subject: "alice", email: nil, displayName: "Alice", groups: nil, authTime: nil,
                amr: [], acr: nil, isMultiFactor: false, evidence: SignInEvidence(.idToken("a.b.c"), randomBytes: [])),
            createdAt: Self.now, lifetime: 3600)
        node = NodeRecord(
            id: try #require(NodeID(String(repeating: "N", count: 22))), device: device,
            devicePublicKey: [UInt8](repeating: 1, count: 32), session: session.id,
            host: try #require(HostName("db-1")), operatingSystem: "Debian",
            wireGuardKey: [UInt8](repeating: 2, count: 32), registration: "a.b.c",
            ipv4: try #require(IPAddress("100.64.0.1")), ipv6: try #require(IPAddress("fd00::1")), tags: [],
            createdAt: 0, updatedAt: 0)
        try await store.write { [person, node, session] records in
            try records.save(person)
            try records.save(session)
            try records.save(node)
        }
    }

    func event(_ number: Int, _ stream: AuditEvent.Stream = .administration) -> AuditEvent {
        AuditEvent(
            stream, "action-\(number)", .success, at: Self.now + number,
            actor: .person(id: "p\(number % 2)", label: "person-\(number % 2)@example.com"), host: "host-\(number % 3)")
    }

    func events() async throws -> [AuditEvent] { try await records().map { try $0.event() } }

    func records() async throws -> [AuditRecord] {
        try await store.read { try $0.auditRecords(matching: AuditQuery(), after: 0, limit: .max) }
    }

    func findings() async throws -> [ChainVerification.Finding] {
        let key = signer.publicKey
        let records = try await records()
        return try await store.read { reader in
            var verification = ChainVerification(
                base: try reader.auditMark(.base), head: try reader.auditMark(.head), keys: [key.thumbprint: key])
            for record in records { verification.check(record) }
            verification.finish()
            return verification.findings
        }
    }
}

/// Sleeps that take no time: how long they would have been.
final class Slept: Sendable {
    private let seconds = Mutex<[Int]>([])
    var all: [Int] { seconds.withLock { $0 } }

    func note(_ duration: Duration) throws {
        try Task.checkCancellation()
        seconds.withLock { $0.append(Int(duration.components.seconds)) }
    }
}

/// A directory of one test, gone with it.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/ztna-auditing-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
