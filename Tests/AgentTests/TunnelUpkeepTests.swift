import AccessPolicy
import Agent
import Cryptography
import Enforcement
import Foundation
import LinuxNetwork
import Logging
import NetworkAddresses
import Synchronization
import Testing
import Wire

/// Hands on what is logged, with its metadata.
private struct LineHandler: LogHandler {
    let hear: @Sendable (String) -> Void
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    init(_ hear: @escaping @Sendable (String) -> Void) { self.hear = hear }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { hear("\(event.level) \(event.message) \(event.metadata ?? [:])") }
}

/// Does nothing but write down what it was told, in its order, and fail where it is told to.
private final class Outside: Sendable {
    struct State {
        var told: [String] = []
        var failing: Set<String> = []
        var isAltered = false
    }

    struct Failed: Error {}

    let state = Mutex(State())

    func note(_ step: String, _ detail: String = "") throws {
        let fails = state.withLock { state in
            state.told.append(step + detail)
            if step == "replace" { state.isAltered = false }
            return state.failing.contains(step)
        }
        if fails { throw Failed() }
    }

    /// What was told since this was asked last.
    func told() -> [String] {
        state.withLock { state in
            defer { state.told = [] }
            return state.told
        }
    }

    var steps: TunnelSteps {
        TunnelSteps(
            hasRules: { _ in
                try self.note("look")
                return self.state.withLock { !$0.isAltered }
            },
            replaceFilter: { try self.note("replace", " \($0.grants.count)") },
            updateFilter: { try self.note("update", " \($0.grants.count)") },
            differences: { _ in
                try self.note("verify")
                return []
            },
            forget: { try self.note("forget", " \($0.count)") }, arrange: { _, _ in try self.note("arrange") })
    }

    func configure(_ peers: [X25519PublicKey: WireGuardPeer]) throws { try note("configure", " \(peers.count)") }
}

@Suite struct `The upkeep of a tunnel` {
    private let outside = Outside()
    private let upkeep: TunnelUpkeep
    private let closed: TunnelPlan
    /// One peer with one grant, and neither.
    private let (open, empty): (TunnelPlan, TunnelPlan)

    init() async throws {
        let outside = outside
        let interface = try #require(InterfaceName("ztna0"))
        let documents = try Documents()
        func node(_ number: Int) throws -> MeshNode {
            MeshNode(
                try VerifiedNode(
                    verifying: documents.peer(number), keys: documents.keys, server: documents.server, now: 0))
        }
        let rule = Rule(
            name: try RuleName("all"), sources: [.everyone], destinations: [.everyone],
            allow: [try Service(parsing: "tcp/22")])
        let (own, peer) = (try node(1), try node(2))
        let slice = PolicySlice(
            issuer: documents.server, node: own.node, issuedAt: 0, revision: "1", rules: [rule],
            networks: ["100.64.0.0/10", "fd00::/8"].compactMap { IPPrefix($0) })
        func plan(_ view: MeshView?) -> TunnelPlan { TunnelPlan(view, interface: interface, locals: [], now: 0) }
        closed = plan(nil)
        open = plan(MeshView(own: own, peers: [peer.node: peer], policy: slice))
        empty = plan(MeshView(own: own, peers: [:], policy: slice))
        upkeep = TunnelUpkeep(
            outside.steps, now: { 0 }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        await upkeep.begin(behind: closed.filter) { try outside.configure($0) }
    }

    @Test func `lets nobody into the engine before the filter is verified, and takes who is gone out first`()
        async throws
    {
        try await upkeep.bring(to: open)
        #expect(outside.told() == ["update 1", "verify", "arrange", "configure 1"])
        try await upkeep.bring(to: open)
        #expect(outside.told() == [])
        try await upkeep.bring(to: empty)
        #expect(outside.told() == ["configure 0", "update 0", "verify", "forget 1", "configure 0"])
        #expect(await upkeep.verifiedAt == 0)
    }

    @Test func `does not say that it enforces a filter that is not read back yet`() async throws {
        let subject = Mutex<TunnelUpkeep?>(nil)
        let seen = Mutex<[Int?]>([])
        var steps = outside.steps
        steps.updateFilter = { _ in
            guard let upkeep = subject.withLock({ $0 }) else { return }
            let verifiedAt = await upkeep.verifiedAt
            seen.withLock { $0.append(verifiedAt) }
        }
        let upkeep = TunnelUpkeep(
            steps, now: { 7 }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        subject.withLock { $0 = upkeep }
        await upkeep.begin(behind: closed.filter) { _ in }
        for plan in [open, empty] {
            try await upkeep.bring(to: plan)
            #expect(await upkeep.verifiedAt == 7)
        }
        #expect(seen.withLock { $0 } == [nil, nil])
    }

    @Test func `follows and verifies the filter while the engine hangs`() async throws {
        try await upkeep.bring(to: open)
        _ = outside.told()
        outside.state.withLock { $0.failing = ["configure"] }
        for _ in 0..<2 {
            await #expect(throws: Outside.Failed.self) { try await upkeep.bring(to: empty) }
            #expect(outside.told() == ["configure 0", "update 0", "verify"])
            #expect(await upkeep.verifiedAt == nil)
        }
        outside.state.withLock { $0.failing = [] }
        try await upkeep.bring(to: empty)
        #expect(outside.told() == ["configure 0", "update 0", "verify", "forget 1", "configure 0"])
    }

    @Test func `makes an altered table anew before it tells the engine anything, with what is granted now`()
        async throws
    {
        try await upkeep.bring(to: open)
        _ = outside.told()
        outside.state.withLock { $0.isAltered = true }
        await upkeep.noteChange()
        try await upkeep.bring(to: empty)
        #expect(
            outside.told() == ["look", "replace 0", "configure 0", "update 0", "verify", "forget 1", "configure 0"])
        // Somebody else's table.
        await upkeep.noteChange()
        try await upkeep.bring(to: empty)
        #expect(outside.told() == ["look"])
    }

    @Test func `gives an altered table that was left behind the grants of the first view at once`() async throws {
        let left = try #require(open.peers.isEmpty ? nil : empty)
        await upkeep.begin(with: left, behind: left.filter) { try outside.configure($0) }
        outside.state.withLock { $0.isAltered = true }
        await upkeep.noteChange()
        try await upkeep.bring(to: open)
        #expect(outside.told() == ["look", "replace 1", "update 1", "verify", "arrange", "configure 1"])
    }

    @Test(arguments: ["arrange", "forget"])
    func `leaves no filter unverified when a later step fails, however often`(_ step: String) async throws {
        if step == "forget" { try await upkeep.bring(to: open) }
        _ = outside.told()
        outside.state.withLock { $0.failing = [step] }
        for _ in 0..<3 {
            await #expect(throws: Outside.Failed.self) { try await upkeep.bring(to: step == "forget" ? empty : open) }
            let told = outside.told()
            #expect(told.contains("verify") && told.last?.hasPrefix(step) == true)
            #expect(await upkeep.verifiedAt == nil)
        }
    }

    @Test func `reads the filter back each minute, and makes one anew whose members somebody has changed`()
        async throws
    {
        let clock = Mutex(0)
        let found = Mutex<[[String]]>([])
        let logged = Mutex<[String]>([])
        var steps = outside.steps
        steps.differences = { [outside] _ in
            try outside.note("verify")
            return found.withLock { $0.isEmpty ? [] : $0.removeFirst() }
        }
        let upkeep = TunnelUpkeep(
            steps, now: { clock.withLock { $0 } },
            logger: Logger(label: "test") { _ in LineHandler { line in logged.withLock { $0.append(line) } } })
        await upkeep.begin(behind: closed.filter) { _ in }
        try await upkeep.bring(to: open)
        _ = outside.told()
        let looks: [(Int, [String])] = [(59, []), (60, ["verify"]), (119, []), (120, ["verify"]), (60, ["verify"])]
        for (time, told) in looks {
            clock.withLock { $0 = time }
            try await upkeep.bring(to: open)
            #expect(outside.told() == told, "at \(time)")
            #expect(await upkeep.verifiedAt == (told.isEmpty ? time / 60 * 60 : time))
        }
        #expect(logged.withLock { $0 } == [])
        clock.withLock { $0 = 200 }
        found.withLock { $0 = [["any4 has 100.64.0.9 too many"]] }
        try await upkeep.bring(to: open)
        #expect(outside.told() == ["verify", "replace 1", "verify"])
        #expect(await upkeep.verifiedAt == 200)
        #expect(logged.withLock { $0 }.count == 1)
        #expect(logged.withLock { $0 }.last?.contains("any4 has 100.64.0.9 too many") == true)
        // What stays so is not said to be enforced.
        clock.withLock { $0 = 300 }
        found.withLock { $0 = [["it"], ["it"]] }
        await #expect(throws: LinuxNetworkError.self) { try await upkeep.bring(to: open) }
        #expect(await upkeep.verifiedAt == nil)
        try await upkeep.bring(to: open)
        #expect(await upkeep.verifiedAt == 300)
    }

    @Test func `tries again to make a table anew that the kernel did not take`() async throws {
        try await upkeep.bring(to: open)
        _ = outside.told()
        await upkeep.noteClockJump()
        outside.state.withLock { $0.failing = ["replace"] }
        for _ in 0..<2 {
            await #expect(throws: Outside.Failed.self) { try await upkeep.bring(to: open) }
            #expect(outside.told() == ["replace 1"])
        }
        outside.state.withLock { $0.failing = [] }
        try await upkeep.bring(to: open)
        #expect(outside.told().prefix(2) == ["replace 1", "verify"])
    }

    @Test func `makes a table anew that cannot be looked at, and looks again`() async throws {
        try await upkeep.bring(to: open)
        _ = outside.told()
        outside.state.withLock { $0.failing = ["look"] }
        await upkeep.noteChange()
        try await upkeep.bring(to: open)
        #expect(outside.told().prefix(2) == ["look", "replace 1"])
        outside.state.withLock { $0.failing = [] }
        try await upkeep.bring(to: open)
        #expect(outside.told() == ["look"])
    }

    @Test func `lets a tunnel that was left stay while its filter is whole`() async throws {
        await upkeep.begin(with: empty, behind: empty.filter) { try outside.configure($0) }
        #expect(try await upkeep.mayStay { _ in false })
        await upkeep.noteChange()
        #expect(try await upkeep.mayStay { _ in true })
        await upkeep.noteChange()
        #expect(try await !upkeep.mayStay { _ in false })
        await upkeep.noteClockJump()
        #expect(try await !upkeep.mayStay { _ in true })
    }
}
