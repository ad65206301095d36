import Foundation
import Synchronization
import Testing

@testable import LinuxNetwork

private func reading(real: Int, monotonic: Int, boot: Int) -> ClockReading {
    ClockReading(realTime: real * 1_000_000_000, monotonic: monotonic * 1_000_000_000, bootTime: boot * 1_000_000_000)
}

@Suite struct `Clocks that are guarded` {
    /// An hour later: all goes on, slept for a minute, set by a minute.
    private static let (later, slept, set) = (
        reading(real: 3700, monotonic: 3600, boot: 3600), reading(real: 3700, monotonic: 3540, boot: 3600),
        reading(real: 3760, monotonic: 3600, boot: 3600)
    )

    @Test(arguments: [
        (later, true, GuardedClocks.Verdict.holds), (later, false, .holds), (slept, false, .fails),
        (set, false, .fails),
        (slept, true, .waits(nanoseconds: GuardedClocks.patience)),
        (set, true, .waits(nanoseconds: GuardedClocks.patience)),
    ])
    func `hold while they agree, and need an agent when they part`(
        _ now: ClockReading, _ agentLives: Bool, _ verdict: GuardedClocks.Verdict
    ) {
        var clocks = GuardedClocks(writtenBy: reading(real: 100, monotonic: 0, boot: 0))
        #expect(clocks.verdict(agentLives: agentLives, at: now) == verdict)
    }

    @Test func `are given up when an agent lives and does nothing, or ends before it did`() {
        var clocks = GuardedClocks(writtenBy: reading(real: 100, monotonic: 0, boot: 0))
        func later(by seconds: Int) -> ClockReading {
            reading(real: 3700 + seconds, monotonic: 3540 + seconds, boot: 3600 + seconds)
        }
        #expect(clocks.verdict(agentLives: true, at: later(by: 0)) == .waits(nanoseconds: 30_000_000_000))
        #expect(clocks.verdict(agentLives: true, at: later(by: 29)) == .waits(nanoseconds: 1_000_000_000))
        var abandoned = clocks
        #expect(abandoned.verdict(agentLives: false, at: later(by: 29)) == .fails)
        var late = clocks
        #expect(late.verdict(agentLives: true, at: later(by: 30)) == .fails)
        clocks.rewrite(by: later(by: 0))
        #expect(clocks.verdict(agentLives: true, at: later(by: 30)) == .holds)
        #expect(clocks.verdict(agentLives: false, at: later(by: 3000)) == .holds)
    }
}

/// An engine with a guard whose clocks a test sets.
private final class GuardedEngine: Sendable {
    let namespace: NetworkNamespace
    let interface: InterfaceName
    let engine: WireGuardProcess
    let clocks = Mutex(reading(real: 100, monotonic: 0, boot: 0))
    private let end = Mutex<TunnelGuard.End?>(nil)

    init() async throws {
        let namespace = try NetworkNamespace("g")
        let name = try #require(InterfaceName("zg\(UInt32.random(in: 0...UInt32.max))"))
        (self.namespace, interface) = (namespace, name)
        engine = try namespace.inside {
            try WireGuardProcess(interface: name, outlivesUs: true, onLine: { _ in }, onExit: { _ in })
        }
        try await engine.waitUntilReady()
    }

    deinit { GuardSocket.remove(of: interface) }

    /// On a thread of its own, until the engine's end.
    func begin() throws {
        let ready = DispatchSemaphore(value: 0)
        let failure = Mutex<(any Error)?>(nil)
        let path = "/var/run/netns/\(namespace.name)"
        Thread.detachNewThread { [self] in
            do {
                try enterNetworkNamespace(path)
                let tunnel = try TunnelGuard(
                    of: engine.process, on: interface, clocks: { [self] in clocks.withLock { $0 } })
                ready.signal()
                let end = tunnel.run()
                self.end.withLock { $0 = end }
            } catch {
                failure.withLock { $0 = error }
                ready.signal()
            }
        }
        ready.wait()
        if let error = failure.withLock({ $0 }) { throw error }
    }

    func ends(with end: TunnelGuard.End) async throws -> Bool {
        try await comes { self.end.withLock { $0 } != nil } && self.end.withLock { $0 } == end
    }
}

@Suite(.enabled(if: missingForLiveTests == nil, "needs root, /dev/net/tun, wireguard-go, nft and python3"), .serialized)
struct `A tunnel's guard` {
    private static let parted = reading(real: 3700, monotonic: 3540, boot: 3600)

    @Test func `kills the engine when the clocks part and its agent is gone`() async throws {
        let guarded = try await GuardedEngine()
        try guarded.begin()
        var agent: GuardLink? = try GuardLink(to: guarded.interface)
        #expect(agent?.isAlive == true)
        guarded.clocks.withLock { $0 = Self.parted }
        #expect(guarded.engine.isRunning)
        agent = nil
        #expect(try await guarded.ends(with: .closed))
        #expect(try await comes { !guarded.engine.isRunning })
        #expect(try !guarded.namespace.run("ip", "link").contains(guarded.interface.text))
        #expect(throws: LinuxNetworkError.self) { try GuardLink(to: guarded.interface) }
    }

    @Test func `lets it live when its agent has written the timeouts anew, until it ends by itself`() async throws {
        let guarded = try await GuardedEngine()
        try guarded.begin()
        // Whoever comes takes the place of who was there: then it listens.
        let former = try GuardLink(to: guarded.interface)
        let first = try GuardLink(to: guarded.interface)
        #expect(try await comes { !former.isAlive })
        // Until it is told, it waits.
        guarded.clocks.withLock { $0 = Self.parted }
        #expect(first.tell(writtenBy: Self.parted) && first.isAlive)
        withExtendedLifetime(first) {}
        for _ in 0..<3 { #expect(try GuardLink(to: guarded.interface).isAlive) }
        #expect(guarded.engine.isRunning)
        let last = try GuardLink(to: guarded.interface)
        await guarded.engine.stop()
        #expect(try await guarded.ends(with: .engineEnded))
        #expect(try await comes { !last.isAlive })
        #expect(!last.tell(writtenBy: Self.parted))
    }

    @Test func `takes whoever says something else for gone`() async throws {
        let guarded = try await GuardedEngine()
        try guarded.begin()
        let stranger = try GuardSocket.connect(to: guarded.interface)
        guarded.clocks.withLock { $0 = Self.parted }
        _ = send(stranger.number, "rewritten", 9, Int32(MSG_NOSIGNAL))
        #expect(try await guarded.ends(with: .closed))
    }

    @Test func `guards no other process, and no engine of another interface`() async throws {
        let guarded = try await GuardedEngine()
        let other = try #require(InterfaceName("zg-other"))
        for (process, interface) in [(getpid(), guarded.interface), (guarded.engine.process, other)] {
            #expect(throws: LinuxNetworkError.engineDied(log: [])) {
                try guarded.namespace.inside {
                    _ = try TunnelGuard(of: process, on: interface, clocks: { Self.parted })
                }
            }
        }
        // Elsewhere it is nobody's.
        #expect(throws: LinuxNetworkError.engineDied(log: [])) {
            _ = try TunnelGuard(of: guarded.engine.process, on: guarded.interface, clocks: { Self.parted })
        }
        await guarded.engine.stop()
    }

    @Test func `that does not start is told`() async throws {
        let guarded = try await GuardedEngine()
        // It has no such options.
        await #expect(throws: LinuxNetworkError.guardDied(log: [])) {
            _ = try await GuardLink.start(
                of: guarded.engine, program: "/bin/true", onLine: { _ in }, onExit: {})
        }
        await guarded.engine.stop()
    }
}
