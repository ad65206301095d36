internal import CLinux
@preconcurrency internal import Dispatch
internal import Glibc
internal import Synchronization

/// How an engine ended.
package struct WireGuardExit: Hashable, Sendable {
    /// Its exit code, or the negative number of the signal that ended it.
    package let status: Int32
    /// Its last lines, oldest first.
    package let log: [String]
}

/// `wireguard-go` (or another engine with its command line) as a child that dies with this process.
///
/// Its log is read all the time, as an unread one blocks the data path. The engine lives in the network namespace of the
/// thread that calls the initialiser.
package final class WireGuardProcess: Sendable {
    package static let defaultExecutable = "/usr/bin/wireguard-go"

    package let interface: InterfaceName
    private let child: ChildProcess

    /// Starts the engine; `waitUntilReady` tells when it can be configured.
    ///
    /// `onLine` gets each line of its log; `onExit` is called once, also after `stop()`; both on queues of their own.
    package init(
        interface: InterfaceName, executable: String = defaultExecutable, verbose: Bool = false,
        onLine: @escaping @Sendable (String) -> Void, onExit: @escaping @Sendable (WireGuardExit) -> Void
    ) throws(LinuxNetworkError) {
        try Privileges.require()
        guard access(executable, X_OK) == 0 else { throw .engineNotFound(path: executable) }
        self.interface = interface
        Self.removeStaleSocket(of: interface)
        child = try ChildProcess(
            executable, arguments: ["-f", interface.text],
            environment: ["LOG_LEVEL=\(verbose ? "verbose" : "error")", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
            onLine: onLine, onExit: onExit)
    }

    /// Returns when the engine's socket accepts; throws `engineDied` or `timedOut`.
    package func waitUntilReady(within limit: Duration = .seconds(5)) async throws {
        let deadline = Deadline(after: limit)
        let path = WireGuardDevice.socketPath(of: interface)
        while true {
            if let exit = child.exit { throw LinuxNetworkError.engineDied(log: exit.log) }
            if (try? UnixStream(connectingTo: path, by: deadline)) != nil { return }
            if deadline.hasPassed { throw LinuxNetworkError.timedOut("start of the engine on \(interface)") }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    package var isRunning: Bool { child.exit == nil }

    /// Asks the engine to end, kills it after `patience`, and returns when it is gone.
    @discardableResult
    package func stop(patience: Duration = .seconds(2)) async -> WireGuardExit {
        let exit = await child.stop(patience: patience)
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
