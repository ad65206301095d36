internal import Dispatch
internal import Glibc

/// A program that is started and left to itself: a session of its own, /dev/null for its input and output, no shell, no
/// file of ours, no blocked or ignored signal of ours. Its end is taken, so that it does not stay as a zombie.
package struct DetachedProgram: Hashable, Sendable {
    /// The program's path, then its arguments.
    package var words: [String]
    /// The whole environment as NAME=VALUE; nil: this process's own.
    package var environment: [String]?

    package init(words: [String], environment: [String]? = nil) {
        self.words = words
        self.environment = environment
    }

    /// How it ended.
    package enum End: Hashable, Sendable {
        case notStarted
        /// With status 0.
        case well
        case badly
        /// It hung, and was killed.
        case killed
    }

    /// `POSIX_SPAWN_SETSID` of glibc's spawn.h, which is hidden from Swift.
    private static var newSession: Int32 { 0x80 }

    /// Returns at once; `onEnd` is called once, when it could not be started on this thread, else on another. One that runs
    /// for longer than `limit` seconds is killed.
    package func start(killingAfter limit: Int? = nil, onEnd: @escaping @Sendable (End) -> Void = { _ in }) {
        guard let child = spawn() else { return onEnd(.notStarted) }
        DispatchQueue(label: "ztna.program").async { onEnd(Self.end(of: child, killingAfter: limit)) }
    }

    private func spawn() -> pid_t? {
        guard let program = words.first else { return nil }
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        // The netfilter libraries open theirs without O_CLOEXEC: a person's program could read the packet log.
        for descriptor in Self.inheritable { posix_spawn_file_actions_addclose(&actions, descriptor) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes, Int16(Self.newSession | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var arguments = words.map { strdup($0) } + [nil]
        var variables = (environment ?? []).map { strdup($0) } + [nil]
        defer { for word in arguments + variables { free(word) } }
        var child: pid_t = 0
        let status =
            environment == nil
            ? posix_spawn(&child, program, &actions, &attributes, &arguments, environ)
            : posix_spawn(&child, program, &actions, &attributes, &arguments, &variables)
        return status == 0 ? child : nil
    }

    /// What a new program would have of ours besides input and output.
    private static var inheritable: [Int32] {
        guard let listing = opendir("/proc/self/fd") else { return [] }
        defer { closedir(listing) }
        var found: [Int32] = []
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let number = Int32(name), number > STDERR_FILENO, fcntl(number, F_GETFD) & FD_CLOEXEC == 0 {
                found.append(number)
            }
        }
        return found
    }

    private static func end(of child: pid_t, killingAfter limit: Int?) -> End {
        var status: Int32 = 0
        if let limit {
            for _ in 0..<max(1, min(limit, 3600) * 10) {
                if waitpid(child, &status, WNOHANG) != 0 { return status == 0 ? .well : .badly }
                usleep(100_000)
            }
            kill(child, SIGKILL)
        }
        while waitpid(child, &status, 0) < 0 { if errno != EINTR { return .badly } }
        return limit == nil ? (status == 0 ? .well : .badly) : .killed
    }
}
