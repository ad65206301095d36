internal import CLinux
@preconcurrency internal import Dispatch
internal import Glibc
internal import Synchronization

/// A child on a thread of its own, which starts it and waits for its end.
///
/// The kernel's "die with your parent" is bound to the thread that forked: so that thread must live as long as the child,
/// and may not be one of a pool.
final class ChildProcess: Sendable {
    /// What a child prints is sent to us as messages, not through a pipe: when we are gone, its writes fail, while a pipe
    /// without a reader would kill it (SIGPIPE). And while we do not read, each takes so many microseconds at most.
    private static let longestWrite = 20_000

    private let process = Mutex<pid_t>(-1)
    private let end = ProcessEnd()
    private let log: LineLog
    private let onExit: @Sendable (WireGuardExit) -> Void

    /// With `outlivesUs` the child goes on when this process ends without stopping it.
    init(
        _ executable: String, arguments: [String], environment: [String], outlivesUs: Bool,
        onLine: @escaping @Sendable (String) -> Void, onExit: @escaping @Sendable (WireGuardExit) -> Void
    ) throws(LinuxNetworkError) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw .system(call: "socketpair", errno: Errno.last)
        }
        let output = ends[1]
        defer { close(output) }
        var limit = timeval(tv_sec: 0, tv_usec: Self.longestWrite)
        setsockopt(output, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        log = LineLog(reading: ends[0], deliver: onLine)
        self.onExit = onExit
        let launch = Launch(
            executable, arguments: arguments, environment: environment, output: output, outlivesUs: outlivesUs)
        let thread = Launch.Thread(launch: launch, child: self)
        var number = pthread_t()
        let context = Unmanaged.passRetained(thread).toOpaque()
        let status = pthread_create(&number, nil, { Launch.Thread.main($0) }, context)
        guard status == 0 else {
            Unmanaged<Launch.Thread>.fromOpaque(context).release()
            throw .system(call: "pthread_create", errno: status)
        }
        pthread_detach(number)
        launch.started.wait()
        let started = launch.result.withLock { $0 }
        guard started.process > 0 else { throw .system(call: "fork", errno: started.errno) }
    }

    var exit: WireGuardExit? { end.exit }

    /// Its number, also when it has ended.
    var identifier: pid_t { process.withLock { $0 } }

    func stop(patience: Duration) async -> WireGuardExit {
        await end.request(patience: patience) { [weak self] signal in self?.send(signal) }
    }

    /// Under the lock the child is not yet reaped, so its number is still its own.
    private func send(_ signal: Int32) {
        process.withLock { process in if end.exit == nil, process > 0 { kill(process, signal) } }
    }

    fileprivate func began(_ child: pid_t) { process.withLock { $0 = child } }

    /// Blocks until the child ends.
    fileprivate func waitForEnd(of child: pid_t) {
        var information = siginfo_t()
        while waitid(P_PID, id_t(child), &information, WEXITED | WNOWAIT) != 0, Errno.last == EINTR {}
        log.finish()
        let lines = log.tail
        let ended = process.withLock { _ in
            var status: Int32 = 0
            waitpid(child, &status, 0)
            let signal = status & 0x7F
            let ended = WireGuardExit(status: signal == 0 ? status >> 8 & 0xFF : 0 - signal, log: lines)
            end.conclude(ended)
            return ended
        }
        onExit(ended)
    }
}

/// What the child's thread needs to start it, and what became of that.
private final class Launch: Sendable {
    final class Thread: Sendable {
        let launch: Launch
        let child: ChildProcess

        init(launch: Launch, child: ChildProcess) {
            self.launch = launch
            self.child = child
        }

        static func main(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
            guard let context else { return nil }
            let thread = Unmanaged<Thread>.fromOpaque(context).takeRetainedValue()
            let process = thread.launch.spawn()
            let failure = Errno.last
            if process > 0 { thread.child.began(process) }
            thread.launch.result.withLock { $0 = (process, failure) }
            thread.launch.started.signal()
            if process > 0 { thread.child.waitForEnd(of: process) }
            return nil
        }
    }

    let started = DispatchSemaphore(value: 0)
    let result = Mutex<(process: pid_t, errno: Int32)>((-1, 0))
    private let arguments: [String]
    private let environment: [String]
    private let output: Int32
    private let outlivesUs: Bool

    init(_ executable: String, arguments: [String], environment: [String], output: Int32, outlivesUs: Bool) {
        self.arguments = [executable] + arguments
        self.environment = environment
        self.output = output
        self.outlivesUs = outlivesUs
    }

    func spawn() -> pid_t {
        let words = arguments.map { strdup($0) } + [nil]
        let settings = environment.map { strdup($0) } + [nil]
        defer { (words + settings).forEach { free($0) } }
        return ztna_spawn(words[0], words, settings, output, outlivesUs ? 1 : 0)
    }
}
