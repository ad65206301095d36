/// Remembers DPoP proofs while they could be used again: two generations of `window` seconds each, bounded.
///
/// Anybody can make a key and proofs with it. So that one network cannot fill the store and lock everyone out, a source
/// gets a sixty-fourth of it at most once half of it is in use. Source: RFC 9449 §11.1.
package struct ReplayStore: Sendable {
    package enum Verdict: Hashable, Sendable { case fresh, replayed, full }

    /// The first 16 bytes of a SHA-256: as good for this, and a fifth of the memory of an array.
    private struct Key: Hashable, Sendable {
        let high: UInt64
        let low: UInt64

        init(_ bytes: [UInt8]) {
            high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
            low = bytes.dropFirst(8).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    private struct Generation: Sendable {
        var keys: Set<Key> = []
        var counts: [String: Int] = [:]
    }

    private let capacity: Int
    private let window: Int
    private var slot = Int.min
    private var current = Generation()
    private var previous = Generation()

    /// `window` must cover the whole time in which one proof is accepted: twice `DPoPProof.window`.
    package init(capacity: Int = 400_000, window: Int = 2 * DPoPProof.window + 1) {
        self.capacity = capacity
        self.window = window
    }

    /// Refuses rather than forgets when it is full. `source` is whose share the proof counts in; nil for nobody's.
    package mutating func insert(_ bytes: [UInt8], from source: String? = nil, now: Int) -> Verdict {
        let slot = now / window
        if slot > self.slot {
            previous = slot == self.slot + 1 ? current : Generation()
            current = Generation()
            self.slot = slot
        }
        let key = Key(bytes)
        if current.keys.contains(key) || previous.keys.contains(key) { return .replayed }
        let held = current.keys.count + previous.keys.count
        guard held < capacity else { return .full }
        if let source {
            let share = current.counts[source, default: 0] + previous.counts[source, default: 0]
            guard held < capacity / 2 || share < capacity / 64 else { return .full }
            current.counts[source, default: 0] += 1
        }
        current.keys.insert(key)
        return .fresh
    }
}
