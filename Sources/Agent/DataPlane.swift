package import Cryptography
package import Enforcement
package import LinuxNetwork
package import Logging
internal import NetworkAddresses
internal import StrictJSON
internal import Synchronization

/// Brings kernel and engine to what the newest view says, and keeps them there: one task, newest view wins.
///
/// Order, so that nothing is ever open by accident: the filter (which drops by default) stands before the interface exists
/// and goes last; who is no longer permitted loses the tunnel first, then the grants, then the running connections.
/// Source: DESIGN §9.
package actor DataPlane {
    let interface: InterfaceName
    private let privateKey: X25519PrivateKey
    private let listenPort: UInt16
    private let attempts: AttemptLog
    private let environment: AgentEnvironment
    private let logger: Logger

    private let filter: PacketFilter
    private let routes: RouteNetlink
    private let tracking: ConnectionTracking
    /// Remembers what the engine was told, so each engine has its own.
    private var device: WireGuardDevice
    private var engine: WireGuardProcess?
    private var packetLog: PacketLog?

    private var view: MeshView?
    private var applied: TunnelPlan?
    private var isSetUp = false
    private var tunnel = Tunnel.starting
    private var verifiedAt: Int?
    private var problem: Problem?
    private let changes: AsyncStream<Void>
    private nonisolated let wake: AsyncStream<Void>.Continuation
    private nonisolated let newest = Mutex<MeshView?>(nil)

    enum Tunnel: String { case starting, up, down, failed }

    /// Checks what it needs first. Errors: `LinuxNetworkError`: `notRoot`, `noTUN`, `system`.
    package init(
        interface: InterfaceName, privateKey: X25519PrivateKey, listenPort: UInt16, attempts: AttemptLog,
        environment: AgentEnvironment, logger: Logger
    ) throws(LinuxNetworkError) {
        try Privileges.require()
        self.interface = interface
        self.privateKey = privateKey
        self.listenPort = listenPort
        self.attempts = attempts
        self.environment = environment
        self.logger = logger
        filter = try PacketFilter()
        routes = try RouteNetlink()
        tracking = try ConnectionTracking()
        device = WireGuardDevice(interface)
        (changes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes a view over soon; an older one that still waits is dropped.
    package nonisolated func offer(_ view: MeshView?) {
        newest.withLock { $0 = view }
        wake.yield()
    }

    /// Returns when the task is cancelled; then nothing of ours is left in the kernel.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.tick() }
            wake.yield()
            for await _ in changes { await step() }
            group.cancelAll()
        }
        await tearDown()
    }

    /// Wakes the loop at each moment at which something may have to be done without a new view.
    private func tick() async {
        while !Task.isCancelled {
            let pause = problem == nil ? untilNextChange() : 2
            do { try await environment.sleep(.seconds(pause)) } catch { break }
            wake.yield()
        }
        wake.finish()
    }

    /// Seconds; at most ten, as the clock may be set.
    private func untilNextChange() -> Int {
        guard let next = applied?.rules.nextChange else { return 10 }
        return min(max(next - environment.now(), 1), 10)
    }

    private func step() async {
        guard !Task.isCancelled else { return }
        view = newest.withLock { $0 }
        attempts.setView(view)
        do {
            try await start()
            try await apply()
            if problem != nil { logger.notice("the tunnel works again") }
            problem = nil
        } catch {
            let new = Problem("The tunnel: \(error)", remedy: "See the agent's log; the agent tries again.")
            if new != problem { logger.error("the tunnel does not work", metadata: ["error": "\(error)"]) }
            problem = new
            verifiedAt = nil
            tunnel = .failed
        }
    }

    /// The filter first, then the engine behind it.
    private func start() async throws {
        if let engine, engine.isRunning { return }
        engine = nil
        isSetUp = false
        applied = nil
        verifiedAt = nil
        tunnel = .starting
        let closed = TunnelPlan(nil, interface: interface, locals: [], now: environment.now())
        try await filter.replace(with: closed.filter, now: FilterTime(environment.now()))
        if packetLog == nil {
            let attempts = attempts
            packetLog = try PacketLog(group: TunnelPlan.logGroup) { packet in
                attempts.record(ConnectionAttempt(packet))
            }
        }
        let logger = logger
        let wake = wake
        let started = try WireGuardProcess(
            interface: interface, onLine: { logger.debug("engine", metadata: ["line": "\($0)"]) },
            onExit: { exit in
                logger.notice("the engine ended", metadata: ["status": "\(exit.status)"])
                wake.yield()
            })
        do { try await started.waitUntilReady() } catch {
            await started.stop()
            throw error
        }
        device = WireGuardDevice(interface)
        engine = started
    }

    private func apply() async throws {
        let now = environment.now()
        let locals = try await routes.addresses().map {
            EndpointChoice.Local(address: $0.address, length: $0.length, interface: $0.interface)
        }
        let plan = TunnelPlan(view, interface: interface, locals: locals, now: now)
        guard plan != applied || verifiedAt == nil else {
            if let verifiedAt, now - verifiedAt >= 60 { try await verify(plan) }
            return
        }
        if let applied { try await revoke(from: applied, to: plan) }
        try await filter.update(to: plan.filter, now: FilterTime(now + 1))
        if let applied {
            let gone = applied.rules.egress.subtracting(plan.rules.egress)
            if !gone.isEmpty { _ = try await tracking.deleteEntries(of: gone) }
        }
        try await arrange(plan)
        try await device.apply(configuration(plan.peers))
        for node in plan.rules.conflicts where applied?.rules.conflicts.contains(node) != true {
            logger.warning("a node claims another's address or key and is left out", metadata: ["node": "\(node)"])
        }
        applied = plan
        tunnel = plan.addresses.isEmpty ? .down : .up
        try await verify(plan)
    }

    /// Takes the tunnel from whoever is no longer a peer, before anything else.
    private func revoke(from old: TunnelPlan, to new: TunnelPlan) async throws {
        let kept = old.peers.filter { new.peers[$0.key] != nil }
        if kept.count < old.peers.count { try await device.apply(configuration(kept)) }
    }

    /// Addresses and routes; the interface comes up last.
    private func arrange(_ plan: TunnelPlan) async throws {
        guard !isSetUp || plan.addresses != applied?.addresses || plan.filter.overlay != applied?.filter.overlay else {
            return
        }
        for address in applied?.addresses ?? [] where !plan.addresses.contains(address) {
            try await routes.removeAddress(address, length: address.width, from: interface)
        }
        for address in plan.addresses { try await routes.addAddress(address, length: address.width, to: interface) }
        try await routes.bringUp(interface, mtu: TunnelPlan.mtu)
        for prefix in applied?.filter.overlay ?? [] where !plan.filter.overlay.contains(prefix) {
            try await routes.removeRoute(prefix, through: interface)
        }
        for prefix in plan.filter.overlay {
            try await routes.addRoute(
                prefix, through: interface, source: plan.addresses.first { $0.isV4 == prefix.address.isV4 })
        }
        isSetUp = true
    }

    /// Reads the rule set back; what differs is repaired once and said. Errors: when it differs even then.
    private func verify(_ plan: TunnelPlan) async throws {
        let now = environment.now()
        var differences = try await filter.differences(from: plan.filter, now: now)
        if !differences.isEmpty {
            verifiedAt = nil
            logger.warning(
                "the kernel's rule set was not ours and is replaced",
                metadata: ["differences": "\(differences.prefix(5).joined(separator: "; "))"])
            try await filter.replace(with: plan.filter, now: FilterTime(now + 1))
            differences = try await filter.differences(from: plan.filter, now: environment.now())
        }
        guard differences.isEmpty else {
            throw LinuxNetworkError.filter("the rule set differs: \(differences.prefix(3).joined(separator: "; "))")
        }
        verifiedAt = environment.now()
    }

    private func configuration(_ peers: [X25519PublicKey: WireGuardPeer]) -> WireGuardConfiguration {
        WireGuardConfiguration(privateKey: privateKey, listenPort: listenPort, peers: peers)
    }

    /// The interface before the filter, so that nothing passes unfiltered in between.
    private func tearDown() async {
        await engine?.stop()
        engine = nil
        packetLog?.close()
        packetLog = nil
        do {
            if let applied { _ = try await tracking.deleteEntries(of: applied.rules.egress) }
            try await routes.remove(interface)
            try await filter.removeTable()
        } catch { logger.error("not all is cleaned up: run ztna-agent cleanup", metadata: ["error": "\(error)"]) }
    }
}

extension DataPlane {
    /// The members of `status` that the tunnel knows.
    func statusMembers() -> [String: JSON] {
        var members: [String: JSON] = [
            "enforcing": .bool(verifiedAt != nil), "tunnel": .string(tunnel.rawValue),
            "interface": .string(interface.text),
        ]
        if let verifiedAt { members["checked_at"] = .integer(verifiedAt) }
        if let problem {
            members["problem"] = .string(problem.message)
            members["remedy"] = .string(problem.remedy)
        }
        return members
    }

    /// What the engine knows of each peer, as members of `peers`.
    func peerStatus() async -> [X25519PublicKey: [String: JSON]] {
        guard engine != nil, let status = try? await device.status() else { return [:] }
        return status.peers.mapValues { peer in
            var members: [String: JSON] = [
                "received": .integer(Int(clamping: peer.received)), "sent": .integer(Int(clamping: peer.sent)),
            ]
            if let endpoint = peer.endpoint { members["endpoint"] = .string(endpoint.description) }
            if let last = peer.lastHandshake { members["last_handshake"] = .integer(last) }
            return members
        }
    }

    var losses: Int { packetLog.map { $0.losses.overruns + $0.losses.unreadable } ?? 0 }
}

extension ConnectionAttempt {
    init(_ packet: LoggedPacket) {
        let outcome: Outcome =
            switch packet.verdict {
            case .allowed: .allowed
            case .deniedInbound: .refusedInbound
            case .noPeer: .refusedWithoutPeer
            case .deniedOutbound: .refusedOutbound
            case .leaving: .leaving
            }
        self.init(
            source: packet.header.source, destination: packet.header.destination,
            protocolNumber: packet.header.protocolNumber, port: packet.header.destinationPort, outcome: outcome)
    }
}
