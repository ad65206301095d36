internal import CLinux
internal import Glibc

/// How an engine ended.
package struct WireGuardExit: Hashable, Sendable {
    /// Its exit code, or the negative number of the signal that ended it; nil for one that was not our child.
    package let status: Int32?
    /// Its last lines, oldest first.
    package let log: [String]
}

/// `wireguard-go` (or another engine with its command line): a child of ours, or one that an agent before us left.
///
/// A child's log is read all the time. The engine lives in the network namespace of the thread that starts or finds it.
package final class WireGuardProcess: Sendable {
    package static let defaultExecutable = "/usr/bin/wireguard-go"

    private enum Origin {
        case started(ChildProcess)
        case left(LeftProcess)
    }

    package let interface: InterfaceName
    private let origin: Origin

    /// Starts the engine; `waitUntilReady` tells when it can be configured.
    ///
    /// With `outlivesUs` it goes on, and its interface with it, when this process is killed; `left` finds it then. Else it
    /// dies with this process. `onLine` gets each line of its log; `onExit` is called once, also after `stop()`; both on
    /// queues of their own.
    package init(
        interface: InterfaceName, executable: String = defaultExecutable, verbose: Bool = false,
        outlivesUs: Bool = false, onLine: @escaping @Sendable (String) -> Void,
        onExit: @escaping @Sendable (WireGuardExit) -> Void
    ) throws(LinuxNetworkError) {
        try Privileges.require()
        guard access(executable, X_OK) == 0 else { throw .engineNotFound(path: executable) }
        self.interface = interface
        Self.removeStaleSocket(of: interface)
        let mark = outlivesUs ? ["\(RunningEngine.ownerVariable)=\(getpid())"] : []
        origin = .started(
            try ChildProcess(
                executable, arguments: ["-f", interface.text],
                environment: ["LOG_LEVEL=\(verbose ? "verbose" : "error")", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
                    + mark,
                outlivesUs: outlivesUs, onLine: onLine, onExit: onExit))
    }

    private init(interface: InterfaceName, left: LeftProcess) {
        self.interface = interface
        origin = .left(left)
    }

    /// The engine on this interface whose agent is no more; nil when there is no engine. Its log stays unread.
    ///
    /// Errors: `interfaceInUse` when its agent lives, or when no agent of this user has started it: neither is ours to take.
    package static func left(
        on interface: InterfaceName, onExit: @escaping @Sendable (WireGuardExit) -> Void
    ) throws(LinuxNetworkError) -> WireGuardProcess? {
        guard let engine = RunningEngine.first(on: interface) else { return nil }
        switch engine.owner {
        case .agent(let agent):
            throw .interfaceInUse(interface: interface.text, engine: engine.process, agent: agent)
        case .stranger: throw .interfaceInUse(interface: interface.text, engine: engine.process, agent: nil)
        case .nobody: return WireGuardProcess(interface: interface, left: try LeftProcess(engine, onExit: onExit))
        }
    }

    package var process: Int32 {
        switch origin {
        case .started(let child): child.identifier
        case .left(let left): left.identifier
        }
    }

    /// Whether it runs the file that would be started now: false after an upgrade.
    package func runs(_ executable: String = defaultExecutable) -> Bool {
        guard let program = ProcessTable.Program(executable) else { return false }
        return ProcessTable.Program(of: process) == program
    }

    private var exit: WireGuardExit? {
        switch origin {
        case .started(let child): child.exit
        case .left(let left): left.exit
        }
    }

    /// Returns when the engine's socket accepts; throws `engineDied` or `timedOut`.
    package func waitUntilReady(within limit: Duration = .seconds(5)) async throws {
        let deadline = Deadline(after: limit)
        let path = WireGuardDevice.socketPath(of: interface)
        while true {
            if let exit { throw LinuxNetworkError.engineDied(log: exit.log) }
            if (try? UnixStream(connectingTo: path, by: deadline)) != nil { return }
            if deadline.hasPassed { throw LinuxNetworkError.timedOut("start of the engine on \(interface)") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    package var isRunning: Bool { exit == nil }

    /// Asks the engine to end, kills it after `patience`, and returns when it is gone.
    @discardableResult
    package func stop(patience: Duration = .seconds(2)) async -> WireGuardExit {
        let exit =
            switch origin {
            case .started(let child): await child.stop(patience: patience)
            case .left(let left): await left.stop(patience: patience)
            }
        Self.removeStaleSocket(of: interface)
        return exit
    }

    /// A socket that nobody listens on would make the engine's start look done, or fail.
    static func removeStaleSocket(of interface: InterfaceName) {
        let path = WireGuardDevice.socketPath(of: interface)
        do { _ = try UnixStream(connectingTo: path, by: Deadline(after: .seconds(1))) } catch LinuxNetworkError.system(
            _, ECONNREFUSED)
        { unlink(path) } catch {}
    }
}
