import Cryptography
import Identity
import NetworkAddresses
import Sessions
import SignedDocuments
import Store
import Wire

/// People who signed in earlier, each with a session and a node, as a store holds them.
struct Population {
    /// Where all IPv6 addresses lie.
    static let network = IPPrefix("fd00::/96")

    let server: String
    let group: GroupName

    /// Everyone is in one group.
    init(server: String, group: String) throws {
        guard let group = GroupName(group) else { throw BenchError.constant }
        self.server = server
        self.group = group
    }

    /// Person `n` has the subject `person-n`, and the nth of the answered sessions and nodes.
    @discardableResult
    func settle(_ count: Int, in store: any Store) async throws -> [(session: SessionID, node: NodeID)] {
        var settled: [(session: SessionID, node: NodeID)] = []
        for first in stride(from: 0, to: count, by: 500) {
            let members = try (first..<min(first + 500, count)).map { try Member(number: $0, server: server) }
            settled += members.map { ($0.session.id, $0.node.id) }
            try await store.write { transaction in
                for member in members {
                    try transaction.save(member.person)
                    _ = try transaction.setMemberships(of: member.person.id, source: .tokenClaim, to: [group])
                    try transaction.save(member.session)
                    try transaction.save(member.node)
                }
            }
        }
        return settled
    }
}

private struct Member: Sendable {
    let person: PersonRecord
    let session: Session
    let node: NodeRecord

    init(number: Int, server: String) throws {
        let now = Clocks.epoch
        let key = try Ed25519PrivateKey(from: .system)
        let wireGuard = try X25519PrivateKey(from: .system).publicKey
        let host = "laptop-\(number)"
        let (random, system) = (Randomness.system, "Debian GNU/Linux 12")
        guard let device = DeviceID(key.publicKey.thumbprint), let provider = ProviderID("corp"),
            let personID = PersonID(random.token(16)), let sessionID = SessionID(random.token(16)),
            let nodeID = NodeID(random.token(16)), let hostName = HostName(host),
            let ipv6 = IPAddress(bytes: [0xFD] + [UInt8](repeating: 0, count: 11) + Self.octets(number + 1))
        else { throw BenchError.constant }
        person = PersonRecord(
            id: personID, provider: provider, subject: "person-\(number)",
            email: EmailAddress("person-\(number)@example.com"), displayName: "Person \(number)", isActive: true,
            createdAt: now, lastSignInAt: now)
        let signIn = SignIn(
            provider: provider, subject: person.subject, email: person.email, displayName: person.displayName,
            groups: nil, authTime: now, amr: ["pwd", "mfa"], acr: nil, isMultiFactor: true,
            evidence: SignInEvidence(.idToken(random.token(700)), randomBytes: random.bytes(32)))
        var session = Session(
            id: sessionID, person: personID, device: device, signIn: signIn, createdAt: now, lifetime: 30 * 86_400)
        session.refresh = RefreshState(
            currentHash: random.bytes(32), generation: 0, previousHash: nil, attemptHash: nil, rotatedAt: now)
        self.session = session
        node = NodeRecord(
            id: nodeID, device: device, devicePublicKey: key.publicKey.bytes, session: sessionID, host: hostName,
            operatingSystem: system, wireGuardKey: wireGuard.bytes,
            registration: try NodeRegistration(
                server: server, issuedAt: now, wireGuardKey: wireGuard, hostName: host, operatingSystem: system,
                endpoints: []
            ).signed(by: key),
            ipv4: .v4(0x6440_0000 + UInt32(number + 1)), ipv6: ipv6, tags: [], createdAt: now, updatedAt: now)
    }

    private static func octets(_ number: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}
