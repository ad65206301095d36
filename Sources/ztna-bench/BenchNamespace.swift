import Foundation

/// A network namespace with its loopback alone, for a sub-command of this program that makes interfaces and filters.
struct BenchNamespace: ~Copyable {
    let name: String

    /// `role` tells those of one run apart.
    init(_ role: String) throws {
        name = "ztna-bench-\(ProcessInfo.processInfo.processIdentifier)-\(role)"
        try Command.run("ip", "netns", "add", name)
        try Command.run("ip", "-n", name, "link", "set", "lo", "up")
    }

    /// What this program prints when it is run inside with these arguments.
    func run(_ arguments: [String]) throws -> String {
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
        return try Command.run(["ip", "netns", "exec", name, own] + arguments)
    }

    deinit { Self.remove(name) }

    /// With what still runs inside: an agent that was killed leaves its engine.
    static func remove(_ name: String) {
        let left = (try? Command.run("ip", "netns", "pids", name)) ?? ""
        for process in left.split(separator: "\n").compactMap({ pid_t($0) }) { kill(process, SIGKILL) }
        _ = try? Command.run("ip", "netns", "delete", name)
    }
}
