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
        let agent = try await IdleAgent(directory: directory.path, peers: peers)
            .memory(of: self.agent ?? beside + "/ztna-agent")
        output.show([
            Row(
                name: "ztna-server, \(sessions) sessions", value: server, unit: "MiB resident",
                reference: "hello server", referenceValue: listening),
            Row(
                name: "ztna-agent, \(peers) peers", value: agent, unit: "MiB resident", reference: "empty process",
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

/// The real agent, signed in at a server of this process, which shows it all its peers.
private struct IdleAgent {
    let directory: String
    let peers: Int

    func memory(of program: String) async throws -> Double {
        let port = try Loopback.freePort()
        let url = "http://127.0.0.1:\(port)"
        let meter = ClientMeter()
        let file = directory + "/agent-server.sqlite"
        let store = try SQLiteStore(path: file)
        try await Population(server: url, group: "team-0").settle(peers, in: store)
        await store.close()
        let server = try await BenchServer(url: url, file: file, meter: meter)
        var memory = 0.0
        try await server.running {
            try await Listening.gateway(server, port: Int(port)).during { _ in
                memory = try await signedIn(program, server: server, meter: meter)
            }
        }
        return memory
    }

    private func signedIn(_ program: String, server: BenchServer, meter: ClientMeter) async throws -> Double {
        let socket = directory + "/agent.sock"
        let child = try Child(
            program,
            ["run", "--without-tunnel", "--state", directory + "/agent", "--socket", socket, "--host-name", "bench"],
            log: directory + "/agent.log")
        try await child.wait(until: "agent") { FileManager.default.fileExists(atPath: socket) }
        let control = AgentControl(socket: socket)
        let account = InProcessProvider.Account(subject: "bench", email: "bench@example.com", groups: ["team-0"])
        try await control.signIn(at: server, as: account, address: "127.0.0.1", meter: meter)
        try await child.wait(until: "\(peers) peers") {
            (try await control.status()["peers"]?.integerValue ?? 0) >= peers
        }
        // Each minute it gives back what it does not need to go on.
        return try await child.settledMemory(after: .seconds(75))
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
