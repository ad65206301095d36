import ArgumentParser
import Identity
import StoreSQLite

/// What an identity provider's directory costs: creations, look-ups, memberships, pages, memory.
struct SCIMBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scim", abstract: "Provisioning by SCIM: 10,000 people, and one group of them all.")

    @Option(help: "People, and members of the group.") var users = 10_000
    @Option(help: "Members of the big group, and people in the end.") var bigGroup = 100_000
    @Option(help: "A Python with scim2-server: see IdPFixtures/scim2-server.") var referencePython: String?
    @OptionGroup var output: Output

    func validate() throws {
        guard users >= 2_000, bigGroup >= users, users % 100 == 0 else {
            throw ValidationError("--users: at least 2,000, in hundreds; --big-group: at least as many")
        }
    }

    mutating func run() async throws {
        let directory = try TemporaryDirectory()
        let file = directory.path + "/ztna.sqlite"
        let url = "https://ztna.example.com"
        let store = try SQLiteStore(path: file)
        let people = try await Population(server: url, group: "staff").settle(DirectoryWalk.connected, in: store)
        await store.close()
        let server = try await BenchServer(
            url: url, provisioning: ProvisioningConfiguration(), file: file, meter: ClientMeter())
        var (figures, users, bigGroup) = (SCIMFigures(), users, bigGroup)
        try await server.running {
            let agents = try await SimulatedAgents(people, of: server)
            try await agents.listening {
                let walk = DirectoryWalk(server: server, client: try await ProvisioningClient(server), agents: agents)
                try await figures.fill(from: walk, users: users, bigGroup: bigGroup)
            }
        }
        var bare = BareFigures()
        try await bare.fill(file: directory.path + "/bare.sqlite", users: users)
        let python = try referencePython.map { try PythonSCIM(python: $0, users: users) }
        var notes = [
            "\(DirectoryWalk.connected) of the people have a connected device; 16 clients: "
                + "\(Table.number(figures.together.commits)) commits a creation"
        ]
        if python == nil {
            notes.append("scim2-server was not asked: name a Python that has it with --reference-python")
        }
        let table = SCIMTable(figures: figures, bare: bare, users: users, bigGroup: bigGroup)
        output.show(table.rows + (python.map(table.rows(beside:)) ?? []), notes: notes)
    }
}

/// Everything measured at our server.
struct SCIMFigures {
    var alone = 0.0
    var together = (rate: 0.0, commits: 0.0)
    var atTheEnd = 0.0
    var lookup = Latencies()
    var lookupOfMany = Latencies()
    var batches = Latencies()
    var group = Latencies()
    var member = Latencies()
    /// Of the big group and of one like `member`'s, by turns, so that both meet the same machine.
    var memberOfMany = Latencies()
    var memberBeside = Latencies()
    /// Seconds.
    var deletion = (few: 0.0, many: 0.0)
    var pages = 0.0
    var pagesByCursor = 0.0
    /// With groups of 100, all, and very many members.
    var costs: [MembershipCost] = []
    var memory = (before: 0.0, after: 0.0)

    mutating func fill(from start: DirectoryWalk, users: Int, bigGroup: Int) async throws {
        var walk = start
        memory.before = try Resident.mebibytes()
        alone = try await walk.create(users / 5, atOnce: 1).rate
        together = try await walk.create(users - users / 5, atOnce: 16)
        let small = try await walk.fill("team-0", with: 100).group
        costs.append(try await walk.cost(of: small))
        try await walk.client.deleteGroup(small)

        let everyone = try await walk.fill("team-1", with: users)
        batches = everyone.batches
        costs.append(try await walk.cost(of: everyone.group))
        member = try await walk.oneMember(of: everyone.group, amongFirst: users, rounds: 500)
        lookup = try await walk.lookup(rounds: 2_000)
        group = try await walk.reading(everyone.group, rounds: 500)
        pages = try await walk.pages()
        pagesByCursor = try await walk.pagesByCursor()
        try await walk.client.deleteGroup(everyone.group)

        if bigGroup > users { atTheEnd = try await walk.create(bigGroup - users, atOnce: 16).rate }
        let many = try await walk.fill("team-2", with: bigGroup)
        for seconds in many.batches.seconds { batches.add(seconds) }
        costs.append(try await walk.cost(of: many.group))
        let few = try await walk.fill("team-3", with: users)
        for _ in 0..<10 {
            memberOfMany.add(contentsOf: try await walk.oneMember(of: many.group, amongFirst: users, rounds: 50))
            memberBeside.add(contentsOf: try await walk.oneMember(of: few.group, amongFirst: users, rounds: 50))
        }
        lookupOfMany = try await walk.lookup(rounds: 2_000)
        memory.after = try Resident.mebibytes()
        let client = walk.client
        deletion.few = try await Latencies.of(1) { _ in try await client.deleteGroup(few.group) }.sum
        deletion.many = try await Latencies.of(1) { _ in try await client.deleteGroup(many.group) }.sum
    }
}

/// The same by bare SQL.
struct BareFigures {
    var creation = 0.0
    var lookup = Latencies()
    var member = Latencies()
    var batch = Latencies()
    var group = Latencies()
    var pages = 0.0

    mutating func fill(file: String, users: Int) async throws {
        let bare = try await BareDirectory(file: file, users: users)
        creation = try bare.creation()
        member = try bare.membership(rounds: 500)
        batch = try bare.batch(of: DirectoryWalk.batch, rounds: 20)
        lookup = try bare.lookup(rounds: 2_000)
        group = try bare.group(rounds: 500)
        pages = try bare.pages()
    }
}
