internal import SignedDocuments
internal import Synchronization

/// The time by which grants end: the wall clock, which never goes back here until the server says that it is right.
///
/// What has once ended stays ended when the wall clock is set back: time goes on from the latest moment that was told, with the
/// clock that counts a machine's sleep, too. A server in reach tells its own time every 20 seconds; once the wall clock is not
/// behind that, it counts again. So a clock that is set on and back ends grants until the server speaks, and one that is set
/// back lengthens none, whether the server is in reach or not.
package struct GrantClock: Hashable, Sendable {
    private var latest: ClockReading?
    /// Whether the wall clock is behind what it has told before.
    package private(set) var isHeld = false

    package init() {}

    /// The clocks, with the time by which grants end as the wall clock.
    package mutating func reading(_ clocks: ClockReading) -> ClockReading {
        var told = clocks
        isHeld = false
        if let latest {
            // A clock that counts from the start of the machine does not go back.
            let (passed, unknown) = clocks.bootTime.subtractingReportingOverflow(latest.bootTime)
            let (moment, endless) = latest.realTime.addingReportingOverflow(unknown ? 0 : max(0, passed))
            if !endless, moment > told.realTime {
                told.realTime = moment
                let (ahead, overflow) = moment.subtractingReportingOverflow(clocks.realTime)
                isHeld = overflow || ahead >= ClockWatch.tolerance
            }
        }
        latest = told
        return told
    }

    /// The server said what time it is there, in seconds since the epoch: a wall clock that is not behind is believed again.
    /// One that is behind would let live what the server has seen end.
    package mutating func hear(serverTime: Int, at clocks: ClockReading) {
        guard clocks.seconds >= max(serverTime, 0) - Validity.skew else { return }
        latest = nil
    }
}

/// A grant clock over this machine's clocks, for several tasks.
final class GrantTime: Sendable {
    private let clock = Mutex(GrantClock())
    private let clocks: @Sendable () -> ClockReading

    init(_ clocks: @escaping @Sendable () -> ClockReading) { self.clocks = clocks }

    /// All clocks at one moment, its wall clock the one by which grants end.
    func reading() -> ClockReading { clock.withLock { $0.reading(clocks()) } }

    var isHeld: Bool { clock.withLock { $0.isHeld } }

    /// The server's own time, in seconds since the epoch, as it told it just now.
    func hear(serverTime: Int) { clock.withLock { $0.hear(serverTime: serverTime, at: clocks()) } }
}
