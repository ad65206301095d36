import Identity
import StoreSQLite
import StrictJSON

/// A provisioning client at work on one group of growing directories, and what each of its requests took.
struct DirectoryWalk {
    /// People with a session and a connected device; everybody else has never signed in.
    static let connected = 50
    static let batch = 1_000

    let server: BenchServer
    let client: ProvisioningClient
    let agents: SimulatedAgents
    /// Ids of the users, by number.
    private(set) var users: [String] = []

    init(server: BenchServer, client: ProvisioningClient, agents: SimulatedAgents) {
        self.server = server
        self.client = client
        self.agents = agents
    }

    /// Users a second, by the wall, and commits for each.
    mutating func create(_ count: Int, atOnce lanes: Int) async throws -> (rate: Double, commits: Double) {
        let (client, first) = (client, users.count)
        let commits = server.store.commits
        let start = Clocks.wall
        let made = try await withThrowingTaskGroup(of: [(Int, String)].self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    var made: [(Int, String)] = []
                    for number in stride(from: first + lane, to: first + count, by: lanes) {
                        made.append((number, try await client.createUser(number)))
                    }
                    return made
                }
            }
            var all = [String](repeating: "", count: count)
            for try await lane in group { for (number, id) in lane { all[number - first] = id } }
            return all
        }
        let seconds = Clocks.wall - start
        users += made
        return (Double(count) / seconds, Double(server.store.commits - commits) / Double(count))
    }

    /// A group of the first `count` users, filled in batches of 1,000.
    func fill(_ name: String, with count: Int) async throws -> (group: String, batches: Latencies) {
        let group = try await client.createGroup(name)
        let batches = try await Latencies.of((count + Self.batch - 1) / Self.batch) { round in
            try await client.add(users[round * Self.batch..<min(count, (round + 1) * Self.batch)], to: group)
        }
        return (group, batches)
    }

    /// Removes and adds members from everywhere in the group; each of the two is one measurement.
    func oneMember(of group: String, amongFirst count: Int, rounds: Int) async throws -> Latencies {
        var latencies = Latencies()
        for round in 0..<rounds {
            let user = users[round * 7919 % min(count, users.count)]
            try await latencies.measure { try await client.remove(user, from: group) }
            try await latencies.measure { try await client.add([user], to: group) }
        }
        return latencies
    }

    func lookup(rounds: Int) async throws -> Latencies {
        try await Latencies.of(rounds) { round in
            let name = ProvisioningClient.userName(round * 7919 % users.count)
            guard try await client.find(userName: name) == 1 else { throw BenchError.failed("\(name) is not there") }
        }
    }

    func reading(_ group: String, rounds: Int) async throws -> Latencies {
        try await Latencies.of(rounds) { _ in _ = try await client.get("/Groups/\(group)?excludedAttributes=members") }
    }

    /// Users a second, all of them, in pages of 100 by number.
    func pages() async throws -> Double {
        let spent = try await Latencies.of(users.count / 100) { page in
            _ = try await client.get("/Users?startIndex=\(page * 100 + 1)&count=100")
        }
        return Double(users.count / 100 * 100) / spent.sum
    }

    /// Users a second, all of them, in pages of 100 by cursor. Source: RFC 9865.
    func pagesByCursor() async throws -> Double {
        var (cursor, seen): (String?, Int) = ("", 0)
        let start = Clocks.wall
        while let next = cursor {
            let page = try JSONMembers(parsing: try await client.get("/Users?cursor=\(next)&count=100"))
            seen += try page.integer("itemsPerPage")
            cursor = try page.optionalString("nextCursor")
        }
        guard seen == users.count else { throw BenchError.failed("\(seen) users in pages by cursor") }
        return Double(seen) / (Clocks.wall - start)
    }

    func cost(of group: String) async throws -> MembershipCost {
        try await MembershipCost.measured(
            server: server, client: client, agents: agents, group: group, members: Array(users.prefix(Self.connected)))
    }
}
