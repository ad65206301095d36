import Glibc
import Synchronization

/// One program that the demo runs; it is told to end when the demo dies. What it prints goes to two files.
///
/// A thread of its own starts it and waits for its end: "die with your parent" is bound to the thread that forked.
final class ChildProgram: Sendable {
    private struct State {
        var process: pid_t = -1
        /// Exit code, or the negative number of the signal that ended it.
        var status: Int32?
    }

    let name: String
    private let log: String
    private let state = Mutex(State())

    private init(name: String, log: String) {
        self.name = name
        self.log = log
    }

    /// - Parameter arguments: with the program's absolute path first.
    /// - Parameter log: where it prints to, without `.out` and `.err`.
    static func start(
        _ name: String, _ arguments: [String], in namespace: NetworkNamespace?, environment: [String], log: String
    ) async throws -> ChildProgram {
        let child = ChildProgram(name: name, log: log)
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let isStarted = BlockingThread.start {
                do {
                    try namespace?.enter()
                    try child.spawn(arguments, environment: environment)
                    continuation.resume()
                } catch { return continuation.resume(throwing: error) }
                child.reap()
            }
            if !isStarted { continuation.resume(throwing: DemoFailure("the system gives no thread for \(name)")) }
        }
        return child
    }

    private func spawn(_ arguments: [String], environment: [String]) throws {
        let setpriv = "/usr/bin/setpriv"
        let words = ([setpriv, "--pdeathsig", "TERM", "--"] + arguments).map { strdup($0) } + [nil]
        let settings = environment.map { strdup($0) } + [nil]
        defer { (words + settings).forEach { free($0) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log + ".out", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, log + ".err", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A process group of its own: the terminal's Ctrl-C is for the demo, which ends its children in order.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for number in [SIGTERM, SIGINT, SIGPIPE] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var process = pid_t()
        let status = posix_spawn(&process, setpriv, &actions, &attributes, words, settings)
        guard status == 0 else { throw DemoFailure("\(name) cannot be started: \(String(cString: strerror(status)))") }
        state.withLock { $0.process = process }
    }

    /// Blocks until the child has ended; only under the lock does its number become free.
    private func reap() {
        let process = state.withLock { $0.process }
        var information = siginfo_t()
        while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        state.withLock { state in
            var status: Int32 = 0
            waitpid(process, &status, 0)
            let signal = status & 0x7F
            state.status = signal == 0 ? status >> 8 & 0xFF : 0 - signal
        }
    }

    var process: pid_t { state.withLock { $0.process } }
    /// Nil while it runs.
    var status: Int32? { state.withLock { $0.status } }
    var output: String { File.text(log + ".out") }
    var errors: String { File.text(log + ".err") }
    /// The last words it said, for a failure's detail.
    var lastWords: String {
        let lines = (errors + output).split(separator: "\n").suffix(6)
        return lines.isEmpty ? "it said nothing" : lines.joined(separator: "\n")
    }

    func send(_ signal: Int32) {
        state.withLock { state in if state.status == nil, state.process > 0 { kill(state.process, signal) } }
    }

    func end(within limit: Duration) async throws -> Int32 {
        try await Waiting.until("the end of \(name)", within: limit, every: .milliseconds(5)) { status }
    }

    /// Asks it to end, and kills it if it does not; returns when it is gone. False: it had to be killed.
    func stop(patience: Duration = .seconds(8)) async -> Bool {
        send(SIGTERM)
        if (try? await end(within: patience)) != nil { return true }
        send(SIGKILL)
        _ = try? await end(within: .seconds(5))
        return false
    }
}
