import Foundation
import Synchronization

/// A network namespace of a test's own: made with `ip netns`, removed with everything in it, processes first.
final class NetworkNamespace: Sendable {
    let name: String

    init(_ role: String) throws {
        name = "zt-\(getpid())-\(UInt16.random(in: 0...UInt16.max))-\(role)"
        try Command.run("ip", "netns", "add", name)
        try run("ip", "link", "set", "lo", "up")
    }

    deinit {
        let left = (try? Command.run("ip", "netns", "pids", name)) ?? ""
        for process in left.split(separator: "\n").compactMap({ pid_t($0) }) { kill(process, SIGKILL) }
        _ = try? Command.run("ip", "netns", "delete", name)
    }

    /// Runs a command inside and gives its output.
    @discardableResult
    func run(_ words: String...) throws -> String { try run(words) }

    @discardableResult
    func run(_ words: [String]) throws -> String { try Command.run(["ip", "netns", "exec", name] + words) }

    /// Runs `body` on a thread that lives inside: what it opens acts there for good.
    func inside<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
        let outcome = Mutex<Swift.Result<Result, any Error>?>(nil)
        let done = DispatchSemaphore(value: 0)
        let path = "/var/run/netns/\(name)"
        Thread.detachNewThread {
            let result = Swift.Result {
                try enterNetworkNamespace(path)
                return try body()
            }
            outcome.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        return try outcome.withLock { try ($0 ?? .failure(CocoaError(.featureUnsupported))).get() }
    }
}

/// This thread, for good. setns(2), which Glibc's module map hides.
func enterNetworkNamespace(_ path: String) throws {
    typealias SetNamespace = @convention(c) (Int32, Int32) -> Int32
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    guard descriptor >= 0, let symbol = dlsym(nil, "setns"),
        unsafeBitCast(symbol, to: SetNamespace.self)(descriptor, 0x4000_0000) == 0
    else { throw POSIXError(.EPERM) }
}

private let spawning = Mutex(())

/// A program run to its end, or talked with line by line; it inherits no descriptor, so that none stays open elsewhere.
final class Command {
    private let process: pid_t
    private let output: Int32
    private var rest: [UInt8] = []
    private var isReaped = false

    init(_ words: [String]) throws {
        (process, output) = try spawning.withLock { _ in try Self.spawn(words) }
    }

    /// One at a time: between `pipe` and `fcntl` another child would inherit the pipe and hold it open.
    private static func spawn(_ words: [String]) throws -> (pid_t, Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw POSIXError(.EMFILE) }
        defer { close(ends[1]) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        var arguments: [UnsafeMutablePointer<CChar>?] = (["/usr/bin/env"] + words).map { text in strdup(text) }
        var environment: [UnsafeMutablePointer<CChar>?] = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"]
            .map { (text: String) in strdup(text) }
        arguments.append(nil)
        environment.append(nil)
        defer { (arguments + environment).forEach { free($0) } }
        var number = pid_t()
        let status = posix_spawn(&number, "/usr/bin/env", &actions, nil, arguments, environment)
        guard status == 0 else {
            close(ends[0])
            throw POSIXError(POSIXErrorCode(rawValue: status) ?? .EIO)
        }
        return (number, ends[0])
    }

    /// The next line it writes; what came of it at its end.
    func line() -> String {
        while true {
            if let end = rest.firstIndex(of: 0x0A) {
                defer { rest.removeFirst(end + 1) }
                return String(decoding: rest[..<end], as: UTF8.self)
            }
            guard more() else { return String(decoding: rest, as: UTF8.self) }
        }
    }

    /// False at the end.
    private func more() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(output, &buffer, buffer.count)
        if count > 0 { rest += buffer.prefix(count) }
        return count > 0
    }

    func end() {
        // Threads of the test library block SIGTERM, and a child inherits that.
        kill(process, SIGKILL)
        _ = wait()
    }

    private func wait() -> Int32 {
        var status: Int32 = 0
        waitpid(process, &status, 0)
        isReaped = true
        return status
    }

    deinit {
        if !isReaped { end() }
        close(output)
    }

    struct Failed: Error {
        let words: [String]
        let output: String
    }

    @discardableResult
    static func run(_ words: String...) throws -> String { try run(words) }

    static func run(_ words: [String]) throws -> String {
        let command = try Command(words)
        while command.more() {}
        let text = String(decoding: command.rest, as: UTF8.self)
        guard command.wait() == 0 else { throw Failed(words: words, output: text) }
        return text
    }
}
