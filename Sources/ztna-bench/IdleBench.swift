import ArgumentParser
import Foundation
import Hummingbird
import Logging
import StoreSQLite
import StrictJSON
import Walkthrough

/// Memory of the programs as they are run, with much to remember and nothing to do.
struct IdleBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "idle", abstract: "Resident memory of ztna-server and ztna-agent, idle.")

    @Option(help: "The built ztna-server; by default the one beside this program.") var server: String?
    @Option(help: "The built ztna-agent; by default the one beside this program.") var agent: String?
    @Option(help: "Sessions of the server, each with its person and node.") var sessions = 10_000
    @Option(help: "Peers of the agent.") var peers = 1_000
    @OptionGroup var output: Output

    mutating func run() async throws {
        let directory = try TemporaryDirectory()
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let beside = own.deletingLastPathComponent().path
        let bare = try Child(own.path, ["bare"], log: directory.path + "/bare.log")
        let hello = try Child(own.path, ["bare", "--hello"], log: directory.path + "/hello.log")
        let (empty, listening) = (try await bare.settledMemory(), try await hello.settledMemory())
        let server = try await IdleServer(directory: directory.path, sessions: sessions)
            .memory(of: self.server ?? beside + "/ztna-server")
        let agent = IdleAgent(
            directory: directory.path, program: self.agent ?? beside + "/ztna-agent", peers: peers,
            hasTunnel: geteuid() == 0)
        let agentMemory = try await agent.measuredApart()
        output.show([
            Row(
                name: "ztna-server, \(sessions) sessions", value: server, unit: "MiB resident",
                reference: "hello server", referenceValue: listening),
            Row(
                name: agent.name, value: agentMemory, unit: "MiB resident", reference: "empty process",
                referenceValue: empty),
        ])
    }
}

/// The real server over a state directory that was filled beforehand.
private struct IdleServer {
    let directory: String
    let sessions: Int

    func memory(of program: String) async throws -> Double {
        let port = try Loopback.freePort()
        let state = directory + "/state"
        try FileManager.default.createDirectory(
            atPath: state, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        let store = try SQLiteStore(path: state + "/ztna.db")
        try await Population(server: "http://127.0.0.1:\(port)", group: "staff").settle(sessions, in: store)
        await store.close()
        try write(
            "policy.yaml",
            """
            rules:
              - name: staff-to-services
                source: [group:staff]
                destination: [tag:services]
                allow: [tcp/443]
            """)
        try write(
            "ztna.yaml",
            """
            server:
              url: http://127.0.0.1:\(port)
              listen: 127.0.0.1:\(port)
            organisation: Example Corp
            state: \(state)
            policy: policy.yaml
            identity_providers:
              - id: corp
                name: Example SSO
                type: oidc
                issuer: https://login.example.com
                client_id: ztna
                client_secret: bench
                domains: [example.com]
            """)
        let child = try Child(
            program, ["serve", "--config", directory + "/ztna.yaml"], log: directory + "/server.log")
        try await child.wait(until: "listening server") { Loopback.accepts(port) }
        return try await child.settledMemory()
    }

    private func write(_ name: String, _ text: String) throws {
        guard
            FileManager.default.createFile(
                atPath: directory + "/" + name, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        else { throw BenchError.failed("\(name) cannot be written") }
    }
}

/// A process of the same language and libraries that does nothing, or says hello over HTTP: what `idle` compares with.
struct BareProcess: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "bare", shouldDisplay: false)

    @Flag var hello = false

    func run() async throws {
        guard hello else { return try await Task.sleep(for: .seconds(3600)) }
        try await Listening.hello(logger: Logger(label: "bare")).during { _ in
            try await Task.sleep(for: .seconds(3600))
        }
    }
}
