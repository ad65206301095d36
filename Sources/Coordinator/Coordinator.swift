package import AccessPolicy
package import Cryptography
package import Identity
package import Logging
package import NetworkAddresses
internal import Sessions
internal import SignedDocuments
package import Store

/// Turns identity and policy into node authorizations and netmaps, and pushes them.
///
/// The store is the truth; what netmaps need of it is held in memory and follows the change log. Facts enter in one way
/// only: read from the store in one transaction, with the change they are as of; older facts never replace newer ones.
/// The program calls `start()` once, runs `follow()` in a task, and calls `tick(now:)` each second.
package actor Coordinator {
    /// Who listens to one node's netmap, if anybody, and where they are in it.
    struct Feed: Sendable {
        let session: SessionID
        var netmap: NetmapFeed
        var mailbox: Mailbox?
        /// Whether a client may know a position in it: until then nothing needs to be kept for its return.
        var wasRead = false
        /// Where its stream comes from.
        var address: IPAddress?
    }

    static let policyTimeSetting = "policy-issued-at"
    /// Registrations that lose a race against another replica or a change of their own node try again this often.
    static let maximumTries = 4

    /// The keys that agents verify our documents with, by key id.
    package nonisolated let controlKeys: [String: Ed25519PublicKey]
    package nonisolated let configuration: CoordinatorConfiguration
    let store: any Store
    let clock: @Sendable () -> Int
    let randomness: Randomness
    /// In which country an address is, as far as anybody knows.
    let countries: @Sendable (IPAddress) -> CountryCode?
    /// Whose devices may call themselves as the policy calls a device.
    let isAdministrator: @Sendable (PersonRecord, _ groups: Set<GroupName>) -> Bool
    let logger: Logger

    var pool: AddressPool?
    var mesh: Mesh
    var directory = NodeDirectory()
    var feeds: [NodeID: Feed] = [:]
    var lastSeen: [NodeID: Int] = [:]
    /// When a node is to be signed again or its session is over.
    var nodeDeadlines = DeadlineQueue<NodeID>()
    var sessionDeadlines = DeadlineQueue<SessionID>()
    var heartbeats = DeadlineQueue<NodeID>()
    /// By the clock of the last tick.
    var tickedAt = 0
    /// Nodes whose documents could not be signed: they are out of the mesh until that succeeds.
    var unsigned: Set<NodeID> = []
    /// The change log is followed up to here.
    var appliedThrough = 0
    /// Nodes that were written here and taken in at once, with their sessions, up to that change: the log tells nothing new
    /// of them.
    var written: [ChangeRecord.Subject: Int] = [:]
    var isStarted = false
    var isStoreFailing = false
    private let run: String
    private var feedCount = 0

    /// `controlKeys` are further keys that agents may meet, such as one that is being replaced.
    package init(
        store: any Store, signer: any Signer, configuration: CoordinatorConfiguration, policy: Policy,
        controlKeys: [String: Ed25519PublicKey] = [:], clock: @escaping @Sendable () -> Int,
        randomness: Randomness = .system, countries: @escaping @Sendable (IPAddress) -> CountryCode? = { _ in nil },
        isAdministrator: @escaping @Sendable (PersonRecord, _ groups: Set<GroupName>) -> Bool = { _, _ in false },
        logger: Logger
    ) {
        self.store = store
        self.configuration = configuration
        self.clock = clock
        self.randomness = randomness
        self.countries = countries
        self.isAdministrator = isAdministrator
        self.logger = logger
        self.controlKeys = controlKeys.merging([signer.publicKey.thumbprint: signer.publicKey]) { _, own in own }
        run = randomness.token(8)
        mesh = Mesh(configuration: configuration, signer: signer, policy: policy, policyTime: 0)
        directory.names.reserved = policy.namedDevices
    }

    /// Loads what is stored, makes the ULA prefix at the first start, and signs an authorization for every node in session.
    package func start() async throws(CoordinatorError) {
        let now = clock()
        let (configuration, randomness) = (configuration, randomness)
        let loaded = try await write { transaction in
            try Loaded(configuration: configuration, randomness: randomness, now: now, from: transaction)
        }
        guard let ipv6 = loaded.ipv6 else { throw .randomness }
        let pool = try AddressPool(ipv4: configuration.ipv4, ipv6: ipv6)
        mesh.raisePolicyTime(to: loaded.policyTime)
        mesh.useNetworks([configuration.ipv4, ipv6])
        if loaded.storedPolicyTime > loaded.policyTime {
            logger.error(
                "the clock went back: agents refuse policies until it has caught up",
                metadata: ["seconds": "\(loaded.storedPolicyTime - now)"])
        }
        for (session, expiry) in loaded.sessions { sessionDeadlines.set(session, at: expiry) }
        // What changes between two pages is in the log after this.
        appliedThrough = max(appliedThrough, loaded.asOf)
        let count = try await loadNodes(now: now)
        try await catchUp()
        self.pool = pool
        isStarted = true
        logger.info(
            "coordinator started",
            metadata: [
                "nodes": "\(count)", "authorized": "\(mesh.nodes.count)",
                "policy": "\(mesh.policy.revision)", "ipv4": "\(configuration.ipv4)", "ipv6": "\(ipv6)",
            ])
    }

    /// Page by page, so that the records of all nodes are never in memory beside what is kept of them. The number of nodes.
    private func loadNodes(now: Int) async throws(CoordinatorError) -> Int {
        var count = 0
        var last: NodeID?
        repeat {
            let page = try await read { [last] in try NodePage(after: last, from: $0) }
            for facts in page.nodes { settle(facts, asOf: page.asOf, now: now) }
            // Every netmap begins with a snapshot.
            _ = mesh.takeDrafts()
            count += page.nodes.count
            last = page.nodes.last?.record.id
        } while last != nil
        return count
    }

    /// Ends every stream, without a word that agents could take for the end of their session.
    package func stop() {
        for id in feeds.keys {
            feeds[id]?.mailbox?.finish()
            feeds[id]?.mailbox = nil
        }
    }

    /// Puts another policy in force: signs the slices and authorizations that changed, and tells each node whom it sees now
    /// and whom no more.
    package func setPolicy(_ policy: Policy) async {
        let now = clock()
        let old = mesh.policy.revision
        directory.names.reserved = policy.namedDevices
        for id in mesh.setPolicy(policy, now: now) {
            logger.error("no signature for the node under the new policy: node withdrawn", metadata: metadata(of: id))
            withdraw(id, reason: "signed-out")
            unsigned.insert(id)
        }
        flush(now: now)
        logger.info("policy in force", metadata: ["revision": "\(policy.revision)", "was": "\(old)"])
        let time = mesh.policyTime
        do {
            try await write { try $0.setSetting(Self.policyTimeSetting, to: String(time)) }
        } catch { logger.warning("the time of the policy was not stored", metadata: ["error": "\(error.explanation)"]) }
    }

    package var policy: Policy { mesh.policy }

    /// Whose node it is, as logs name people; nil for nobody's.
    package func label(ofNode id: String) -> String? {
        NodeID(id).flatMap { directory.node($0)?.person?.label }
    }

    func newEpoch() -> String {
        feedCount += 1
        return "\(run).\(feedCount)"
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws(CoordinatorError) -> Value {
        do { return try await store.write(body) } catch { throw CoordinatorError(error) }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Value
    ) async throws(CoordinatorError) -> Value {
        do { return try await store.read(body) } catch { throw CoordinatorError(error) }
    }

    func metadata(of id: NodeID) -> Logger.Metadata {
        let facts = directory.node(id)
        return [
            "node": "\(id)", "host": "\(facts?.record.host.text ?? "")", "person": "\(facts?.principal?.label ?? "")",
        ]
    }
}

/// What `start` finds in the store, but for the nodes.
private struct Loaded: Sendable {
    let ipv6: IPPrefix?
    let policyTime: Int
    let storedPolicyTime: Int
    let sessions: [SessionID: Int]
    let asOf: Int

    init(
        configuration: CoordinatorConfiguration, randomness: Randomness, now: Int,
        from transaction: any StoreTransaction
    ) throws {
        let stored = try transaction.setting(AddressPool.prefixSetting).flatMap { IPPrefix($0) }
        ipv6 = configuration.ipv6 ?? stored ?? AddressPool.randomPrefix(from: randomness)
        if configuration.ipv6 == nil, stored == nil, let ipv6 {
            try transaction.setSetting(AddressPool.prefixSetting, to: ipv6.description)
        }
        storedPolicyTime = try transaction.setting(Coordinator.policyTimeSetting).flatMap { Int($0) } ?? 0
        // Later than this an agent would refuse it as not yet valid.
        policyTime = min(max(storedPolicyTime, now), now + Validity.skew)
        try transaction.setSetting(Coordinator.policyTimeSetting, to: String(max(policyTime, storedPolicyTime)))
        sessions = try transaction.openSessionExpiries()
        asOf = try transaction.lastChangeSequence()
    }
}

/// Some of all nodes, read in one transaction.
private struct NodePage: Sendable {
    private static let limit = 256

    let nodes: [NodeFacts]
    let asOf: Int

    init(after id: NodeID?, from reader: any StoreReader) throws {
        var common = CommonValues()
        nodes = try reader.nodes(after: id, limit: Self.limit).map {
            try NodeFacts(reading: $0, from: reader, sharing: &common)
        }
        asOf = try reader.lastChangeSequence()
    }
}

extension CoordinatorError {
    init(_ error: any Error) {
        switch error {
        case let error as CoordinatorError: self = error
        case let error as StoreError: self = .store(error)
        default: self = .store(.backend("\(error)"))
        }
    }
}
