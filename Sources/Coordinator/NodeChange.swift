internal import Identity
internal import Store

extension Coordinator {
    /// Changes a node's record in one transaction, and shows the mesh what came of it. One that stays as it is is not written.
    /// Errors: `unknownNode`, `store`.
    func change(
        _ id: NodeID, now: Int, _ edit: @escaping @Sendable (inout NodeRecord) -> Void
    ) async throws(CoordinatorError) {
        let (facts, asOf) = try await write { transaction in
            guard let former = try transaction.node(id) else { throw CoordinatorError.unknownNode }
            var node = former
            edit(&node)
            if node != former {
                node.updatedAt = now
                try transaction.save(node)
                try transaction.appendChange(.node(id), at: now)
            }
            return (try NodeFacts(reading: node, from: transaction), try transaction.lastChangeSequence())
        }
        settle(facts, asOf: asOf, now: now)
        flush(now: now)
    }
}
