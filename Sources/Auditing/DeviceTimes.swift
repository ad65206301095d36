internal import Audit

/// Where the moments of a report lie by our clock. A device says when something was and when it sends it; only how long ago
/// that was can be right on a device whose clock is wrong, and neither on one that lies.
///
/// What cannot be true is put where it can be, so that a question for the last hours finds it, and what the device said is
/// kept beside it: a moment later than its own sending, one longer ago than a device keeps records, and all of a device
/// whose clock is more than a day off. All are seconds since the epoch.
struct DeviceTimes: Sendable {
    /// Further apart than this, the clocks are said to be.
    static var tolerance: Int { 300 }
    /// Further off than this, a moment is put elsewhere.
    static var largestError: Int { 86_400 }
    /// A device that was away for longer has older records, which then count as of this age.
    static var longestKept: Int { 90 * 86_400 }

    let sentAt: Int
    let now: Int

    /// How far the device's clock is off, if it is.
    var clockOffset: Int? { abs(sentAt - now) > Self.tolerance ? sentAt - now : nil }

    func place(_ moment: Int) -> Int {
        let age = min(max(sentAt - moment, 0), Self.longestKept)
        return abs(now - age - moment) > Self.largestError ? now - age : moment
    }

    /// Sets the event's times, and marks what cannot be true of those that the device gives.
    func put(_ time: Int, last: Int?, in event: inout AuditEvent) {
        event.time = place(time)
        event.last = last.map { max(place($0), event.time) }
        event.clockOffset = clockOffset
        if event.time != time || event.last != last {
            event.deviceTime = time
            event.deviceLast = last
        }
        let latest = max(time, last ?? time)
        if clockOffset == nil, latest - sentAt > Self.tolerance { event.clockOffset = latest - now }
    }
}
