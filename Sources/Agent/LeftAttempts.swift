internal import Glibc
package import LinuxNetwork

/// The attempts that a killed agent's table has counted and nobody was told: they are kept when the table is removed.
package enum LeftAttempts: Hashable, Sendable {
    case none
    /// The next agent with this state tells them.
    case kept(Int)
    /// So many were counted, and without that agent's state nobody knows which of them were told.
    case unknown(Int)

    /// Removes the table, and keeps the number in the state directory of the agent that made it. An agent that works with that
    /// directory now counts by itself. Errors: those of the filter; then the table has the number still.
    package static func removeTable(of filter: PacketFilter, stateIn path: String) async throws -> LeftAttempts {
        let count = await filter.logCount()
        do {
            if access("\(path)/\(ToldAttempts.fileName)", F_OK) == 0 {
                let directory = try StateDirectory(path)
                defer { withExtendedLifetime(directory) {} }
                let told = try ToldAttempts(in: directory)
                // What it says of another table says nothing of this one.
                if count.map({ told.knows($0.table) }) ?? true { return try await remove(filter, count, told) }
            }
        } catch StateError.inUse {
            try await filter.removeTable()
            return .none
        } catch is StateError {}
        try await filter.removeTable()
        let counted = (count?.logged ?? 0) + (await filter.takeUnlogged())
        return counted > 0 ? .unknown(counted) : .none
    }

    private static func remove(
        _ filter: PacketFilter, _ count: LogCount?, _ told: ToldAttempts
    ) async throws -> LeftAttempts {
        let untold = told.takeOver(count)
        await filter.takeOver(unlogged: untold.toldLimited)
        try await filter.removeTable()
        let limited = untold.limited + (await filter.takeUnlogged())
        told.tableIsGone()
        let number = untold.unattended + limited
        guard told.write(held: untold.unattended, limited: limited) else { return .unknown(number) }
        return number > 0 ? .kept(number) : .none
    }
}
