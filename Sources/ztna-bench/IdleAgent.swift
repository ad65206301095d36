import ArgumentParser
import Foundation
import Hummingbird
import Logging
import StoreSQLite
import StrictJSON
import Walkthrough

/// The real agent, signed in at a server of this process, which shows it all its peers.
struct IdleAgent {
    let directory: String
    let program: String
    let peers: Int
    /// With the WireGuard engine beside it and the packet filter in front, which takes root; else without both.
    let hasTunnel: Bool

    /// What is measured.
    var name: String { "ztna-agent \(hasTunnel ? "with" : "without") tunnel, \(peers) peers" }

    /// With a tunnel in a network namespace of its own, by another process of this program.
    func measuredApart() async throws -> Double {
        guard hasTunnel else { return try await memory() }
        let text = try BenchNamespace("a").run([
            "idle-agent", "--directory", directory, "--program", program, "--peers", "\(peers)",
        ])
        guard let memory = Double(text.filter { !$0.isWhitespace }) else { throw BenchError.failed(text) }
        return memory
    }

    /// MiB resident.
    func memory() async throws -> Double {
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
                memory = try await signedIn(at: server, meter: meter)
            }
        }
        return memory
    }

    private func signedIn(at server: BenchServer, meter: ClientMeter) async throws -> Double {
        let socket = directory + "/agent.sock"
        // A name that no other namespace has: engines listen in one directory for all.
        let tunnel =
            hasTunnel ? ["--interface", "zb\(ProcessInfo.processInfo.processIdentifier)"] : ["--without-tunnel"]
        let child = try Child(
            program, ["run", "--state", directory + "/agent", "--socket", socket, "--host-name", "bench"] + tunnel,
            log: directory + "/agent.log")
        try await child.wait(until: "agent") { FileManager.default.fileExists(atPath: socket) }
        let control = AgentControl(socket: socket)
        let account = InProcessProvider.Account(subject: "bench", email: "bench@example.com", groups: ["team-0"])
        try await control.signIn(at: server, as: account, address: "127.0.0.1", meter: meter)
        try await child.wait(until: "\(peers) peers") {
            let status = try await control.status()
            guard status["peers"]?.integerValue ?? 0 >= peers else { return false }
            return !hasTunnel || (status["enforcing"] == true && status["tunnel"] == "up")
        }
        // Each minute it gives back what it does not need to go on.
        return try await child.settledMemory(after: .seconds(75))
    }
}

/// Runs inside the namespace, started by `idle`, and prints MiB.
struct IdleAgentRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "idle-agent", shouldDisplay: false)

    @Option var directory: String
    @Option var program: String
    @Option var peers: Int

    func run() async throws {
        print(try await IdleAgent(directory: directory, program: program, peers: peers, hasTunnel: true).memory())
    }
}
