import Agent
import LinuxNetwork
import Testing

/// Seconds on each clock.
private func clocks(wall: Int, boot: Int, monotonic: Int? = nil) -> ClockReading {
    ClockReading(
        realTime: wall * 1_000_000_000, monotonic: (monotonic ?? boot) * 1_000_000_000, bootTime: boot * 1_000_000_000)
}

@Suite struct `The time by which grants end` {
    private enum Step {
        /// The clocks, the time that is told, and whether the wall clock is held to be behind.
        case read(ClockReading, tells: Int, held: Bool = false)
        /// The server's time at the last clocks.
        case hear(Int)
    }

    private func follow(_ steps: [Step]) {
        var clock = GrantClock()
        var last = clocks(wall: 0, boot: 0)
        for step in steps {
            switch step {
            case .read(let reading, let expected, let isHeld):
                let told = clock.reading(reading)
                #expect(told.seconds == expected && clock.isHeld == isHeld, "\(step)")
                #expect(told.bootTime == reading.bootTime && told.monotonic == reading.monotonic)
                last = reading
            case .hear(let time): clock.hear(serverTime: time, at: last)
            }
        }
    }

    @Test func `is the wall clock while that goes on`() {
        follow([
            .read(clocks(wall: 10_000, boot: 100), tells: 10_000),
            .read(clocks(wall: 10_020, boot: 120), tells: 10_020),
            .hear(10_021), .read(clocks(wall: 10_030, boot: 130), tells: 10_030),
        ])
    }

    @Test func `of a clock that is set on and back is the wall clock again when the server speaks`() {
        follow([
            .read(clocks(wall: 10_000, boot: 100), tells: 10_000),
            .read(clocks(wall: 17_210, boot: 110), tells: 17_210),
            // The server is two hours behind; that changes nothing.
            .hear(10_010), .read(clocks(wall: 17_220, boot: 120), tells: 17_220),
            .read(clocks(wall: 10_030, boot: 130), tells: 17_230, held: true),
            .hear(10_031), .read(clocks(wall: 10_032, boot: 132), tells: 10_032),
        ])
    }

    @Test func `goes on where the clock is set back, while the server is out of reach or knows better`() {
        follow([
            .read(clocks(wall: 10_000, boot: 100), tells: 10_000),
            .read(clocks(wall: 2_800, boot: 105), tells: 10_005, held: true),
            // Asleep for an hour.
            .read(clocks(wall: 6_410, boot: 3_715, monotonic: 115), tells: 13_615, held: true),
            .hear(13_616), .read(clocks(wall: 6_420, boot: 3_725, monotonic: 125), tells: 13_625, held: true),
            // Put right by hand.
            .read(clocks(wall: 13_630, boot: 3_730, monotonic: 130), tells: 13_630),
        ])
    }

    @Test func `stays held when what the server said long ago comes late`() {
        follow([
            .read(clocks(wall: 10_000, boot: 100), tells: 10_000), .hear(10_001),
            .read(clocks(wall: 10_000, boot: 410), tells: 10_310, held: true),
            // Sent at 10,021, and held up on its way ever since.
            .hear(10_021), .read(clocks(wall: 10_001, boot: 411), tells: 10_311, held: true),
            // In the order in which they were sent.
            .hear(10_041), .read(clocks(wall: 10_002, boot: 412), tells: 10_312, held: true),
            // Asleep for an hour, by the clock that counts it.
            .read(clocks(wall: 13_800, boot: 4_012, monotonic: 412), tells: 13_912, held: true),
            .hear(10_061), .read(clocks(wall: 13_801, boot: 4_013, monotonic: 413), tells: 13_913, held: true),
            .hear(13_914), .read(clocks(wall: 13_802, boot: 4_014, monotonic: 414), tells: 13_914, held: true),
            .read(clocks(wall: 13_900, boot: 4_015, monotonic: 415), tells: 13_915, held: true),
            .hear(13_916), .read(clocks(wall: 13_901, boot: 4_016, monotonic: 416), tells: 13_901),
        ])
    }

    @Test func `counts a machine's sleep as the wall clock does`() {
        follow([
            .read(clocks(wall: 10_000, boot: 100, monotonic: 100), tells: 10_000),
            .read(clocks(wall: 38_800, boot: 28_900, monotonic: 101), tells: 38_800),
        ])
    }

    @Test(arguments: [(10_060, 10_000), (10_061, 10_100), (.max, 10_100), (.min, 10_000)] as [(Int, Int)])
    func `believes a wall clock that is behind the server by a minute at most`(_ server: Int, _ told: Int) {
        follow([
            .read(clocks(wall: 10_100, boot: 100), tells: 10_100),
            .read(clocks(wall: 10_000, boot: 100), tells: 10_100, held: true),
            .hear(server), .read(clocks(wall: 10_000, boot: 100), tells: told, held: told != 10_000),
        ])
    }

    @Test func `makes no jump for the watch when the clock is set back, and one when it counts again`() {
        var (clock, watch) = (GrantClock(), ClockWatch())
        var jumps: [ClockWatch.Jump] = []
        func observe(_ reading: ClockReading) { jumps += [watch.observe(clock.reading(reading))].compactMap(\.self) }
        observe(clocks(wall: 10_000, boot: 100))
        observe(clocks(wall: 10_601, boot: 101))
        observe(clocks(wall: 10_002, boot: 102))
        #expect(jumps == [.stepped(milliseconds: 600_000)])
        clock.hear(serverTime: 10_003, at: clocks(wall: 10_003, boot: 103))
        observe(clocks(wall: 10_003, boot: 103))
        #expect(jumps == [.stepped(milliseconds: 600_000), .stepped(milliseconds: -600_000)])
    }

    @Test func `survives clocks beyond all reason`() {
        var clock = GrantClock()
        for value in [Int.min, .max, 0, .min, .max] {
            _ = clock.reading(ClockReading(realTime: value, monotonic: value, bootTime: value))
            _ = clock.reading(ClockReading(realTime: 0 &- value, monotonic: 0, bootTime: 0 &- value))
            clock.hear(serverTime: value, at: ClockReading(realTime: value, monotonic: 0, bootTime: value))
        }
    }
}
