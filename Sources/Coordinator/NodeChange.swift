internal import Identity
internal import Store

extension Coordinator {
    /// Changes a node's record in one transaction, shows the mesh what came of it and returns it. One that stays as it is is
    /// not written. `edit` may refuse by what is stored then. Errors: `unknownNode`, `store`, those of `edit`.
    @discardableResult
    func change(
        _ id: NodeID, now: Int, _ edit: @escaping @Sendable (inout NodeRecord, any StoreReader) throws -> Void
    ) async throws(CoordinatorError) -> NodeRecord {
        let (node, facts, asOf) = try await write { transaction in
            guard let former = try transaction.node(id) else { throw CoordinatorError.unknownNode }
            var node = former
            try edit(&node, transaction)
            if node != former {
                node.updatedAt = now
                try transaction.save(node)
                try transaction.appendChange(.node(id), at: now)
            }
            return (node, try NodeFacts(reading: node, from: transaction), try transaction.lastChangeSequence())
        }
        settle(facts, asOf: asOf, now: now)
        flush(now: now)
        return node
    }
}
