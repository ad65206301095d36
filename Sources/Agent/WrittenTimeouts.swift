package import LinuxNetwork

/// By which clocks the filter's timeouts were written last: a pure value.
///
/// The guard was told the same reading, and compares with it by the same threshold: what it finds wrong, the agent does, too.
package struct WrittenTimeouts: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        case hold
        /// The time by which grants end has parted from the kernel's: they are to be written anew. Said once.
        case areWrong(ClockWatch.Jump)
        /// Only the wall clock has, and time is held: they are right as they are, and the guard is to be told.
        case areRight
    }

    /// As the guard knows it.
    package private(set) var machine: ClockReading
    /// By the time by which grants end.
    private var watch: ClockWatch
    /// They are wrong since, on the monotonic clock.
    private var wrongSince: Int?

    package init(by reading: GrantReading) {
        machine = reading.machine
        watch = ClockWatch(since: reading.grants)
    }

    /// All were written anew, by clocks that were read before. False: later ones are known.
    package mutating func rewrite(by reading: GrantReading) -> Bool {
        guard reading.machine.monotonic >= machine.monotonic else { return false }
        machine = reading.machine
        // What has parted while they were written is still wrong.
        guard wrongSince.map({ reading.machine.monotonic >= $0 }) ?? true else { return true }
        wrongSince = nil
        watch = ClockWatch(since: reading.grants)
        return true
    }

    /// They were found right at that moment, as they are. False: they have been wrong since, or later clocks are known.
    package mutating func confirm(at reading: GrantReading) -> Bool {
        guard wrongSince == nil, reading.machine.monotonic >= machine.monotonic else { return false }
        machine = reading.machine
        return true
    }

    package mutating func verdict(at reading: GrantReading) -> Verdict {
        if let jump = watch.observe(reading.grants) {
            wrongSince = reading.machine.monotonic
            return .areWrong(jump)
        }
        guard wrongSince == nil, ClockWatch.jump(from: machine, to: reading.machine) != nil else { return .hold }
        return .areRight
    }
}
