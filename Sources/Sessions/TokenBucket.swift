/// A rate limit: `burst` at once, then one each `secondsPerToken`.
///
/// Times are whole seconds; a clock that steps back gains nothing.
package struct TokenBucket: Hashable, Sendable {
    package let burst: Double
    package let secondsPerToken: Double
    private var tokens: Double
    private var updatedAt: Int

    package init(burst: Int, secondsPerToken: Double, now: Int) {
        self.burst = Double(burst)
        self.secondsPerToken = secondsPerToken
        tokens = Double(burst)
        updatedAt = now
    }

    /// Takes tokens, one or at most the burst; nil when it could, else the whole seconds until they are there.
    package mutating func take(_ count: Double = 1, now: Int) -> Int? {
        let elapsed = max(0, Double(now) - Double(updatedAt))
        tokens = min(burst, tokens + elapsed / secondsPerToken)
        updatedAt = max(updatedAt, now)
        let count = min(count, burst)
        guard tokens >= count else { return max(1, Int(((count - tokens) * secondsPerToken).rounded(.up))) }
        tokens -= count
        return nil
    }

    /// Returns a token that was taken for something that turned out to cost nothing.
    package mutating func giveBack() { correct(by: 1) }

    /// Returns tokens that were taken too many or, of a negative count, takes more, into debt.
    package mutating func correct(by count: Double) { tokens = min(burst, tokens + count) }

    /// Full again: forgetting it changes nothing.
    package func isFull(at now: Int) -> Bool {
        tokens + max(0, Double(now) - Double(updatedAt)) / secondsPerToken >= burst
    }
}

/// Token buckets by key, of which at most `capacity` are remembered; when all are in use, a new key is refused.
package struct KeyedRateLimit: Sendable {
    private let burst: Int
    private let secondsPerToken: Double
    private let capacity: Int
    private var buckets: [String: TokenBucket] = [:]
    private var sweptAt = Int.min

    package init(burst: Int, secondsPerToken: Double, capacity: Int = 10_000) {
        self.burst = burst
        self.secondsPerToken = secondsPerToken
        self.capacity = capacity
    }

    /// Nil when allowed, else the seconds to wait.
    package mutating func take(_ key: String, _ count: Double = 1, now: Int) -> Int? {
        if buckets[key] == nil {
            if buckets.count >= capacity, now > sweptAt {
                // At most once a second: a flood of new keys must not cost a sweep each.
                sweptAt = now
                buckets = buckets.filter { !$0.value.isFull(at: now) }
            }
            guard buckets.count < capacity else { return Int(secondsPerToken.rounded(.up)) }
        }
        return buckets[key, default: TokenBucket(burst: burst, secondsPerToken: secondsPerToken, now: now)].take(
            count, now: now)
    }

    /// Returns what was taken for something that turned out to cost nothing.
    package mutating func giveBack(_ key: String) { buckets[key]?.giveBack() }

    /// Returns what was taken too much or, of a negative count, takes more, into debt.
    package mutating func correct(_ key: String, by count: Double) { buckets[key]?.correct(by: count) }
}
