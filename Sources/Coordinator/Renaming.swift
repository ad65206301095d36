package import Identity
internal import Logging
internal import Store

extension Coordinator {
    /// Gives a node this name, reserved or not; it keeps it while it wishes what it wishes now, and a reserved one for
    /// longer. Errors: `unknownNode`, `hostNameTaken`, `store`.
    package func rename(_ id: NodeID, to name: HostName) async throws(CoordinatorError) {
        guard let device = directory.node(id)?.record.device else { throw .unknownNode }
        if let owner = directory.names.owner(of: name), owner != device { throw .hostNameTaken(name) }
        let former = metadata(of: id)
        directory.names.claim(name, for: device)
        do throws(CoordinatorError) { try await change(id, now: clock()) { node, _ in node.host = name } } catch {
            if directory.node(id)?.record.host != name { directory.names.release(name, of: device) }
            throw error
        }
        logger.info("node renamed", metadata: former.merging(["name": "\(name)"]) { $1 })
    }
}
