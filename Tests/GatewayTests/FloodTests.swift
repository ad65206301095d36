import Cryptography
import Identity
import Logging
import Sessions
import Testing

@testable import Gateway

@Suite struct `A flood of refused requests` {
    private func count(_ lines: LogLines, _ words: String) -> Int {
        lines.text.split(separator: "\n").count { $0.contains(words) }
    }

    @Test func `has its first lines in the log, and then the number of the others`() async throws {
        let harness = try await GatewayHarness()
        for _ in 0..<50 {
            let answer = try await harness.answer(
                "POST", "/oauth2/token", headers: [], body: [])
            #expect(answer.status == 400)
        }
        #expect(count(harness.log, "device call refused") == RefusalLines.ofOneNetwork)
        #expect(count(harness.log, "address=\(GatewayHarness.address)") == RefusalLines.ofOneNetwork)
        harness.gateway.tellLeftOutLines()
        harness.gateway.tellLeftOutLines()
        #expect(count(harness.log, "left out of the log") == 1 && count(harness.log, "count=30") == 1)
        // It goes on, slowly, and forms belong to the same budget.
        harness.clock.advance(6)
        for _ in 0..<3 { _ = try await harness.answer("POST", "/device", headers: [], body: [0xFF]) }
        #expect(count(harness.log, "form refused") == 1)
        harness.gateway.tellLeftOutLines()
        #expect(count(harness.log, "count=2") == 1)
    }

    @Test(arguments: [
        ("?x=y", "sign-in at provider failed"),
        ("?code=c&state=unknown", "callback refused: its state is not one of ours"),
    ])
    func `of callbacks that nobody asked for is one, too`(_ query: String, _ line: String) async throws {
        let harness = try await GatewayHarness()
        let target = "/oidc/callback/corp" + query + "&iss=https%3A%2F%2Flogin.example.com"
        for _ in 0..<30 {
            #expect(try await harness.answer("GET", target, headers: [], body: []).status >= 400)
        }
        #expect(count(harness.log, line) == RefusalLines.ofOneNetwork, "\(harness.log.text.prefix(500))")
        #expect(count(harness.log, "address=\(GatewayHarness.address)") == RefusalLines.ofOneNetwork)
        harness.gateway.tellLeftOutLines()
        #expect(count(harness.log, "count=10") == 1)
    }

    @Test func `from many networks is limited too, and one network does not silence another`() {
        let log = LogLines()
        let lines = RefusalLines(logger: log.logger(), now: 0)
        for _ in 0..<100 { lines.note(.notice, "refused", [:], from: "192.0.2.1", now: 0) }
        lines.note(.notice, "refused", [:], from: "192.0.2.2", now: 0)
        #expect(count(log, "address=192.0.2.1") == RefusalLines.ofOneNetwork)
        #expect(count(log, "address=192.0.2.2") == 1)
        for index in 0..<500 {
            lines.note(.notice, "refused", [:], from: "198.51.\(index / 250).\(index % 250)", now: 0)
        }
        #expect(count(log, "refused ") == RefusalLines.ofAll)
        // One IPv6 network is one.
        let other = RefusalLines(logger: log.logger(), now: 0)
        for index in 0..<50 { other.note(.notice, "of six", [:], from: "2001:db8::\(index)", now: 0) }
        #expect(count(log, "of six") == RefusalLines.ofOneNetwork)
    }
}

@Suite struct `Redeemed codes` {
    @Test func `are remembered up to a number, the oldest forgotten first`() throws {
        let device = try #require(DeviceID(String(repeating: "d", count: 43)))
        let signIns = OpenSignIns([])
        func code(_ number: Int) -> [UInt8] { Digest.sha256("\(number)") }
        for number in 0...GatewayLimits.redeemedCodes {
            signIns.noteRedeemed(code(number), by: device, seconds: 60, now: 0)
        }
        #expect(signIns.poll(code(0), by: device, now: 1) == .unknown)
        for number in [1, 2, GatewayLimits.redeemedCodes] {
            #expect(signIns.poll(code(number), by: device, now: 1) == .decided)
        }
        // One that is told twice takes one place.
        signIns.noteRedeemed(code(2), by: device, seconds: 60, now: 1)
        #expect(signIns.poll(code(2), by: device, now: 60) == .decided)
        #expect(signIns.poll(code(3), by: device, now: 60) == .unknown)
    }
}
