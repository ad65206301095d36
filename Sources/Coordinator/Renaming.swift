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
        let now = clock()
        do throws(CoordinatorError) {
            let (facts, asOf) = try await write { transaction in
                guard var node = try transaction.node(id) else { throw CoordinatorError.unknownNode }
                if node.host != name {
                    node.host = name
                    node.updatedAt = now
                    try transaction.save(node)
                    try transaction.appendChange(.node(id), at: now)
                }
                return (try NodeFacts(reading: node, from: transaction), try transaction.lastChangeSequence())
            }
            settle(facts, asOf: asOf, now: now)
        } catch {
            if directory.node(id)?.record.host != name { directory.names.release(name, of: device) }
            throw error
        }
        flush(now: now)
        logger.info("node renamed", metadata: former.merging(["name": "\(name)"]) { $1 })
    }
}
