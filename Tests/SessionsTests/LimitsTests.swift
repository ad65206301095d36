import Sessions
import Testing

@Suite struct `Poll pacing` {
    @Test func `lets polls in time pass and adds five seconds for each early one, up to a minute`() {
        var pacing = PollPacing()
        var verdicts: [Bool] = []
        for now in [0, 2, 3, 10, 16, 23] { verdicts.append(pacing.isInTime(now: now)) }
        #expect(verdicts == [true, true, false, true, false, false])
        #expect(pacing.interval == 17)
        for now in 24..<60 { _ = pacing.isInTime(now: now) }
        #expect(pacing.interval == 60)
        #expect(pacing.isInTime(now: 59 + 60) == true)
    }

    @Test func `counts from the last poll, early or not, and outlives a clock set back`() {
        var pacing = PollPacing(interval: 5)
        #expect(pacing.isInTime(now: 100) == true)
        #expect(pacing.isInTime(now: 50) == false)
        #expect(pacing.isInTime(now: 59) == false)
        #expect(pacing.isInTime(now: 59 + pacing.interval) == true)
    }
}

@Suite struct `A token bucket` {
    @Test func `gives its burst at once, then one token each interval`() {
        var bucket = TokenBucket(burst: 3, secondsPerToken: 6, now: 0)
        #expect((0..<4).map { _ in bucket.take(now: 0) } == [nil, nil, nil, 6])
        #expect(bucket.take(now: 5) == 1)
        #expect(bucket.take(now: 6) == nil)
        #expect(bucket.take(now: 6) == 6)
        #expect(!bucket.isFull(at: 17))
        #expect(bucket.isFull(at: 24))
    }

    @Test func `never holds more than its burst, and takes back no more either`() {
        var bucket = TokenBucket(burst: 2, secondsPerToken: 1, now: 0)
        bucket.giveBack()
        #expect((0..<3).map { _ in bucket.take(now: 1_000_000) } == [nil, nil, 1])
        bucket.giveBack()
        #expect(bucket.take(now: 1_000_000) == nil)
    }

    @Test func `gains nothing from a clock set back, and does not overflow`() {
        var bucket = TokenBucket(burst: 1, secondsPerToken: 10, now: 100)
        #expect(bucket.take(now: 100) == nil)
        for now in [0, 100, Int.min, 99] { #expect(bucket.take(now: now) == 10) }
        #expect(bucket.take(now: 110) == nil)
        #expect(bucket.take(now: Int.max) == nil)
    }

    @Test func `waits at least a second when tokens come faster`() {
        var bucket = TokenBucket(burst: 1, secondsPerToken: 0.1, now: 0)
        #expect((0..<2).map { _ in bucket.take(now: 0) } == [nil, 1])
        #expect(bucket.take(now: 1) == nil)
    }
}

@Suite struct `A rate limit by key` {
    @Test func `keeps keys apart`() {
        var limit = KeyedRateLimit(burst: 1, secondsPerToken: 10)
        #expect(limit.take("a", now: 0) == nil)
        #expect(limit.take("b", now: 0) == nil)
        #expect(limit.take("a", now: 1) == 9)
    }

    @Test func `refuses new keys when all it remembers are in use, and forgets the idle`() {
        var limit = KeyedRateLimit(burst: 2, secondsPerToken: 10, capacity: 2)
        #expect(limit.take("a", now: 0) == nil)
        #expect(limit.take("b", now: 5) == nil)
        #expect(limit.take("c", now: 9) == 10)
        #expect(limit.take("a", now: 9) == nil)
        #expect(limit.take("c", now: 15) == nil)
        #expect(limit.take("d", now: 15) == 10)
        #expect(limit.take("d", now: 16) == 10)
        #expect(limit.take("d", now: 40) == nil)
    }
}

@Suite struct `The replay store` {
    @Test func `knows a proof again as long as it could be used`() {
        // A proof is accepted from 60 s before its iat to 60 s after: 120 s later at most.
        for first in 0..<250 {
            var store = ReplayStore()
            #expect(store.insert([1], now: first) == .fresh)
            for later in [0, 1, 60, 119, 120, 121] {
                var copy = store
                _ = copy.insert([2], now: first + later)
                #expect(copy.insert([1], now: first + later) == .replayed)
            }
        }
    }

    @Test func `forgets after two windows`() {
        var store = ReplayStore(capacity: 10, window: 100)
        #expect(store.insert([1], now: 0) == .fresh)
        #expect(store.insert([1], now: 199) == .replayed)
        #expect(store.insert([1], now: 200) == .fresh)
        #expect(store.insert([1], now: 1_000) == .fresh)
    }

    @Test func `is full rather than forgetful, until a window has passed`() {
        var store = ReplayStore(capacity: 3, window: 100)
        for key in 1...3 as ClosedRange<UInt8> { #expect(store.insert([key], now: 0) == .fresh) }
        #expect(store.insert([4], now: 0) == .full)
        #expect(store.insert([1], now: 0) == .replayed)
        #expect(store.insert([4], now: 100) == .full)
        #expect(store.insert([4], now: 200) == .fresh)
    }

    @Test func `gives one source a sixty-fourth once it is half full`() {
        var store = ReplayStore(capacity: 128, window: 100)
        for key in 0..<64 as Range<UInt8> { #expect(store.insert([key], from: "flood", now: 0) == .fresh) }
        #expect(store.insert([64], from: "flood", now: 0) == .full)
        #expect([65, 66, 67].map { store.insert([$0], from: "other", now: 100) } == [.fresh, .fresh, .full])
        #expect(store.insert([0], from: "other", now: 100) == .replayed)
        #expect(store.insert([68], from: "flood", now: 200) == .fresh)
    }

    @Test func `remembers when the clock is set back`() {
        var store = ReplayStore(capacity: 10, window: 100)
        #expect(store.insert([1], now: 500) == .fresh)
        #expect(store.insert([1], now: 50) == .replayed)
        #expect(store.insert([2], now: 50) == .fresh)
        #expect(store.insert([2], now: 599) == .replayed)
    }
}
