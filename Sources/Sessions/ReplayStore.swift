/// Remembers DPoP proofs while they could be used again: two generations of `window` seconds each, bounded.
///
/// Source: RFC 9449 §11.1.
package struct ReplayStore: Sendable {
    package enum Verdict: Hashable, Sendable { case fresh, replayed, full }

    private let capacity: Int
    private let window: Int
    private var generation = Int.min
    private var current: Set<[UInt8]> = []
    private var previous: Set<[UInt8]> = []

    /// `window` must cover the whole time in which one proof is accepted: twice `DPoPProof.window`.
    package init(capacity: Int = 200_000, window: Int = 2 * DPoPProof.window + 1) {
        self.capacity = capacity
        self.window = window
    }

    /// Refuses rather than forgets when it is full.
    package mutating func insert(_ key: [UInt8], now: Int) -> Verdict {
        let slot = now / window
        if slot > generation {
            previous = slot == generation + 1 ? current : []
            current = []
            generation = slot
        }
        if current.contains(key) || previous.contains(key) { return .replayed }
        guard current.count + previous.count < capacity else { return .full }
        current.insert(key)
        return .fresh
    }
}
