import Agent
import LinuxNetwork
import Testing

private func reading(real: Int, monotonic: Int, boot: Int) -> ClockReading {
    ClockReading(realTime: real * 1_000_000, monotonic: monotonic * 1_000_000, bootTime: boot * 1_000_000)
}

@Suite struct `Watching the clocks` {
    @Test(
        arguments: [
            (reading(real: 1000, monotonic: 1000, boot: 1000), nil),
            // A machine that was busy for an hour.
            (reading(real: 3_600_000, monotonic: 3_600_000, boot: 3_600_000), nil),
            // NTP's slewing, half a part in a thousand.
            (reading(real: 1000, monotonic: 999, boot: 999), nil),
            (reading(real: 3_601_000, monotonic: 1000, boot: 1000), .stepped(milliseconds: 3_600_000)),
            (reading(real: -3_599_000, monotonic: 1000, boot: 1000), .stepped(milliseconds: -3_600_000)),
            (reading(real: 8000, monotonic: 1000, boot: 8000), .slept(milliseconds: 7000)),
            (reading(real: 1500, monotonic: 1000, boot: 1000), .stepped(milliseconds: 500)),
            // Asleep and set at once, as after a battery ran empty.
            (reading(real: 0, monotonic: 1000, boot: 8000), .slept(milliseconds: 7000)),
        ] as [(ClockReading, ClockWatch.Jump?)])
    func `tells a jump from the passing of time`(_ later: ClockReading, _ jump: ClockWatch.Jump?) {
        var watch = ClockWatch()
        let first = watch.observe(reading(real: 0, monotonic: 0, boot: 0))
        let second = watch.observe(later)
        let third = watch.observe(later)
        #expect(first == nil && second == jump && third == nil)
    }

    @Test func `adds up small drifts`() {
        var watch = ClockWatch()
        let jumps = (0..<2000).compactMap { second in
            watch.observe(reading(real: second * 1001, monotonic: second * 1000, boot: second * 1000))
        }
        #expect(jumps == Array(repeating: .stepped(milliseconds: 500), count: 3))
    }

    @Test func `survives clocks beyond all reason`() {
        var watch = ClockWatch()
        for value in [Int.min, Int.max, 0, Int.min] {
            _ = watch.observe(ClockReading(realTime: value, monotonic: -1, bootTime: value))
        }
        #expect(ClockReading(realTime: -5, monotonic: 0, bootTime: 0).seconds == 0)
    }
}
