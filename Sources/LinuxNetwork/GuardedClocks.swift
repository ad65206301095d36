/// Whether the timeouts of a packet filter still end when they should: a pure value.
///
/// They were written by the clocks of one moment. Once the wall clock and the clock of the kernel's timeouts have parted since,
/// grants end too late or too early, until an agent writes them anew.
package struct GuardedClocks: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        case holds
        /// An agent lives, and has so many nanoseconds to write the timeouts anew.
        case waits(nanoseconds: Int)
        /// Nobody will.
        case fails
    }

    /// Nanoseconds that an agent is given: one that hangs for longer is as good as none.
    package static let patience = 30_000_000_000
    private var written: ClockReading
    /// On the monotonic clock.
    private var partedAt: Int?

    package init(writtenBy reading: ClockReading) { written = reading }

    /// All timeouts were written anew, by clocks that were read before.
    package mutating func rewrite(by reading: ClockReading) {
        written = reading
        partedAt = nil
    }

    package mutating func verdict(agentLives: Bool, at reading: ClockReading) -> Verdict {
        guard ClockWatch.jump(from: written, to: reading) != nil else {
            partedAt = nil
            return .holds
        }
        guard agentLives else { return .fails }
        let begun = partedAt ?? reading.monotonic
        partedAt = begun
        let left = Self.patience - max(0, reading.monotonic - begun)
        return left > 0 ? .waits(nanoseconds: left) : .fails
    }
}
