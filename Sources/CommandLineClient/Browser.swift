internal import Dispatch
internal import Glibc

/// How a browser is opened on this machine, if it can be.
package struct Browser: Hashable, Sendable {
    /// The program's path, then its arguments; `%s` stands for the address.
    package let words: [String]

    package init(words: [String]) { self.words = words }

    /// `$BROWSER` first, as its owner wishes. Else `xdg-open` where there is a screen; but never as root, whose screen it
    /// mostly is not.
    /// - Parameter find: the path of a program, nil when there is none.
    package static func choose(
        environment: [String: String], isRoot: Bool, find: (String) -> String?
    ) -> Browser? {
        for entry in environment["BROWSER", default: ""].split(separator: ":") {
            let words = entry.split(separator: " ").map(String.init)
            if let first = words.first, let path = find(first) { return Browser(words: [path] + words.dropFirst()) }
        }
        let hasScreen = ["DISPLAY", "WAYLAND_DISPLAY"].contains { !environment[$0, default: ""].isEmpty }
        guard hasScreen, !isRoot, let path = find("xdg-open") else { return nil }
        return Browser(words: [path])
    }

    /// The command line for an address; no shell reads it.
    package func commandLine(for url: String) -> [String] {
        guard words.dropFirst().contains(where: { $0.contains("%s") }) else { return words + [url] }
        return words.prefix(1)
            + words.dropFirst().map { word in
                word.split(separator: "%s", omittingEmptySubsequences: false).joined(separator: url)
            }
    }
}

extension Browser {
    /// The one for this process's environment.
    package static func ofThisMachine(environment: [String: String]) -> Browser? {
        choose(environment: environment, isRoot: geteuid() == 0) { name in
            let folders = environment["PATH", default: "/usr/local/bin:/usr/bin:/bin"].split(separator: ":")
            let paths = name.contains("/") ? [name] : folders.map { $0 + "/" + name }
            return paths.first { access($0, X_OK) == 0 }
        }
    }

    /// `POSIX_SPAWN_SETSID` of glibc's spawn.h, which is hidden from Swift.
    private static let newSession: Int32 = 0x80

    /// Starts it apart from this terminal, so that neither its messages nor a Ctrl-C cross. `onFailure` is called on another
    /// thread when it could not be started or ended badly.
    package func open(_ url: String, onFailure: @escaping @Sendable () -> Void) {
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
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(Self.newSession | POSIX_SPAWN_SETSIGDEF))
        let commandLine = commandLine(for: url)
        var arguments = commandLine.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        guard posix_spawn(&child, commandLine[0], &actions, &attributes, &arguments, environ) == 0 else {
            return onFailure()
        }
        DispatchQueue(label: "ztna.browser").async { [child] in
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0 { if errno != EINTR { return } }
            if status != 0 { onFailure() }
        }
    }
}
