internal import Identity
internal import Wire

/// What changed for one node since its last delta; several changes of one moment become one delta.
struct DeltaDraft: Hashable, Sendable {
    var own = false
    var policy = false
    private(set) var changed: Set<NodeID> = []
    private(set) var removed: Set<NodeID> = []

    mutating func change(_ peer: NodeID) {
        removed.remove(peer)
        changed.insert(peer)
    }

    mutating func remove(_ peer: NodeID) {
        changed.remove(peer)
        removed.insert(peer)
    }
}

/// Where a client's stream broke off: the last message it has.
package struct NetmapPosition: Hashable, Sendable {
    package let epoch: String
    package let sequence: Int

    package init(epoch: String, sequence: Int) {
        self.epoch = epoch
        self.sequence = sequence
    }
}

/// The numbered changes of one node's netmap while it is authorized, the last of them kept for streams that return.
struct NetmapFeed: Sendable {
    /// Names this feed among all of all runs, so that numbers of another are never taken for its own.
    let epoch: String
    private(set) var sequence = 0
    private var history: [NetmapMessage] = []
    private let historyLimit: Int

    init(epoch: String, historyLimit: Int) {
        self.epoch = epoch
        self.historyLimit = historyLimit
    }

    /// Numbers a delta and remembers it.
    mutating func advance(
        own: String?, changed: [NodeID: String], removed: Set<NodeID>, policy: String?
    ) -> NetmapMessage {
        sequence += 1
        let delta = NetmapMessage.delta(
            sequence: sequence, own: own, changed: changed, removed: removed.sorted(), policy: policy)
        history.append(delta)
        // In steps, so that dropping the oldest costs one move a message at most.
        if history.count > 2 * historyLimit { history.removeFirst(history.count - historyLimit) }
        return delta
    }

    /// Whether the history is as long as it may be, so that the oldest position is forgotten with the next change.
    var isFull: Bool { history.count >= historyLimit }

    /// What a client at `position` has missed; nil when that is not known any more, and it needs a snapshot.
    func missed(since position: NetmapPosition?) -> [NetmapMessage]? {
        guard let position, position.epoch == epoch, position.sequence >= 0, position.sequence <= sequence else {
            return nil
        }
        let count = sequence - position.sequence
        guard count <= min(history.count, historyLimit) else { return nil }
        return Array(history.suffix(count))
    }
}
