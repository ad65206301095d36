import ArgumentParser
import Gateway
import Glibc
import Identity
import StoreSQLite
import StrictJSON
import Walkthrough
import Wire

/// From the identity provider's request to the last byte through a real tunnel, while simulated agents are connected.
///
/// Runs inside the hub's namespace, started by `revoke`, and prints what each event took as JSON.
struct TunnelCuts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "tunnel-cuts", shouldDisplay: false)

    @Option var directory: String
    @Option var prefix: String
    @Option var agent: String
    @Option var agents: Int
    @Option var events: Int

    func run() async throws {
        let url = "https://\(TunnelNetwork.serverAddress)"
        let file = directory + "/tunnel.sqlite"
        let meter = ClientMeter()
        let store = try SQLiteStore(path: file)
        let people = try await Population(server: url, group: "staff").settle(agents, in: store)
        await store.close()
        let server = try await BenchServer(
            url: url, provisioning: ProvisioningConfiguration(), file: file, meter: meter)
        let certificates = try TLSCertificates(
            certificatePath: directory + "/server.pem", keyPath: directory + "/server.key")
        var figures: [String: JSON] = [:]
        try await server.running {
            let crowd = try await SimulatedAgents(people, of: server)
            try await crowd.listening {
                let listening = Listening.gateway(
                    server, host: TunnelNetwork.serverAddress, port: 443, certificates: certificates)
                try await listening.during { _ in
                    let site = try await TunnelSite(self, server: server, crowd: crowd, meter: meter)
                    defer { site.end() }
                    figures["removal from the group"] = try await site.removals(events).json
                    figures["active: false"] = try await site.deactivations(events).json
                    figures["back-channel logout"] = try await site.logouts(events).json
                }
            }
        }
        print(JSON.object(figures).encodedText())
    }
}

/// Seconds.
struct Cuts {
    var last = Latencies()
    /// The longest time without a byte on the connection that goes on.
    var gaps = Latencies()

    init() {}

    /// What `json` made.
    init(_ members: JSONMembers) {
        for value in members.members["last"]?.arrayValue ?? [] { last.add(value.numberValue ?? .infinity) }
        for value in members.members["gaps"]?.arrayValue ?? [] { gaps.add(value.numberValue ?? .infinity) }
    }

    var json: JSON {
        func list(_ latencies: Latencies) -> JSON { .array(latencies.seconds.map { .number($0) }) }
        return ["last": list(last), "gaps": list(gaps)]
    }
}

/// Two devices with real agents and a tunnel between them, among many simulated ones that see them both.
///
/// Both people are in `team-0`, with everybody, which may use port 22 of each other's devices, and in `team-1`, which may use
/// port 23.
private final class TunnelSite {
    private static let ports: (everybody: UInt16, both: UInt16) = (22, 23)

    private let server: BenchServer
    private let crowd: SimulatedAgents
    private let meter: ClientMeter
    private let client: ProvisioningClient
    private let mover: Int
    private let user: String
    private let group: String
    private let children: [Child]
    private let control: AgentControl
    private let namespace: String
    private let address: String
    private let ports: [UInt16: EchoPort]
    private var signIns = 0

    init(_ options: TunnelCuts, server: BenchServer, crowd: SimulatedAgents, meter: ClientMeter) async throws {
        self.server = server
        self.crowd = crowd
        self.meter = meter
        mover = options.agents
        var walk = DirectoryWalk(
            server: server, client: try await ProvisioningClient(server, isPaced: false), agents: crowd)
        _ = try await walk.create(options.agents + 2, atOnce: 16)
        group = try await walk.fill("team-0", with: walk.users.count).group
        let both = try await walk.client.createGroup("team-1")
        try await walk.client.add(walk.users.suffix(2), to: both)
        client = walk.client
        user = walk.users[mover]
        try await crowd.settled()

        var children: [Child] = []
        var controls: [AgentControl] = []
        for (index, name) in TunnelNetwork.devices.enumerated() {
            let socket = "\(options.directory)/\(name).sock"
            let child = try Child(
                "/usr/bin/env",
                [
                    "ip", "netns", "exec", "\(options.prefix)-\(name)", options.agent, "run", "--state",
                    "\(options.directory)/\(name)", "--socket", socket, "--host-name", name, "--interface",
                    "zb\(getpid())\(name.prefix(1))", "--ca-file", options.directory + "/ca.pem",
                ], log: "\(options.directory)/\(name).log")
            try await child.wait(until: "\(name)'s agent") { access(socket, F_OK) == 0 }
            let control = AgentControl(socket: socket)
            try await control.signIn(
                at: server, as: Self.account(options.agents + index), address: "192.0.2.\(11 + index)", meter: meter)
            children.append(child)
            controls.append(control)
        }
        self.children = children
        control = controls[0]
        namespace = "\(options.prefix)-\(TunnelNetwork.devices[0])"
        let addresses = try await Self.overlayAddress(of: controls[1], child: children[1])
        address = addresses
        var ports: [UInt16: EchoPort] = [:]
        for port in [Self.ports.everybody, Self.ports.both] {
            ports[port] = try await EchoPort(
                in: "\(options.prefix)-\(TunnelNetwork.devices[1])", address: addresses, port: port)
        }
        self.ports = ports
    }

    func end() { for port in ports.values { port.watch.stop() } }

    private static func account(_ number: Int) -> InProcessProvider.Account {
        InProcessProvider.Account(subject: "person-\(number)", email: "person-\(number)@example.com", groups: [])
    }

    /// Its IPv4 address, once its tunnel is up and the filter enforces.
    private static func overlayAddress(of control: AgentControl, child: Child) async throws -> String {
        var found: String?
        try await child.wait(until: "overlay address") {
            let status = try await control.status()
            guard status["enforcing"] == true, status["tunnel"] == "up" else { return false }
            let addresses = try await control.ask(.whoami)["addresses"]?.arrayValue?.compactMap(\.stringValue) ?? []
            found = addresses.first { !$0.contains(":") }
            return found != nil
        }
        guard let found else { throw BenchError.failed("no overlay address") }
        return found
    }

    /// Out of one group and in again; what the other allows goes on.
    func removals(_ count: Int) async throws -> Cuts {
        var cuts = Cuts()
        for _ in 0..<count {
            let beside = try await flow(Self.ports.both)
            defer { beside.stop() }
            try await measure(into: &cuts, beside: beside) { try await client.remove(user, from: group) }
            try await client.add([user], to: group)
        }
        return cuts
    }

    func deactivations(_ count: Int) async throws -> Cuts {
        var cuts = Cuts()
        for _ in 0..<count {
            try await measure(into: &cuts) { try await client.setActive(user, false) }
            try await client.setActive(user, true)
            try await signInAgain()
        }
        return cuts
    }

    func logouts(_ count: Int) async throws -> Cuts {
        var cuts = Cuts()
        for _ in 0..<count {
            let form = try LogoutForm(mover, server: server)
            try await measure(into: &cuts) { try await form.post(to: server) }
            try await signInAgain()
        }
        return cuts
    }

    private func signInAgain() async throws {
        try await children[0].wait(until: "end of the session") {
            try await control.status()["state"] == "signed-out"
        }
        // Each from another address: one person does not sign in so often, and is limited.
        signIns += 1
        try await control.signIn(
            at: server, as: Self.account(mover), address: "198.51.100.\(signIns % 250)", meter: meter)
    }

    private func measure(
        into cuts: inout Cuts, beside: TunnelFlow? = nil, _ event: () async throws -> Void
    ) async throws {
        let flow = try await flow(Self.ports.everybody)
        defer { flow.stop() }
        try await crowd.settled()
        try await untilRunning(flow.watch)
        beside?.watch.watchGaps()
        let start = Clocks.wall
        try await event()
        let end = Clocks.wall + 10
        var last = Clocks.wall
        while true {
            last = [flow.watch.last, ports[Self.ports.everybody]?.watch.last].compactMap { $0 }.max() ?? 0
            // Silence for a second: no byte will follow.
            if last + 1 < Clocks.wall { break }
            guard Clocks.wall < end else { throw BenchError.failed("bytes still run after ten seconds") }
            try await Task.sleep(for: .milliseconds(20))
        }
        guard start - last < 0.25 else { throw BenchError.failed("the bytes had stopped before the event") }
        cuts.last.add(max(0, last - start))
        if let beside { cuts.gaps.add(beside.watch.largestGap) }
    }

    /// A connection that is let through, and over which bytes run.
    private func flow(_ port: UInt16) async throws -> TunnelFlow {
        let end = Clocks.wall + 30
        while Clocks.wall < end {
            if let flow = try await TunnelFlow(from: namespace, to: address, port: port) {
                try await untilRunning(flow.watch)
                return flow
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw BenchError.failed("port \(port) is not let through")
    }

    private func untilRunning(_ watch: ByteWatch) async throws {
        let end = Clocks.wall + 10
        while Clocks.wall < end {
            if watch.count > 2_000, let last = watch.last, last + 0.005 > Clocks.wall { return }
            try await Task.sleep(for: .milliseconds(1))
        }
        throw BenchError.failed("no bytes run")
    }
}
