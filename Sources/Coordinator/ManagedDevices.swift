package import Identity
internal import Logging
internal import Store

extension Coordinator {
    /// Says whether a node is one of the organisation's managed devices; nil takes it back. It stays with the device when
    /// another person signs in there. Errors: `unknownNode`, `store`.
    package func setManaged(_ id: NodeID, to isManaged: Bool?) async throws(CoordinatorError) {
        try await change(id, now: clock()) { node, _ in node.isManaged = isManaged }
        let word = isManaged.map { $0 ? "yes" : "no" } ?? "unknown"
        logger.info("node is a managed device", metadata: metadata(of: id).merging(["managed": "\(word)"]) { $1 })
    }
}
