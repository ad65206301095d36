/// How often one device code may be asked about. RFC 8628 §3.5: `slow_down` adds five seconds each time.
package struct PollPacing: Hashable, Sendable {
    package static let initialInterval = 2
    package private(set) var interval: Int
    private var lastPoll: Int?

    package init(interval: Int = Self.initialInterval) { self.interval = interval }

    /// True when this poll came in its time; false, and a longer interval, when it came too early.
    package mutating func isInTime(now: Int) -> Bool {
        defer { lastPoll = now }
        guard let lastPoll, now - lastPoll < interval else { return true }
        interval = min(interval + 5, 60)
        return false
    }
}
