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
///
/// Engine and filter outlive an agent that is killed, and the filter ends every grant at its moment; the next agent takes
/// them over where they are whole, and replaces them where they are not. Source: DESIGN §9.
package actor DataPlane {
    let interface: InterfaceName
    private let privateKey: X25519PrivateKey
    private let listenPort: UInt16
    private let attempts: AttemptLog
    private let spool: AttemptSpool?
    private let checksEgress: Bool
    let environment: AgentEnvironment
    private let logger: Logger

    private let filter: PacketFilter
    private let routes: RouteNetlink
    private let tracking: ConnectionTracking
    /// Remembers what the engine was told, so each engine has its own.
    private var device: WireGuardDevice
    private var engine: WireGuardProcess?
    let attemptReading: AttemptReading

    private var view: MeshView?
    private var wasOffered = false
    private var applied: TunnelPlan?
    private var isSetUp = false
    /// Engine and filter are those that an agent before this one left, until the first view comes, or this second.
    private var keepsLeftUntil: Int?
    /// What is to be taken down at the end: nothing of another agent's, and no interface that was there before.
    private var (holdsFilter, holdsInterface) = (false, false)
    private var tunnel = Tunnel.starting
    private var verifiedAt: Int?
    private var problem: Problem?
    /// Timeouts were set by clocks that have parted since.
    private var isToRewrite = false
    private var steppedAt = 0
    /// Somebody changed the kernel's rule sets.
    private var isToCompare = false
    private let changes: AsyncStream<Void>
    private nonisolated let wake: AsyncStream<Void>.Continuation
    nonisolated let grantClock = Mutex(GrantClock())
    /// A view that was offered and not taken over yet.
    private nonisolated let newest = Mutex<MeshView??>(nil)

    enum Tunnel: String { case starting, up, down, failed }

    /// Checks what it needs first. Errors: `LinuxNetworkError`: `notRoot`, `noTUN`, `system`.
    package init(
        interface: InterfaceName, privateKey: X25519PrivateKey, listenPort: UInt16, attempts: AttemptLog,
        spool: AttemptSpool? = nil, told: ToldAttempts? = nil, checksEgress: Bool = false,
        environment: AgentEnvironment, logger: Logger
    ) throws(LinuxNetworkError) {
        try Privileges.require()
        self.interface = interface
        self.privateKey = privateKey
        self.listenPort = listenPort
        self.attempts = attempts
        self.spool = spool
        self.checksEgress = checksEgress
        self.environment = environment
        self.logger = logger
        filter = try PacketFilter()
        attemptReading = AttemptReading(filter: filter, attempts: attempts, spool: spool, told: told, logger: logger)
        routes = try RouteNetlink()
        tracking = try ConnectionTracking()
        device = WireGuardDevice(interface)
        (changes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Takes a view over soon; an older one that still waits is dropped.
    package nonisolated func offer(_ view: MeshView?) {
        newest.withLock { $0 = .some(view) }
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

    /// Each second, at its beginning: wakes the loop when something is due without a new view, or when the clocks parted.
    private func tick() async {
        var watch = ClockWatch()
        var wasHeld = false
        while !Task.isCancelled {
            let reading = clocks()
            let isHeld = grantClock.withLock { $0.isHeld }
            if isHeld, !wasHeld {
                logger.notice("the clock was set back: what has ended stays ended until the server tells the time")
            }
            wasHeld = isHeld
            if let jump = watch.observe(reading) {
                logger.notice("the clock was set, or the machine slept", metadata: ["jump": "\(jump)"])
                isToRewrite = true
            }
            attempts.tellRepetitions()
            await attemptReading.countLosses()
            if verifiedAt != nil || keepsLeftUntil != nil, (try? await filter.mayHaveBeenAltered()) == true {
                isToCompare = true
            }
            if isToRewrite || isToCompare || isDue(at: reading.seconds) { wake.yield() }
            do { try await environment.sleep(.milliseconds(1001 - reading.milliseconds)) } catch { break }
        }
        wake.finish()
    }

    /// A grant begins or ends, or nobody has looked for ten seconds (for two, while something is wrong).
    private func isDue(at now: Int) -> Bool {
        if let next = applied?.rules.nextChange, next <= now { return true }
        return abs(now - steppedAt) >= (problem == nil ? 10 : 2)
    }

    private func step() async {
        guard !Task.isCancelled else { return }
        steppedAt = clocks().seconds
        let offered = newest.withLock { newest in
            defer { newest = nil }
            return newest
        }
        if let offered {
            view = offered
            wasOffered = true
            keepsLeftUntil = nil
            attempts.setView(view)
        }
        do {
            try await start()
            try await apply()
            await attemptReading.countLosses()
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

    /// The filter first, then the engine behind it; or both as they were left.
    private func start() async throws {
        if let engine, engine.isRunning { return }
        engine = nil
        isSetUp = false
        applied = nil
        verifiedAt = nil
        tunnel = .starting
        keepsLeftUntil = nil
        let logger = logger
        let wake = wake
        let onExit: @Sendable (WireGuardExit) -> Void = { exit in
            let status = exit.status.map(String.init) ?? "unknown"
            logger.notice("the engine ended", metadata: ["status": "\(status)"])
            wake.yield()
        }
        let left = try WireGuardProcess.left(on: interface, onExit: onExit)
        holdsFilter = true
        holdsInterface = left != nil
        if let left, try await adopt(left) { return }
        await attemptReading.countUnattended()
        let closed = TunnelPlan(nil, interface: interface, locals: [], now: clocks().seconds)
        try await filter.replace(with: closed.filter, now: FilterTime(clocks()))
        if let left {
            await left.stop()
            try await routes.remove(interface)
        }
        try await attemptReading.start()
        let started = try WireGuardProcess(
            interface: interface, outlivesUs: true, onLine: { logger.debug("engine", metadata: ["line": "\($0)"]) },
            onExit: onExit)
        do { try await started.waitUntilReady() } catch {
            await started.stop()
            throw error
        }
        device = WireGuardDevice(interface, of: started.process)
        engine = started
        holdsInterface = true
    }

    /// Takes over what an agent before this one left. False: it has to be replaced.
    private func adopt(_ left: WireGuardProcess) async throws -> Bool {
        let found = try await LeftTunnel(
            behind: left, on: interface, privateKey: privateKey, routes: routes, filter: filter,
            checksEgress: checksEgress)
        guard let found else { return false }
        device = found.device
        engine = left
        applied = found.plan
        keepsLeftUntil = wasOffered ? nil : clocks().seconds + Self.longestKept
        logger.notice("took over the engine that was left", metadata: ["process": "\(left.process)"])
        return true
    }

    /// Seconds: as long as a node authorization lives, so that no peer stays for longer than it could have.
    private static let longestKept = 3600

    /// Until the first view what was left stays as it is, as after a crash with the server out of reach: running transfers
    /// go on, and the kernel ends each grant. Not when the clocks have parted, or when somebody has changed the filter.
    private func keepsLeft(at now: Int) async throws -> Bool {
        guard let end = keepsLeftUntil, let applied else { return false }
        keepsLeftUntil = nil
        guard now < end, !isToRewrite else { return false }
        if isToCompare {
            isToCompare = false
            guard try await filter.isWhole(like: applied.filter) else { return false }
        }
        keepsLeftUntil = end
        return true
    }

    private func apply() async throws {
        let now = clocks().seconds
        if try await keepsLeft(at: now) { return }
        // Not before: of what comes without a view nobody is told, but how much it was.
        var unheard: (any Error)?
        do { try await attemptReading.start() } catch { unheard = error }
        let locals = try await routes.addresses().map {
            EndpointChoice.Local(address: $0.address, length: $0.length, interface: $0.interface)
        }
        let plan = TunnelPlan(view, interface: interface, locals: locals, checksEgress: checksEgress, now: now)
        // Other programs change their own tables all the time: whether ours is whole is cheap to see.
        if isToCompare {
            isToCompare = false
            if try await !filter.hasRules(of: (applied ?? plan).filter) {
                verifiedAt = nil
                // Before anything else is done with no filter in front of it.
                if let applied { try await verify(applied) }
            }
        }
        guard plan != applied || verifiedAt == nil || isToRewrite else {
            if let verifiedAt, abs(now - verifiedAt) >= 60 { try await verify(plan) }
            return
        }
        // An engine that does not answer keeps no grant alive: the filter follows all the same.
        if let applied { do { try await revoke(from: applied, to: plan) } catch { unheard = error } }
        if isToRewrite {
            isToRewrite = false
            do { try await filter.replace(with: plan.filter, now: FilterTime(clocks())) } catch {
                isToRewrite = true
                throw error
            }
        } else {
            try await filter.update(to: plan.filter, now: FilterTime(clocks()))
        }
        // What comes next may fail, and has failed before: the filter is looked at all the same.
        if unheard != nil || problem != nil { try await verify(plan) }
        if let unheard { throw unheard }
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
        let now = clocks().seconds
        var differences = try await filter.differences(from: plan.filter, now: now)
        if !differences.isEmpty {
            verifiedAt = nil
            logger.warning(
                "the kernel's rule set was not ours and is replaced",
                metadata: ["differences": "\(differences.prefix(5).joined(separator: "; "))"])
            try await filter.replace(with: plan.filter, now: FilterTime(clocks()))
            differences = try await filter.differences(from: plan.filter, now: clocks().seconds)
        }
        guard differences.isEmpty else {
            throw LinuxNetworkError.filter("the rule set differs: \(differences.prefix(3).joined(separator: "; "))")
        }
        verifiedAt = clocks().seconds
    }

    private func configuration(_ peers: [X25519PublicKey: WireGuardPeer]) -> WireGuardConfiguration {
        WireGuardConfiguration(privateKey: privateKey, listenPort: listenPort, peers: peers)
    }

    /// The interface before the filter, so that nothing passes unfiltered in between.
    private func tearDown() async {
        await engine?.stop()
        engine = nil
        keepsLeftUntil = nil
        await attemptReading.countLosses()
        await attemptReading.close()
        attempts.tellRepetitions(all: true)
        await spool?.flush()
        guard holdsFilter else { return }
        do {
            if let applied { _ = try await tracking.deleteEntries(of: applied.rules.egress) }
            if holdsInterface { try await routes.remove(interface) }
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
}
