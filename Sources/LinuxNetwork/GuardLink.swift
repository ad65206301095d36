internal import Glibc

/// An agent's connection to its tunnel's guard. For as long as it lasts, the guard takes the agent for alive.
package final class GuardLink: Sendable {
    /// The running program itself, also when its file was replaced since.
    package static let defaultProgram = "/proc/self/exe"

    private let socket: FileDescriptor

    /// To a guard that is there already. Errors: `system`.
    package init(to interface: InterfaceName) throws(LinuxNetworkError) {
        socket = try GuardSocket.connect(to: interface)
    }

    /// Starts a guard of that engine, which lives in the network namespace of the calling thread, and outlives this process.
    ///
    /// `program` runs a `TunnelGuard` when called as `PROGRAM guard --interface NAME --engine NUMBER`. Errors: `timedOut`, with
    /// what it says.
    package static func start(
        of engine: WireGuardProcess, program: String, within limit: Duration = .seconds(10),
        onLine: @escaping @Sendable (String) -> Void,
        onExit: @escaping @Sendable () -> Void
    ) async throws -> GuardLink {
        GuardSocket.remove(of: engine.interface)
        let child = try ChildProcess(
            path(of: program),
            arguments: ["guard", "--interface", engine.interface.text, "--engine", "\(engine.process)"],
            // The same program, so that it sees the same clocks.
            environment: ProcessTable.environment(of: getpid()), outlivesUs: true, onLine: onLine,
            onExit: { _ in onExit() })
        let deadline = Deadline(after: limit)
        while true {
            if let link = try? GuardLink(to: engine.interface) { return link }
            if let exit = child.exit {
                throw LinuxNetworkError.guardDied(log: exit.log)
            }
            if deadline.hasPassed {
                _ = await child.stop(patience: .zero)
                throw LinuxNetworkError.timedOut("start of the guard on \(engine.interface)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// By its own name, as long as that is the same file.
    private static func path(of program: String) -> String {
        guard let path = ProcessTable.target(of: program),
            ProcessTable.Program(path) == ProcessTable.Program(program)
        else { return program }
        return path
    }

    /// All timeouts were written anew, by clocks that were read before. False when the guard is gone.
    @discardableResult
    package func tell(writtenBy reading: ClockReading) -> Bool { GuardSocket.send(reading, to: socket.number) }

    /// The guard says nothing: what can be read is its end.
    package var isAlive: Bool {
        var request = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 0) <= 0
    }

    /// Returns when the guard is gone: it ends with its engine.
    package func waitForEnd(within limit: Duration = .seconds(5)) async {
        let deadline = Deadline(after: limit)
        while isAlive, !deadline.hasPassed { try? await Task.sleep(for: .milliseconds(5)) }
    }

    /// After the engine's end.
    package static func removeSocket(of interface: InterfaceName) { GuardSocket.remove(of: interface) }
}
