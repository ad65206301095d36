import ArgumentParser
import Foundation
import Gateway
import Identity
import StoreSQLite
import StrictJSON

/// From the identity provider's request until every agent concerned has been told: by SCIM and by back-channel logout, many
/// agents connected.
///
/// Everybody sees everybody, so each event concerns every stream. In the figures: the request from its first byte in memory,
/// its durable commit, the change log, the coordinator's new netmaps and signatures, and each stream's bytes. As root, the
/// whole way as well: with two real agents among as many simulated ones, to the last byte through their tunnel.
struct RevokeBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "From the identity provider's word to the last agent told.")

    @Option(help: "Agents that hold netmap streams, at least, all the time.") var agents = 1_000
    @Option(help: "Events of each kind.") var events = 200
    @Option(help: "Events of each kind through a real tunnel, which needs root; 0: none.") var tunnelEvents = 50
    @Option(help: "The built ztna-agent; by default the one beside this program.") var agent: String?
    @OptionGroup var output: Output

    func validate() throws {
        guard agents >= 2, events >= 1, tunnelEvents >= 0 else {
            throw ValidationError("--agents: at least 2; --events: at least 1; --tunnel-events: not negative")
        }
    }

    mutating func run() async throws {
        let directory = try TemporaryDirectory()
        let file = directory.path + "/ztna.sqlite"
        let url = "https://ztna.example.com"
        let store = try SQLiteStore(path: file)
        let people = try await Population(server: url, group: "staff").settle(agents + 2 * events, in: store)
        await store.close()
        let server = try await BenchServer(
            url: url, provisioning: ProvisioningConfiguration(), file: file, meter: ClientMeter())
        let events = events
        var rows: [Row] = []
        try await server.running {
            let agents = try await SimulatedAgents(people, of: server)
            try await agents.listening {
                var crowd = try await ConnectedCrowd(count: people.count, server: server, agents: agents)
                rows += Self.rows("removal from the group", try await crowd.removals(events))
                rows += Self.rows("active: false", try await crowd.deactivations(events))
                rows += Self.rows("back-channel logout", try await crowd.logouts(events))
            }
        }
        let (throughTunnel, tunnelNote) = try tunnelRows()
        output.show(
            rows + throughTunnel,
            notes: [
                "\(agents + 2 * events) agents connected; each deactivation and each logout leaves one less; all see each other, and each event "
                    + "counts until the last stream has delivered it; sockets, TLS, agents and their kernels are not in it",
                tunnelNote,
            ])
    }

    /// This program again, inside the hub's namespace.
    private func tunnelRows() throws -> (rows: [Row], note: String) {
        guard tunnelEvents > 0 else { return ([], "no tunnel was asked for") }
        guard geteuid() == 0 else { return ([], "to the last byte through a tunnel: skipped, for it needs root") }
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let directory = try TemporaryDirectory()
        let network = try TunnelNetwork(directory: directory.path)
        let output = try Command.run([
            "ip", "netns", "exec", network.prefix + "-hub", own.path, "tunnel-cuts", "--directory", directory.path,
            "--prefix", network.prefix, "--agent",
            agent ?? own.deletingLastPathComponent().appendingPathComponent("ztna-agent").path, "--agents", "\(agents)",
            "--events", "\(tunnelEvents)",
        ])
        let figures = try JSONMembers(parsing: Array(output.utf8))
        var rows: [Row] = []
        for name in ["removal from the group", "active: false", "back-channel logout"] {
            let cuts = Cuts(try figures.object(name))
            rows += [("p50", 0.5), ("p99", 0.99), ("worst", 1)].map { word, part in
                Row(
                    name: "\(name), tunnel, \(word)", value: cuts.last.percentile(part) * 1e3,
                    unit: "ms to the last byte",
                    reference: "target", referenceValue: 500)
            }
            guard let gap = cuts.gaps.seconds.max() else { continue }
            rows.append(
                Row(
                    name: "what stays allowed, largest gap", value: gap * 1e3, unit: "ms without a byte",
                    reference: "p50 of the gaps", referenceValue: cuts.gaps.median * 1e3))
        }
        return (
            rows,
            "through a tunnel: \(tunnelEvents) events of each kind, two real agents in namespaces of their own with TLS to the server, \(agents) simulated agents connected that see both"
        )
    }

    private static func rows(_ name: String, _ told: Revocations) -> [Row] {
        [("p50", 0.5), ("p99", 0.99), ("worst", 1)].map { word, part in
            Row(
                name: "\(name), \(word)", value: told.last.percentile(part) * 1e3, unit: "ms to the last agent",
                reference: "the request's answer", referenceValue: told.answered.percentile(part) * 1e3)
        }
    }
}

/// Seconds from the request's start.
struct Revocations {
    var answered = Latencies()
    var last = Latencies()
}

/// People of one SCIM group, each with a connected agent.
struct ConnectedCrowd {
    private let server: BenchServer
    private let client: ProvisioningClient
    private let agents: SimulatedAgents
    private let users: [String]
    private let group: String
    private var connected: Set<Int>

    init(count: Int, server: BenchServer, agents: SimulatedAgents) async throws {
        var walk = DirectoryWalk(server: server, client: try await ProvisioningClient(server), agents: agents)
        _ = try await walk.create(count, atOnce: 16)
        group = try await walk.fill("team-0", with: count).group
        client = walk.client
        users = walk.users
        self.agents = agents
        self.server = server
        connected = Set(0..<count)
        try await agents.settled()
    }

    /// Each is put back before the next.
    func removals(_ count: Int) async throws -> Revocations {
        var told = Revocations()
        for number in 0..<count {
            try await revoke(number, into: &told) { try await client.remove(users[number], from: group) }
            try await client.add([users[number]], to: group)
            try await agents.settled()
        }
        return told
    }

    /// Ends their sessions: they do not come back.
    mutating func deactivations(_ count: Int) async throws -> Revocations {
        let (client, users) = (client, users)
        return try await departures(count) { try await client.setActive(users[$0], false) }
    }

    /// By the provider's own word, with a token that it has signed beforehand.
    mutating func logouts(_ count: Int) async throws -> Revocations {
        let server = server
        var forms: [Int: LogoutForm] = [:]
        for number in connected.sorted().prefix(count) { forms[number] = try LogoutForm(number, server: server) }
        return try await departures(count) { try await forms[$0]?.post(to: server) }
    }

    private mutating func departures(
        _ count: Int, _ request: (Int) async throws -> Void
    ) async throws -> Revocations {
        var told = Revocations()
        for number in connected.sorted().prefix(count) {
            try await revoke(number, into: &told) { try await request(number) }
            connected.remove(number)
            try await agents.settled()
        }
        return told
    }

    private func revoke(_ number: Int, into told: inout Revocations, _ request: () async throws -> Void) async throws {
        agents.expect(connected, toLose: number)
        let start = Clocks.wall
        try await request()
        told.answered.add(Clocks.wall - start)
        told.last.add(await agents.lastTold() - start)
    }
}
