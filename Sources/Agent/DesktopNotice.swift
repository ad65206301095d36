internal import Dispatch
internal import Glibc

/// A notice on the desktop of somebody who may use this agent: `notify-send`, run as that person where they have a session
/// bus, with no shell, a fixed environment, and one at a time. Source: notify-send(1), setpriv(1); D-Bus Specification §
/// "Well-known Message Bus Instances".
package struct DesktopNotice: Sendable {
    /// What is to be run: a program's path and its arguments, and the whole environment.
    package struct Invocation: Hashable, Sendable {
        package var words: [String]
        package var environment: [String]
    }

    /// Root and the system's own users have no desktop.
    static let firstPerson: UInt32 = 1000

    private let operators: Set<UInt32>
    private let runtimeDirectory: String

    /// `runtimeDirectory`: where `UID/bus` is.
    package init(to operators: Set<UInt32>, runtimeDirectory: String = "/run/user") {
        self.operators = operators
        self.runtimeDirectory = runtimeDirectory
    }

    /// One for each operator with a session bus of their own. `find`: the path of a program, nil when there is none;
    /// `own`: the user that we are; `group`: a user's own group.
    package func invocations(
        title: String, text: String, own: UInt32, find: (String) -> String?, group: (UInt32) -> UInt32?
    ) -> [Invocation] {
        guard let notify = find("notify-send") else { return [] }
        return operators.sorted().filter { $0 >= Self.firstPerson }.prefix(8).compactMap { user in
            guard let bus = bus(of: user) else { return nil }
            let words = [
                notify, "--app-name=ztna", "--urgency=normal", "--expire-time=20000", "--",
                OperatorTerminals.printable(title), OperatorTerminals.printable(text),
            ]
            let environment = ["DBUS_SESSION_BUS_ADDRESS=unix:path=\(bus)", "PATH=/usr/bin:/bin", "LANG=C.UTF-8"]
            if user == own { return Invocation(words: words, environment: environment) }
            // Another's bus talks with its owner only: so as that person, with none of our groups and privileges.
            guard own == 0, let setpriv = find("setpriv"), let group = group(user) else { return nil }
            return Invocation(
                words: [
                    setpriv, "--reuid=\(user)", "--regid=\(group)", "--clear-groups", "--no-new-privs",
                    "--inh-caps=-all", "--",
                ] + words, environment: environment)
        }
    }

    /// A socket that belongs to them, in a directory that belongs to them.
    private func bus(of user: UInt32) -> String? {
        let folder = "\(runtimeDirectory)/\(user)"
        var status = stat()
        guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == user,
            lstat(folder + "/bus", &status) == 0, status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == user
        else { return nil }
        return folder + "/bus"
    }
}

extension DesktopNotice.Invocation {
    /// `POSIX_SPAWN_SETSID` of glibc's spawn.h, which is hidden from Swift.
    private static var newSession: Int32 { 0x80 }

    /// Starts it with nothing of ours but these words, and takes its end; one that hangs is killed after `seconds`.
    package func run(killingAfter seconds: Int = 10) {
        guard let program = words.first else { return }
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
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes, Int16(Self.newSession | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var arguments = words.map { strdup($0) } + [nil]
        var environment = environment.map { strdup($0) } + [nil]
        defer { for word in arguments + environment { free(word) } }
        var child: pid_t = 0
        guard posix_spawn(&child, program, &actions, &attributes, &arguments, &environment) == 0 else { return }
        DispatchQueue(label: "ztna-agent.notice").async { [child] in
            var status: Int32 = 0
            for _ in 0..<max(1, seconds * 10) {
                if waitpid(child, &status, WNOHANG) != 0 { return }
                usleep(100_000)
            }
            kill(child, SIGKILL)
            while waitpid(child, &status, 0) < 0, errno == EINTR {}
        }
    }
}
