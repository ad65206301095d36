import StoreSQLite

/// What one change of a group's membership takes, of somebody whose device is connected and sees others.
struct MembershipCost {
    var rowsChanged: Double
    var steps: Double
    var netmapBytes: Double
    var signatures: Double

    /// Removes and adds again each of `members`, whose agents are connected, and waits until all have been told.
    static func measured(
        server: BenchServer, client: ProvisioningClient, agents: SimulatedAgents, group: String, members: [String]
    ) async throws -> MembershipCost {
        try await agents.settled()
        let everyone = Set(members.indices)
        let (work, sent, signatures) = (server.store.workDone(), agents.delivered.bytes, server.control.signatures)
        for (number, member) in members.enumerated() {
            agents.expect(everyone, toLose: number)
            try await client.remove(member, from: group)
            _ = await agents.lastTold()
            try await client.add([member], to: group)
            try await agents.settled()
        }
        let done = server.store.workDone() - work
        func each(_ total: Int) -> Double { Double(total) / Double(2 * max(1, members.count)) }
        return MembershipCost(
            rowsChanged: each(done.rowsChanged), steps: each(done.steps),
            netmapBytes: each(agents.delivered.bytes - sent),
            signatures: each(server.control.signatures - signatures))
    }
}
