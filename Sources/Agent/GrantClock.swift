package import LinuxNetwork
internal import SignedDocuments
internal import Synchronization

/// The time by which grants end: the wall clock, which never goes back here until the server says that it is right.
///
/// What has once ended stays ended when the wall clock is set back: time goes on from the latest moment that was told, with the
/// clock that counts a machine's sleep, too. A server in reach tells its own time every 20 seconds; once the wall clock is not
/// behind that, it counts again. So a clock that is set on and back ends grants until the server speaks, and one that is set
/// back lengthens none, whether the server is in reach or not.
///
/// What the server says may come late: the newest of what it has said, and the time since, is what the wall clock is compared
/// with.
package struct GrantClock: Sendable {
    private var latest: ClockReading?
    /// The server's time, in seconds since the epoch, at a moment of the clock that counts from the start of the machine.
    private var server: (seconds: Int, bootTime: Int)?
    /// Whether the wall clock is behind what it has told before.
    package private(set) var isHeld = false

    package init() {}

    /// The clocks, with the time by which grants end as the wall clock.
    package mutating func reading(_ clocks: ClockReading) -> ClockReading {
        var told = clocks
        isHeld = false
        if let latest {
            let passed = Self.passed(since: latest.bootTime, at: clocks)
            let (moment, endless) = latest.realTime.addingReportingOverflow(passed)
            if !endless, moment > told.realTime {
                told.realTime = moment
                let (ahead, overflow) = moment.subtractingReportingOverflow(clocks.realTime)
                isHeld = overflow || ahead >= ClockWatch.tolerance
            }
        }
        latest = told
        return told
    }

    /// Nanoseconds. A clock that counts from the start of the machine does not go back.
    private static func passed(since bootTime: Int, at clocks: ClockReading) -> Int {
        let (passed, unknown) = clocks.bootTime.subtractingReportingOverflow(bootTime)
        return unknown ? 0 : max(0, passed)
    }

    private static func seconds(of server: (seconds: Int, bootTime: Int), at clocks: ClockReading) -> Int? {
        let (moment, endless) = server.seconds.addingReportingOverflow(
            passed(since: server.bootTime, at: clocks) / 1_000_000_000)
        return endless ? nil : moment
    }

    /// The server said what time it is there, in seconds since the epoch: a wall clock that is not behind is believed again.
    /// One that is behind would let live what the server has seen end.
    package mutating func hear(serverTime: Int, at clocks: ClockReading) {
        var newest = max(serverTime, 0)
        if let server, let known = Self.seconds(of: server, at: clocks), known >= newest {
            newest = known
        } else {
            server = (newest, clocks.bootTime)
        }
        guard clocks.seconds >= newest - Validity.skew else { return }
        latest = clocks
    }
}

/// This machine's clocks at one moment, and the same with the time by which grants end as the wall clock.
package struct GrantReading: Hashable, Sendable {
    package let machine: ClockReading
    package let grants: ClockReading

    package init(machine: ClockReading, grants: ClockReading) { (self.machine, self.grants) = (machine, grants) }
}

/// A grant clock over this machine's clocks, for several tasks.
final class GrantTime: Sendable {
    private let clock = Mutex(GrantClock())
    private let clocks: @Sendable () -> ClockReading

    init(_ clocks: @escaping @Sendable () -> ClockReading) { self.clocks = clocks }

    /// All clocks at one moment, its wall clock the one by which grants end.
    func reading() -> ClockReading { both().grants }

    func both() -> GrantReading {
        clock.withLock { clock in
            let machine = clocks()
            return GrantReading(machine: machine, grants: clock.reading(machine))
        }
    }

    var isHeld: Bool { clock.withLock { $0.isHeld } }

    /// The server's own time, in seconds since the epoch, as it told it just now.
    func hear(serverTime: Int) { clock.withLock { $0.hear(serverTime: serverTime, at: clocks()) } }
}
