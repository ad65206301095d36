package import Identity
internal import Logging
internal import Store

extension Coordinator {
    /// Says whether a node is one of the organisation's managed devices; nil takes it back. It stays with the device when
    /// another person signs in there. Errors: `unknownNode`, `store`.
    package func setManaged(_ id: NodeID, to isManaged: Bool?) async throws(CoordinatorError) {
        let now = clock()
        let (facts, asOf) = try await write { transaction in
            guard var node = try transaction.node(id) else { throw CoordinatorError.unknownNode }
            if node.isManaged != isManaged {
                node.isManaged = isManaged
                node.updatedAt = now
                try transaction.save(node)
                try transaction.appendChange(.node(id), at: now)
            }
            return (try NodeFacts(reading: node, from: transaction), try transaction.lastChangeSequence())
        }
        settle(facts, asOf: asOf, now: now)
        flush(now: now)
        let word = isManaged.map { $0 ? "yes" : "no" } ?? "unknown"
        logger.info("node is a managed device", metadata: metadata(of: id).merging(["managed": "\(word)"]) { $1 })
    }
}
