import Cryptography
import Identity
import Logging
import Sessions
import Testing
import Walkthrough

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
        let lines = RefusalLines(logger: log.logger())
        for _ in 0..<100 { lines.note(.notice, "refused", [:], from: "192.0.2.1", now: 0) }
        lines.note(.notice, "refused", [:], from: "192.0.2.2", now: 0)
        #expect(count(log, "address=192.0.2.1") == RefusalLines.ofOneNetwork)
        #expect(count(log, "address=192.0.2.2") == 1)
        for index in 0..<500 {
            lines.note(.notice, "refused", [:], from: "198.51.\(index / 250).\(index % 250)", now: 0)
        }
        #expect(count(log, "refused ") == RefusalLines.ofOneMessage)
        // One IPv6 network is one.
        let other = RefusalLines(logger: log.logger())
        for index in 0..<50 { other.note(.notice, "of six", [:], from: "2001:db8::\(index)", now: 0) }
        #expect(count(log, "of six") == RefusalLines.ofOneNetwork)
    }

    @Test func `from more networks than can be remembered hides no other refusal`() {
        let log = LogLines()
        let lines = RefusalLines(logger: log.logger())
        for index in 0..<20_000 {
            let address = "198.\(index / 65_536).\(index / 256 % 256).\(index % 256)"
            lines.note(.notice, "device call refused", [:], from: address, now: 0)
        }
        #expect(count(log, "device call refused") == RefusalLines.ofOneMessage)
        // Of a network that was not written of, and of one that nobody has seen.
        for address in ["198.0.40.1", "203.0.113.9"] {
            lines.note(.warning, "back-channel logout refused", ["provider": "corp"], from: address, now: 0)
            #expect(count(log, "back-channel logout refused address=\(address)") == 1)
        }
        // What is left out takes nothing from what comes later.
        for index in 0..<50 { lines.note(.notice, "device call refused", [:], from: "203.0.113.\(index)", now: 600) }
        #expect(count(log, "address=203.0.113.") == 1 + 50)
        lines.tellLeftOut()
        #expect(count(log, "left out of the log: too many came at once count=19900 refusal=device call refused") == 1)
        #expect(count(log, "left out of the log") == 1)
    }

    @Test func `of back-channel logouts is one of the network that they come from`() async throws {
        let harness = try await GatewayHarness()
        func post(from address: String) async throws {
            let answer = try await harness.transport(from: address).send(
                WebRequest(
                    method: "POST", url: GatewayHarness.server + "/oidc/backchannel-logout/corp",
                    headers: [("Content-Type", "application/x-www-form-urlencoded")], body: Array("logout_token=x".utf8)
                ))
            #expect(answer.status == 400)
        }
        for _ in 0..<30 { try await post(from: "198.51.100.9") }
        try await post(from: "203.0.113.9")
        #expect(count(harness.log, "address=198.51.100.9") == RefusalLines.ofOneNetwork)
        #expect(count(harness.log, "back-channel logout refused address=203.0.113.9") == 1)
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
