internal import DetachedPrograms
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

    /// Starts it apart from this terminal, so that neither its messages nor a Ctrl-C cross. `onFailure` is called when it
    /// could not be started or ended badly, then on another thread.
    package func open(_ url: String, onFailure: @escaping @Sendable () -> Void) {
        DetachedProgram(words: commandLine(for: url)).start { end in
            if end != .well { onFailure() }
        }
    }
}
