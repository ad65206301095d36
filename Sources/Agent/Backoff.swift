package import Cryptography

/// How long to wait before the next try: doubling from half a second to thirty, each time a random half of it less.
package struct Backoff: Hashable, Sendable {
    package static let shortestMilliseconds = 500
    package static let longestMilliseconds = 30_000
    private var failures = 0

    package init() {}

    /// The wait after one more failure; never shorter than the server asked for.
    package mutating func next(from randomness: Randomness, atLeast seconds: Int? = nil) -> Duration {
        let full = min(Self.shortestMilliseconds << min(failures, 10), Self.longestMilliseconds)
        failures = min(failures + 1, 10)
        let half = full / 2
        let wait = half + Int(randomness.uniform(below: UInt32(half) + 1))
        return max(.milliseconds(wait), .seconds(min(max(seconds ?? 0, 0), 3600)))
    }

    package mutating func reset() { failures = 0 }
}
