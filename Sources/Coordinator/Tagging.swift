package import Identity
internal import Logging
internal import Sessions
internal import Store

/// Who gives a node its tags, and which they may give and take.
package enum TagGiver: Hashable, Sendable {
    /// Any tag, of any node.
    case administrator
    /// A person who owns these tags and is no administrator: these alone, of devices of their own and of those that already
    /// have one of these. Else whoever owns any tag would get, with it, what rules say of its devices: at anybody's.
    case owner(PersonID, of: Set<TagName>)
}

extension Coordinator {
    /// Makes the node's tags exactly these; of an owner only the owned ones, whatever others the node has by then. Returns
    /// all that it has now. Errors: `unknownNode`, `tagNotOwned`, `nodeOfOthers`, `store`.
    @discardableResult
    package func setTags(
        _ id: NodeID, to tags: Set<TagName>, by giver: TagGiver = .administrator
    ) async throws(CoordinatorError) -> Set<TagName> {
        let now = clock()
        let record = try await change(id, now: now) { record, reader in
            let all = try giver.tags(of: record, afterGiving: tags, reader)
            var lifecycle = NodeLifecycle(node: record)
            lifecycle.assign(tags: all, now: now)
            record = lifecycle.node ?? record
        }
        let words = record.tags.sorted().map(\.text).joined(separator: " ")
        logger.info("tags set", metadata: metadata(of: id).merging(["tags": "\(words)"]) { $1 })
        return record.tags
    }
}

extension TagGiver {
    fileprivate func tags(
        of node: NodeRecord, afterGiving tags: Set<TagName>, _ reader: any StoreReader
    ) throws -> Set<TagName> {
        guard case .owner(let person, let owned) = self else { return tags }
        guard tags.isSubset(of: owned) else { throw CoordinatorError.tagNotOwned }
        // A session that has ended still says who had the device last.
        let holder = try node.session.flatMap { try reader.session($0) }?.person
        guard holder == person || !node.tags.isDisjoint(with: owned) else { throw CoordinatorError.nodeOfOthers }
        return node.tags.subtracting(owned).union(tags)
    }
}
