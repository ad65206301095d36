import Agent
import LinuxNetwork
import Testing

/// A machine's clocks, the grant clock over them, and an agent and a guard that look at both.
private final class Pair {
    /// Milliseconds.
    var (real, monotonic, boot) = (1_000_000, 1000, 1000)
    var grantClock: GrantClock
    var timeouts: WrittenTimeouts
    var guarded: GuardedClocks
    /// What the timeouts were written by, and whether they are to be written anew.
    var written: GrantReading
    var isToRewrite = false

    init() {
        let machine = ClockReading(realTime: 1_000_000_000_000, monotonic: 1_000_000_000, bootTime: 1_000_000_000)
        var clock = GrantClock()
        written = GrantReading(machine: machine, grants: clock.reading(machine))
        (timeouts, guarded, grantClock) = (WrittenTimeouts(by: written), GuardedClocks(writtenBy: machine), clock)
    }

    func reading() -> GrantReading {
        let machine = ClockReading(
            realTime: real * 1_000_000, monotonic: monotonic * 1_000_000, bootTime: boot * 1_000_000)
        return GrantReading(machine: machine, grants: grantClock.reading(machine))
    }

    func pass(_ milliseconds: Int, asleep: Bool = false) {
        real += milliseconds
        boot += milliseconds
        if !asleep { monotonic += milliseconds }
    }

    func hear() {
        let machine = reading().machine
        grantClock.hear(serverTime: machine.seconds, at: machine)
    }

    func write(by reading: GrantReading) {
        if timeouts.rewrite(by: reading) { guarded.rewrite(by: reading.machine) }
        (written, isToRewrite) = (reading, false)
    }

    /// As the agent does. What it finds.
    @discardableResult
    func look() -> WrittenTimeouts.Verdict {
        let reading = reading()
        let verdict = timeouts.verdict(at: reading)
        switch verdict {
        case .hold: break
        case .areWrong: isToRewrite = true
        case .areRight: if timeouts.confirm(at: reading) { guarded.rewrite(by: reading.machine) }
        }
        return verdict
    }

    /// Whether the agent would tell the guard that the timeouts are right.
    var isConfirmed: Bool {
        var timeouts = timeouts
        return timeouts.confirm(at: reading())
    }

    var guardHolds: Bool {
        var guarded = guarded
        return guarded.verdict(agentLives: true, at: reading().machine) == .holds
    }

    /// The timeouts are wrong by half a second or more.
    var areWrong: Bool { ClockWatch.jump(from: written.grants, to: reading().grants) != nil }
}

@Suite struct `An agent and its guard` {
    @Test func `see the same when the clock is set by little twice`() {
        let pair = Pair()
        // Held back by the grant clock, then written by what it holds.
        pair.real -= 300
        #expect(pair.look() == .hold)
        pair.write(by: pair.reading())
        pair.real += 300
        #expect(pair.look() == .hold)
        pair.real += 300
        #expect(!pair.guardHolds && !pair.areWrong)
        #expect(pair.look() == .areRight)
        #expect(pair.guardHolds && pair.look() == .hold)
        // Nothing was written anew: it counts from there.
        pair.real += 300
        #expect(pair.look() == .areWrong(.stepped(milliseconds: 600)))
        #expect(!pair.isConfirmed)
        #expect(pair.look() == .hold)
        pair.write(by: pair.reading())
        #expect(pair.guardHolds && pair.look() == .hold)
    }

    @Test func `take nothing for right that was written while the clock was set`() {
        let pair = Pair()
        let before = pair.reading()
        pair.pass(100)
        pair.real += 60_000
        #expect(pair.look() == .areWrong(.stepped(milliseconds: 60_000)))
        pair.write(by: before)
        #expect(!pair.guardHolds)
        #expect(!pair.isConfirmed)
        pair.write(by: pair.reading())
        #expect(pair.guardHolds && pair.look() == .hold)
        // What was read earlier does not take its place.
        let (isWritten, isRight) = (pair.timeouts.rewrite(by: before), pair.timeouts.confirm(at: before))
        #expect(!isWritten && !isRight)
        #expect(pair.look() == .hold)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `never wait for each other, whatever the clocks do`(_ seed: UInt64) {
        var random = SplitMix(state: seed)
        let pair = Pair()
        for _ in 0..<400 {
            switch UInt8.random(in: 0..<6, using: &random) {
            case 0: pair.real += Int.random(in: -800...800, using: &random)
            case 1: pair.pass(Int.random(in: 0...800, using: &random), asleep: true)
            case 2: pair.hear()
            case 3: pair.write(by: pair.reading())
            default: pair.pass(Int.random(in: 0...2000, using: &random))
            }
            let (guardHeld, areWrong) = (pair.guardHolds, pair.areWrong)
            let verdict = pair.look()
            // Wrong timeouts are never told to be right.
            if areWrong { #expect(pair.isToRewrite && verdict != .areRight) }
            // What the guard finds, the agent does.
            if !guardHeld { #expect(pair.isToRewrite || pair.guardHolds) }
            if pair.isToRewrite, Bool.random(using: &random) {
                pair.write(by: pair.reading())
                #expect(pair.guardHolds)
            }
        }
    }
}

/// The same numbers for the same seed. Source: Steele, Lea, Flood: Fast splittable pseudorandom number generators.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
