/// The three clocks at one moment, in nanoseconds.
package struct ClockReading: Hashable, Sendable {
    /// Since the epoch; it can be set. Source: clock_gettime(2), CLOCK_REALTIME.
    package var realTime: Int
    /// Since some start; stands still while the machine sleeps. CLOCK_MONOTONIC, and the clock of the kernel's timeouts.
    package var monotonic: Int
    /// The same, but goes on while the machine sleeps. CLOCK_BOOTTIME.
    package var bootTime: Int

    package init(realTime: Int, monotonic: Int, bootTime: Int) {
        self.realTime = realTime
        self.monotonic = monotonic
        self.bootTime = bootTime
    }

    /// Whole seconds since the epoch.
    package var seconds: Int { realTime >= 0 ? realTime / 1_000_000_000 : 0 }
    /// Of the second that has begun.
    package var milliseconds: Int { realTime >= 0 ? realTime % 1_000_000_000 / 1_000_000 : 0 }
}

/// Notices that the wall clock no longer goes with the clock of the kernel's timeouts: it was set, or the machine slept.
///
/// Timeouts count on the monotonic clock, deadlines are on the wall clock: whenever the two move apart by half a second,
/// every timeout that was set before is wrong.
package struct ClockWatch: Hashable, Sendable {
    package enum Jump: Hashable, Sendable {
        /// The wall clock was set, by so many milliseconds (negative: back), or drifted so far.
        case stepped(milliseconds: Int)
        /// The machine slept for so many milliseconds.
        case slept(milliseconds: Int)
    }

    package static let tolerance = 500_000_000
    private var last: ClockReading?

    package init() {}

    /// Compares with that reading.
    package init(since reading: ClockReading) { last = reading }

    /// Nil while the clocks agree; after an answer they are compared with this reading.
    package mutating func observe(_ reading: ClockReading) -> Jump? {
        guard let last else {
            self.last = reading
            return nil
        }
        guard let jump = Self.jump(from: last, to: reading) else { return nil }
        self.last = reading
        return jump
    }

    /// Nil while the clocks agree between the two.
    package static func jump(from last: ClockReading, to reading: ClockReading) -> Jump? {
        let slept = (reading.bootTime &- reading.monotonic) &- (last.bootTime &- last.monotonic)
        let stepped = (reading.realTime &- reading.bootTime) &- (last.realTime &- last.bootTime)
        guard abs(clamped(slept)) >= tolerance || abs(clamped(stepped)) >= tolerance else { return nil }
        return abs(clamped(slept)) >= tolerance
            ? .slept(milliseconds: clamped(slept) / 1_000_000) : .stepped(milliseconds: clamped(stepped) / 1_000_000)
    }

    /// So that its magnitude exists.
    private static func clamped(_ difference: Int) -> Int { max(difference, -Int.max) }
}
