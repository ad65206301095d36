internal import CLinux
@preconcurrency internal import Dispatch
internal import Glibc
internal import Synchronization

/// A child on a thread of its own, which starts it and waits for its end.
///
/// The kernel's "die with your parent" is bound to the thread that forked: so that thread must live as long as the child,
/// and may not be one of a pool.
final class ChildProcess: Sendable {
    private struct State {
        var process: pid_t
        var exit: WireGuardExit?
        var waiting: [CheckedContinuation<WireGuardExit, Never>] = []
    }

    private let state: Mutex<State>
    private let log: LineLog
    private let onExit: @Sendable (WireGuardExit) -> Void

    init(
        _ executable: String, arguments: [String], environment: [String], onLine: @escaping @Sendable (String) -> Void,
        onExit: @escaping @Sendable (WireGuardExit) -> Void
    ) throws(LinuxNetworkError) {
        var ends: [Int32] = [-1, -1]
        guard ztna_pipe(&ends) == 0 else { throw .system(call: "pipe2", errno: Errno.last) }
        let output = ends[1]
        defer { close(output) }
        log = LineLog(reading: ends[0], deliver: onLine)
        self.onExit = onExit
        state = Mutex(State(process: -1))
        let launch = Launch(executable, arguments: arguments, environment: environment, output: output)
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

    var exit: WireGuardExit? { state.withLock { $0.exit } }

    func stop(patience: Duration) async -> WireGuardExit {
        send(SIGTERM)
        let (seconds, attoseconds) = patience.components
        let limit = Double(seconds) + Double(attoseconds) / 1e18
        DispatchQueue.global().asyncAfter(deadline: .now() + limit) { [weak self] in self?.send(SIGKILL) }
        return await withCheckedContinuation { continuation in
            let ended = state.withLock { state -> WireGuardExit? in
                if state.exit == nil { state.waiting.append(continuation) }
                return state.exit
            }
            if let ended { continuation.resume(returning: ended) }
        }
    }

    /// Under the lock the child is not yet reaped, so its number is still its own.
    private func send(_ signal: Int32) {
        state.withLock { state in if state.exit == nil, state.process > 0 { kill(state.process, signal) } }
    }

    fileprivate func began(_ process: pid_t) { state.withLock { $0.process = process } }

    /// Blocks until the child ends.
    fileprivate func waitForEnd(of process: pid_t) {
        var information = siginfo_t()
        while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) != 0, Errno.last == EINTR {}
        log.finish()
        let lines = log.tail
        let (ended, waiting) = state.withLock { state in
            var status: Int32 = 0
            waitpid(process, &status, 0)
            let signal = status & 0x7F
            let ended = WireGuardExit(status: signal == 0 ? status >> 8 & 0xFF : 0 - signal, log: lines)
            state.exit = ended
            defer { state.waiting = [] }
            return (ended, state.waiting)
        }
        for continuation in waiting { continuation.resume(returning: ended) }
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

    init(_ executable: String, arguments: [String], environment: [String], output: Int32) {
        self.arguments = [executable] + arguments
        self.environment = environment
        self.output = output
    }

    func spawn() -> pid_t {
        let words = arguments.map { strdup($0) } + [nil]
        let settings = environment.map { strdup($0) } + [nil]
        defer { (words + settings).forEach { free($0) } }
        return ztna_spawn_dying_with_thread(words[0], words, settings, output)
    }
}
