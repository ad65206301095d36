import StrictJSON

/// One person's device: its agent, asked by the real `ztna` over the agent's socket.
struct Device: Sendable {
    let person: Person
    let namespace: NetworkNamespace?
    /// Nil: without a tunnel.
    let interface: String?
    let socket: String
    let state: String
    private let tools: Tools
    private let programs: ChildPrograms

    init(_ person: Person, place: Place, tools: Tools) {
        self.person = person
        self.tools = tools
        programs = place.programs
        namespace = place.network?.namespace(of: person)
        interface = place.network?.interface(of: person)
        socket = "\(place.directory)/\(person.name).sock"
        state = "\(place.directory)/\(person.name)"
    }

    /// Starts the agent; returns when it answers.
    func start(authority: String?) async throws {
        let tunnel = interface.map { ["--interface", $0] } ?? ["--without-tunnel"]
        let trust = authority.map { ["--ca-file", $0] } ?? []
        let agent = try await programs.start(
            "agent-\(person.name)",
            [tools.agent, "run", "--state", state, "--socket", socket, "--host-name", person.host] + tunnel + trust,
            in: namespace)
        _ = try await Waiting.until("\(person.name)'s agent to answer:\n\(agent.lastWords)") {
            if let status = agent.status {
                throw DemoFailure("\(person.name)'s agent ended with \(status):\n\(agent.lastWords)")
            }
            return File.exists(socket) ? try? await ask("status") : nil
        }
    }

    /// What `ztna COMMAND --json` says.
    func ask(_ command: String) async throws -> JSONMembers {
        let output = try await programs.run([tools.ztna, command, "--json", "--socket", socket])
        return try JSONMembers(parsing: Array(output.utf8))
    }

    func login(server: String) async throws -> ChildProgram { try await login(["--server", server]) }

    /// Renews the session that is there.
    func stepUp() async throws -> ChildProgram { try await login(["--step-up"]) }

    private func login(_ words: [String]) async throws -> ChildProgram {
        try await programs.start(
            "login-\(person.name)", [tools.ztna, "login", "--no-browser", "--json", "--socket", socket] + words)
    }

    /// The agent's process, while it runs.
    var agent: ChildProgram? { programs.child("agent-\(person.name)") }

    /// Its first overlay address: IPv4.
    func overlayAddress() async throws -> String {
        guard let address = try await ask("whoami").strings("addresses").first(where: { !$0.contains(":") }) else {
            throw DemoFailure("\(person.host) has no overlay address")
        }
        return address
    }

    func peers() async throws -> [JSONMembers] { try await ask("peers").array("peers").map { try JSONMembers($0) } }

    /// Host names, in order.
    func peerNames() async throws -> [String] { try await peers().map { try $0.string("host") } }

    /// What `peer` may open here, as this device enforces it.
    func services(for peer: Person) async throws -> [String] {
        guard let entry = try await peers().first(where: { try $0.string("host") == peer.host }) else { return [] }
        return try entry.strings("may_reach_us")
    }

    /// Newest first.
    func refusals() async throws -> [[String: JSON]] {
        try await ask("refusals").array("refusals").compactMap(\.objectValue)
    }

    /// The reason of a refusal, once the agent has it.
    func reason(direction: String, service: String, from source: String, to destination: String) async throws -> String
    {
        try await Waiting.until("the refusal of \(service) in `ztna refusals` of \(person.host)", within: .seconds(20))
        {
            let expected: [String: JSON] = [
                "direction": .string(direction), "service": .string(service), "source": .string(source),
                "destination": .string(destination),
            ]
            return try await refusals().first { refusal in expected.allSatisfy { refusal[$0] == $1 } }?["reason"]?
                .stringValue
        }
    }

    /// The command that a person would type.
    func commandLine(_ words: String) -> String { "\(tools.ztna) \(words) --socket \(socket)" }
}
