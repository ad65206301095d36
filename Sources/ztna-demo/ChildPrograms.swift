import Glibc
import Synchronization

/// Starts all children, with one environment and their output in one directory, and knows which still run.
final class ChildPrograms: Sendable {
    private struct State {
        var running: [ChildProgram] = []
        var count = 0
    }

    private let logs: String
    private let environment: [String]
    private let state = Mutex(State())

    /// - Parameter logs: a directory that exists.
    init(logs: String) {
        self.logs = logs
        // Nothing else is passed on: no proxy, no configuration of the person's own.
        environment = ["PATH=\(Tools.path.joined(separator: ":"))", "LANG=C.UTF-8", "HOME=\(logs)"]
    }

    func start(_ name: String, _ arguments: [String], in namespace: NetworkNamespace? = nil) async throws
        -> ChildProgram
    {
        try Task.checkCancellation()
        let number = state.withLock { state in
            state.count += 1
            return state.count
        }
        let log = "\(logs)/\(number)-\(name.filter { $0.isLetter || $0.isNumber || $0 == "-" })"
        let child = try await ChildProgram.start(
            name, arguments, in: namespace, environment: environment, log: log)
        state.withLock { state in
            state.running.removeAll { $0.status != nil }
            state.running.append(child)
        }
        return child
    }

    /// Runs a command to its end and gives its output. Errors: `DemoFailure` with its last words when it fails.
    @discardableResult
    func run(
        _ arguments: [String], in namespace: NetworkNamespace? = nil, within limit: Duration = .seconds(20)
    ) async throws -> String {
        let name = arguments.prefix(3).joined(separator: " ").split(separator: "/").last.map(String.init) ?? "a command"
        let child = try await start(name, arguments, in: namespace)
        let status: Int32
        do { status = try await child.end(within: limit) } catch {
            _ = await child.stop(patience: .seconds(1))
            throw error
        }
        guard status == 0 else {
            throw DemoFailure("\(arguments.joined(separator: " ")) ended with \(status):\n\(child.lastWords)")
        }
        return child.output
    }

    /// Ends what still runs, the last started first: agents while there is a server. What had to be killed is named.
    func stopAll() async -> [String] {
        var killed: [String] = []
        for child in state.withLock({ $0.running.reversed() }) where child.status == nil {
            if await !child.stop() { killed.append(child.name) }
        }
        return killed
    }

    /// The last one of that name, if it still runs.
    func child(_ name: String) -> ChildProgram? {
        state.withLock { $0.running.last { $0.name == name && $0.status == nil } }
    }

    /// Those that have not ended.
    var running: [String] { state.withLock { $0.running.filter { $0.status == nil }.map(\.name) } }
}
