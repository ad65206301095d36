internal import Glibc

/// Removes what a killed agent left behind: its engine, its interface, the engine's socket and our tables.
///
/// The interface goes before the filter, so that at no moment it stands unfiltered. Acts in the network namespace of the
/// thread that creates it, and only on engines of that namespace: on every one of this interface, whoever started it.
package actor InterfaceCleanup {
    private let executor = BlockingExecutor(label: "ztna.cleanup")
    private let routes: RouteNetlink
    private let filter: PacketFilter
    private let namespace: String?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package init() throws(LinuxNetworkError) {
        routes = try RouteNetlink()
        filter = try PacketFilter()
        namespace = ProcessTable.ownNetworkNamespace
    }

    /// Throws `otherInterface`, with the table left as it is, while an engine of an agent runs on another interface: it would stand
    /// unfiltered. Takes four seconds an engine at most. Returns what was found and removed, for people to read. The table goes last, by
    /// `removingTable` where that is given: it may look at what the table has counted.
    package func run(
        interface: InterfaceName, removingTable: (@Sendable (PacketFilter) async throws -> Void)? = nil
    ) async throws -> [String] {
        // Whose agent we are for this moment; an engine of an earlier version has none.
        let guardian = try? GuardLink(to: interface)
        let ended = RunningEngine.all(on: interface, in: namespace) { engine in
            engine.end()
            return true
        }
        var removed = ended.map { "engine \($0)" }
        if try await routes.index(of: interface) != nil {
            try await routes.remove(interface)
            removed.append("interface \(interface)")
        }
        let socket = WireGuardDevice.socketPath(of: interface)
        let hadSocket = access(socket, F_OK) == 0
        WireGuardProcess.removeStaleSocket(of: interface)
        if hadSocket, access(socket, F_OK) != 0 { removed.append("socket \(socket)") }
        if !ended.isEmpty { await guardian?.waitForEnd() }
        GuardSocket.remove(of: interface)
        // The tables are of all that an agent of ours filters.
        if let other = RunningEngine.interface(otherThan: interface, in: namespace) {
            throw LinuxNetworkError.otherInterface(other.text, removed: removed)
        }
        if let removingTable { try await removingTable(filter) } else { try await filter.removeTable() }
        return removed
    }
}
