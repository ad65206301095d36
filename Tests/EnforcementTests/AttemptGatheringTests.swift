import Enforcement
import NetworkAddresses
import Testing

private func attempt(
    _ port: UInt16?, from source: UInt32 = 2, _ outcome: ConnectionAttempt.Outcome = .refusedInbound
) -> ConnectionAttempt {
    ConnectionAttempt(
        source: .v4(0x6440_0000 + source), destination: .v4(0x6440_0001), protocolNumber: 6, port: port,
        outcome: outcome)
}

@Suite struct `Gathering attempts` {
    @Test func `reports the first at once and its repetitions once, at the minute's end`() {
        var gathering = AttemptGathering()
        let first = [0, 5, 59].map { gathering.add(attempt(22), at: $0) }
        #expect(first == [true, false, false])
        let early = gathering.close(at: 59)
        #expect(early == [])
        let closed = gathering.close(at: 60)
        #expect(closed.map(\.count) == [2])
        #expect(closed.first?.first == 5 && closed.first?.last == 59 && closed.first?.ports == [])
        let again = gathering.add(attempt(22), at: 61)
        #expect(again)
    }

    @Test func `says nothing of what was not repeated`() {
        var gathering = AttemptGathering()
        _ = gathering.add(attempt(22), at: 0)
        let closed = gathering.close(at: 60)
        #expect(closed == [] && gathering.isEmpty)
    }

    @Test func `makes few reports of a scan of all ports by ten peers, and counts every attempt`() {
        var gathering = AttemptGathering()
        var reported = 0
        for port in UInt16.min...UInt16.max {
            for source in 2..<12 as Range<UInt32> where gathering.add(attempt(port, from: source), at: 10) {
                reported += 1
            }
        }
        let closed = gathering.close(at: 0, all: true)
        #expect(reported == 640)
        #expect(closed.count == 10)
        #expect(reported + closed.reduce(0) { $0 + $1.count } == 655_360)
        #expect(closed.allSatisfy { $0.ports == [64...65_535] && $0.portText == "64-65535" })
    }

    @Test func `gathers no ports that were allowed`() {
        var gathering = AttemptGathering()
        let reported = (1...500).count { gathering.add(attempt($0, .allowed), at: 0) }
        #expect(reported == 500)
    }

    @Test func `writes at most 64 ranges of ports`() {
        var gathering = AttemptGathering()
        for port in stride(from: UInt16(1), to: 2000, by: 2) { _ = gathering.add(attempt(port), at: 0) }
        let scan = gathering.close(at: 60).first
        let text = scan?.portText ?? ""
        #expect(text.split(separator: ",").count == 64)
        #expect(text.hasPrefix("129,131,") && text.hasSuffix("-1999"))
    }

    @Test func `makes few reports of a sweep of addresses, and counts every attempt`() {
        var gathering = AttemptGathering()
        var (reported, told) = (0, 0)
        for number in 0..<100_000 as Range<UInt32> {
            let one = ConnectionAttempt(
                source: .v4(0x6440_0001), destination: .v4(0x6440_000A + number), protocolNumber: 17, port: 9,
                outcome: .refusedWithoutPeer)
            if gathering.add(one, at: 1000 + Int(number) / 25_000) { reported += 1 }
        }
        // Meanwhile what another is refused is gathered as ever.
        let others = (0..<20_000).count { _ in gathering.add(attempt(nil), at: 1004) }
        #expect(reported == AttemptGathering.refusedKindsBeforeSweep && others == 1)
        let closed = gathering.close(at: 1064)
        told = closed.reduce(0) { $0 + $1.count }
        #expect(closed.count == 2 && reported + others + told == 120_000)
        let sweep = closed.first { $0.sweep == .ofOneSource }
        #expect(sweep?.count == 100_000 - reported && sweep?.first == 1000 && sweep?.last == 1003)
        #expect(sweep?.attempt.destination == .v4(0x6440_000A + UInt32(reported)) && sweep?.portText == nil)
        #expect(gathering.isEmpty)
    }

    @Test func `gathers what one source is allowed beyond a thousand ports`() {
        var gathering = AttemptGathering()
        let reported = (1...UInt16.max).count { gathering.add(attempt($0, .allowed), at: 0) }
        let closed = gathering.close(at: 60)
        #expect(reported == AttemptGathering.otherKindsBeforeSweep)
        #expect(closed.map(\.count) == [65_535 - reported] && closed.first?.sweep == .ofOneSource)
    }

    @Test func `keeps its memory bounded, and then tells sources together`() {
        var gathering = AttemptGathering()
        var reported = 0
        for source in 0..<40_000 as Range<UInt32> {
            for _ in 0..<2 where gathering.add(attempt(22, from: source), at: 0) { reported += 1 }
        }
        let closed = gathering.close(at: 60)
        #expect(reported == AttemptGathering.largestKinds && closed.count == reported + 1)
        #expect(closed.count { $0.sweep == .ofManySources } == 1)
        #expect(reported + closed.reduce(0) { $0 + $1.count } == 80_000)
        #expect(gathering.isEmpty)
    }

    @Test func `tells nothing singly between a window's end and its closing`() {
        var gathering = AttemptGathering()
        for port in 1...1000 as ClosedRange<UInt16> { _ = gathering.add(attempt(port), at: 0) }
        let late = (1001...2000).count { gathering.add(attempt($0), at: 61) }
        let closed = gathering.close(at: 61)
        #expect(late == 0 && closed.map(\.count) == [1936])
    }

    @Test func `follows at most 64 scans at a time`() {
        var gathering = AttemptGathering()
        var reported = 0
        for source in 0..<100 as Range<UInt32> {
            for port in 1...100 as ClosedRange<UInt16> where gathering.add(attempt(port, from: source), at: 0) {
                reported += 1
            }
        }
        let closed = gathering.close(at: 60)
        #expect(closed.count { !$0.ports.isEmpty } == AttemptGathering.largestScans)
        #expect(reported + closed.reduce(0) { $0 + $1.count } == 10_000)
    }

    @Test func `ends its windows when the clock is set back`() {
        var gathering = AttemptGathering()
        _ = gathering.add(attempt(22), at: 5000)
        _ = gathering.add(attempt(22), at: 5001)
        let closed = gathering.close(at: 100)
        #expect(closed.map(\.count) == [1])
    }
}
