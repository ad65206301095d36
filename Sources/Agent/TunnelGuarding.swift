internal import LinuxNetwork
internal import Logging
internal import Synchronization

/// The agent's side of the tunnel's guard: it is there before the engine has peers, and is told the clocks of each rewrite.
final class TunnelGuarding: Sendable {
    private struct State {
        var link: GuardLink?
        var timeouts: WrittenTimeouts
    }

    private let program: String
    private let logger: Logger
    private let onEnd: @Sendable () -> Void
    private let state: Mutex<State>

    init(
        program: String, writtenBy reading: GrantReading, logger: Logger, onEnd: @escaping @Sendable () -> Void
    ) {
        self.program = program
        self.logger = logger
        self.onEnd = onEnd
        state = Mutex(State(timeouts: WrittenTimeouts(by: reading)))
    }

    /// All timeouts were written anew, by clocks that were read before.
    func note(writtenBy reading: GrantReading) {
        state.withLock { state in
            if state.timeouts.rewrite(by: reading) { state.link?.tell(writtenBy: reading.machine) }
        }
    }

    /// The timeouts were found right at that moment, as they are.
    func note(rightAt reading: GrantReading) {
        state.withLock { state in
            if state.timeouts.confirm(at: reading) { state.link?.tell(writtenBy: reading.machine) }
        }
    }

    /// Whether the timeouts are still right.
    func verdict(at reading: GrantReading) -> WrittenTimeouts.Verdict {
        state.withLock { $0.timeouts.verdict(at: reading) }
    }

    var isAlive: Bool { state.withLock { $0.link?.isAlive == true } }

    /// Starts one for that engine, unless it has one.
    func ensure(for engine: WireGuardProcess, within limit: Duration = .seconds(10)) async throws {
        guard !isAlive else { return }
        let (logger, onEnd) = (logger, onEnd)
        let link = try await GuardLink.start(
            of: engine, program: program, within: limit,
            onLine: { logger.notice("the tunnel's guard", metadata: ["line": "\($0)"]) }, onExit: onEnd)
        state.withLock { state in
            state.link = link
            link.tell(writtenBy: state.timeouts.machine)
        }
    }

    /// Takes over the guard of an engine that was left, with the clocks it knows. False: there is none.
    func join(_ interface: InterfaceName) -> Bool {
        guard let link = try? GuardLink(to: interface) else { return false }
        state.withLock { $0.link = link }
        return true
    }

    /// The engine has ended, and the guard with it.
    func forget(_ interface: InterfaceName) async {
        let last = state.withLock { state in
            defer { state.link = nil }
            return state.link
        }
        await last?.waitForEnd()
        GuardLink.removeSocket(of: interface)
    }
}
