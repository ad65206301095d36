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
/// them over where they are whole, and replaces them where they are not. A guard beside the engine ends it when the filter can
/// no longer keep time, and no agent is there. Source: DESIGN §9.
package actor DataPlane {
    let interface: InterfaceName
    private let privateKey: X25519PrivateKey
    private let listenPort: UInt16
    private let attempts: AttemptLog
    private let spool: AttemptSpool?
    private let executable: String
    private let checksEgress: Bool
    let environment: AgentEnvironment
    private let logger: Logger

    private let filter: PacketFilter
    private let routes: RouteNetlink
    private let tracking: ConnectionTracking
    /// Remembers what the engine was told, so each engine has its own.
    private var device: WireGuardDevice
    private let upkeep: TunnelUpkeep
    private let tunnelInterface: TunnelInterface
    private let guarding: TunnelGuarding
    private let clockChanges: ClockChanges
    private var engine: WireGuardProcess?
    let attemptReading: AttemptReading

    private var view: MeshView?
    private var wasOffered = false
    private var locals: [EndpointChoice.Local] = []
    private var planned: PlanInForce?
    private var nextChange: Int?
    /// Engine and filter are those that an agent before this one left, until the first view comes, or this second.
    private var keepsLeftUntil: Int?
    /// What is to be taken down at the end: nothing of another agent's, and no interface that was there before.
    private var (holdsFilter, holdsInterface) = (false, false)
    private var tunnel = Tunnel.starting
    private var problem: Problem?
    private var steppedAt = 0
    /// When an engine was started last.
    private var startedAt = 0
    private let changes: AsyncStream<Void>
    private nonisolated let wake: AsyncStream<Void>.Continuation
    private nonisolated let time: GrantTime
    /// A view that was offered and not taken over yet.
    private nonisolated let newest = Mutex<MeshView??>(nil)

    enum Tunnel: String { case starting, up, down, failed }

    /// Checks what it needs first. Errors: `LinuxNetworkError`: `notRoot`, `noTUN`, `system`.
    package init(
        interface: InterfaceName, privateKey: X25519PrivateKey, listenPort: UInt16, attempts: AttemptLog,
        spool: AttemptSpool? = nil, told: ToldAttempts? = nil, checksEgress: Bool = false,
        engine executable: String = WireGuardProcess.defaultExecutable,
        guardProgram: String = GuardLink.defaultProgram, environment: AgentEnvironment, logger: Logger
    ) throws(LinuxNetworkError) {
        try Privileges.require()
        self.interface = interface
        self.privateKey = privateKey
        self.listenPort = listenPort
        self.attempts = attempts
        self.spool = spool
        self.checksEgress = checksEgress
        self.executable = executable
        self.environment = environment
        self.logger = logger
        filter = try PacketFilter()
        attemptReading = AttemptReading(filter: filter, attempts: attempts, spool: spool, told: told, logger: logger)
        routes = try RouteNetlink()
        tracking = try ConnectionTracking()
        device = WireGuardDevice(interface)
        let time = GrantTime(environment.clocks)
        let tunnelInterface = TunnelInterface(name: interface, routes: routes)
        self.time = time
        self.tunnelInterface = tunnelInterface
        let (changes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (self.changes, self.wake) = (changes, wake)
        clockChanges = try ClockChanges()
        let guarding = TunnelGuarding(
            program: guardProgram, writtenBy: time.both(), logger: logger, onEnd: { wake.yield() })
        self.guarding = guarding
        upkeep = TunnelUpkeep(
            TunnelSteps(
                filter: filter, interface: tunnelInterface, tracking: tracking, time: time, guarding: guarding),
            now: { time.reading().seconds }, logger: logger)
    }

    /// Takes a view over soon; an older one that still waits is dropped.
    package nonisolated func offer(_ view: MeshView?) {
        newest.withLock { $0 = .some(view) }
        wake.yield()
    }

    /// The server's own time, in seconds since the epoch, as it told it just now.
    package nonisolated func hear(serverTime: Int) { time.hear(serverTime: serverTime) }

    /// Returns when the task is cancelled; then nothing of ours is left in the kernel.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.tick() }
            group.addTask { for await _ in self.clockChanges.changes { await self.lookAtClocks() } }
            wake.yield()
            for await _ in changes { await step() }
            group.cancelAll()
        }
        await tearDown()
    }

    /// The clocks may have parted: what was written by them is written anew. A wall clock that was set back moves nothing, as
    /// time is held here: then the guard is told that the timeouts are right as they are.
    private func lookAtClocks() async {
        let reading = time.both()
        switch guarding.verdict(at: reading) {
        case .hold: break
        case .areWrong(let jump):
            logger.notice("the clock was set, or the machine slept", metadata: ["jump": "\(jump)"])
            await upkeep.noteClockJump()
            wake.yield()
        case .areRight: if await !upkeep.isToRewrite { guarding.note(rightAt: reading) }
        }
    }

    /// Each second, at its beginning: wakes the loop when something is due without a new view.
    private func tick() async {
        var wasHeld = false
        while !Task.isCancelled {
            await lookAtClocks()
            let reading = time.reading()
            let isHeld = time.isHeld
            if isHeld, !wasHeld {
                logger.notice("the clock was set back: what has ended stays ended until the server tells the time")
            }
            wasHeld = isHeld
            if engine != nil, !guarding.isAlive { wake.yield() }
            attempts.tellRepetitions()
            await attemptReading.countLosses()
            if await upkeep.verifiedAt != nil || keepsLeftUntil != nil,
                (try? await filter.mayHaveBeenAltered()) == true
            {
                await upkeep.noteChange()
            }
            let isTime = isDue(at: reading.seconds)
            if await upkeep.isDue || isTime { wake.yield() }
            do { try await environment.sleep(.milliseconds(1001 - reading.milliseconds)) } catch { break }
        }
        wake.finish()
    }

    /// A grant begins or ends, or nobody has looked for ten seconds (for two, while something is wrong).
    private func isDue(at now: Int) -> Bool {
        if let nextChange, nextChange <= now { return true }
        return abs(now - steppedAt) >= (problem == nil ? 10 : 2)
    }

    private func step() async {
        guard !Task.isCancelled else { return }
        steppedAt = time.reading().seconds
        let offered = newest.withLock { newest in
            defer { newest = nil }
            return newest
        }
        if let offered {
            (view, planned) = (offered, nil)
            wasOffered = true
            keepsLeftUntil = nil
            attempts.setView(view)
        }
        do {
            try await start()
            try await apply()
            await attemptReading.countLosses()
            // What is enforced does not wait for a guard that cannot be had.
            if let engine { try await guarding.ensure(for: engine, within: .seconds(2)) }
            if problem != nil { logger.notice("the tunnel works again") }
            problem = nil
        } catch {
            let new = Problem("The tunnel: \(error)", remedy: "See the agent's log; the agent tries again.")
            if new != problem { logger.error("the tunnel does not work", metadata: ["error": "\(error)"]) }
            problem = new
            tunnel = .failed
        }
    }

    /// The filter first, then the engine behind it; or both as they were left.
    private func start() async throws {
        if let engine, engine.isRunning { return }
        engine = nil
        let closed = TunnelPlan(nil, interface: interface, locals: [], now: 0).filter
        await upkeep.begin(behind: closed, configure: configuring(device))
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
        let reading = time.both()
        try await filter.replace(with: closed, now: FilterTime(reading.grants))
        guarding.note(writtenBy: reading)
        if let left {
            await left.stop()
            try await routes.remove(interface)
        }
        await guarding.forget(interface)
        try await attemptReading.start()
        // One that ends at once is not started again at once.
        let pause = startedAt + 2 - time.reading().seconds
        if (1...2).contains(pause) { try await environment.sleep(.seconds(pause)) }
        startedAt = time.reading().seconds
        let started = try WireGuardProcess(
            interface: interface, executable: executable, outlivesUs: true,
            onLine: { logger.debug("engine", metadata: ["line": "\($0)"]) },
            onExit: onExit)
        do {
            try await started.waitUntilReady()
            try await guarding.ensure(for: started)
        } catch {
            await started.stop()
            throw error
        }
        device = WireGuardDevice(interface, of: started.process)
        await upkeep.begin(behind: closed, configure: configuring(device))
        engine = started
        holdsInterface = true
    }

    /// Takes over what an agent before this one left. False: it has to be replaced.
    private func adopt(_ left: WireGuardProcess) async throws -> Bool {
        let found = try await LeftTunnel(
            behind: left, on: interface, privateKey: privateKey, routes: routes, filter: filter,
            executable: executable, checksEgress: checksEgress)
        guard let found, guarding.join(interface) else { return false }
        device = found.device
        engine = left
        await upkeep.begin(with: found.plan, behind: found.plan.filter, configure: configuring(device))
        nextChange = nil
        keepsLeftUntil = wasOffered ? nil : time.reading().seconds + Self.longestKept
        logger.notice("took over the engine that was left", metadata: ["process": "\(left.process)"])
        return true
    }

    /// Seconds: as long as a node authorization lives, so that no peer stays for longer than it could have.
    private static let longestKept = 3600

    /// Until the first view what was left stays as it is, as after a crash with the server out of reach: running transfers
    /// go on, and the kernel ends each grant. Not when the clocks have parted, or when somebody has changed the filter.
    private func keepsLeft(at now: Int) async throws -> Bool {
        guard let end = keepsLeftUntil else { return false }
        keepsLeftUntil = nil
        guard now < end, try await upkeep.mayStay({ [filter] in try await filter.isWhole(like: $0) }) else {
            return false
        }
        keepsLeftUntil = end
        return true
    }

    private func apply() async throws {
        let now = time.reading().seconds
        if try await keepsLeft(at: now) { return }
        // Not before: of what comes without a view nobody is told, but how much it was.
        var unread: (any Error)?
        do { try await attemptReading.start() } catch { unread = error }
        // Where they cannot be read, those that were known last: the filter does not wait for them.
        if let found = try? await tunnelInterface.locals() { locals = found }
        let plan = plan(at: now)
        try await upkeep.bring(to: plan)
        nextChange = plan.rules.nextChange
        tunnel = plan.addresses.isEmpty ? .down : .up
        if let unread { throw unread }
    }

    private func plan(at now: Int) -> TunnelPlan {
        if let planned, planned.holds(for: locals, at: now) { return planned.plan }
        let plan = TunnelPlan(view, interface: interface, locals: locals, checksEgress: checksEgress, now: now)
        planned = PlanInForce(plan: plan, locals: locals, madeAt: now)
        return plan
    }

    /// How the engine on that device is told its peers.
    private func configuring(_ device: WireGuardDevice) -> TunnelUpkeep.Configure {
        let (privateKey, listenPort) = (privateKey, listenPort)
        return { peers in
            try await device.apply(
                WireGuardConfiguration(privateKey: privateKey, listenPort: listenPort, peers: peers))
        }
    }

    /// The interface before the filter, so that nothing passes unfiltered in between.
    private func tearDown() async {
        if let engine {
            await engine.stop()
            await guarding.forget(interface)
        }
        engine = nil
        keepsLeftUntil = nil
        await attemptReading.countLosses()
        await attemptReading.close()
        attempts.tellRepetitions(all: true)
        await spool?.flush()
        guard holdsFilter else { return }
        do {
            if let applied = await upkeep.applied { _ = try await tracking.deleteEntries(of: applied.rules.egress) }
            if holdsInterface { try await routes.remove(interface) }
            try await filter.removeTable()
            await attemptReading.tableIsGone()
        } catch { logger.error("not all is cleaned up: run ztna-agent cleanup", metadata: ["error": "\(error)"]) }
    }
}

extension DataPlane {
    /// The members of `status` that the tunnel knows.
    func statusMembers() async -> [String: JSON] {
        let verifiedAt = await upkeep.verifiedAt
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
