import Foundation
import NetworkAddresses
import Testing

@testable import LinuxNetwork

private func now() -> Int { wallClock() }

@Suite(.enabled(if: missingForLiveTests == nil, "needs root, nft and python3"), .serialized)
struct `A table that somebody else changes` {
    @Test(arguments: [
        ("flush ruleset", true, false), ("delete table inet ztna", true, false),
        ("insert rule inet ztna inbound accept", true, false), ("add rule inet ztna settling drop", true, false),
        ("table inet ztna { flags dormant; }", true, false), ("chain inet ztna input { policy drop; }", true, false),
        ("add chain inet ztna other", true, false), ("add set inet ztna other { type ipv4_addr; }", true, false),
        ("add table inet other", true, true), ("list ruleset", false, true),
    ])
    func `is noticed by its number, and told from tables of others`(
        _ change: String, _ isNoticed: Bool, _ isWhole: Bool
    ) async throws {
        let wire = try Wire()
        let rules = try wire.rules([("100.64.9.1", .tcp(5001...5001))], until: now() + 1000)
        let filter = try wire.server.inside { try PacketFilter() }
        try await filter.replace(with: rules, now: FilterTime(now()))
        #expect(try await filter.matches(rules, now: now()))
        #expect(try await filter.mayHaveBeenAltered() == false)
        #expect(try await filter.mayHaveBeenAltered() == false)
        try wire.server.run("nft", change)
        #expect(try await filter.mayHaveBeenAltered() == isNoticed)
        #expect(try await filter.hasRules(of: rules) == isWhole)
        #expect(try await filter.mayHaveBeenAltered() == false)
        try await filter.replace(with: rules, now: FilterTime(now()))
        #expect(try await filter.hasRules(of: rules))
    }

    @Test func `is noticed also when nobody has asked since the table was found whole`() async throws {
        let wire = try Wire()
        let rules = try wire.rules(until: now() + 1000)
        let filter = try wire.server.inside { try PacketFilter() }
        try await filter.replace(with: rules, now: FilterTime(now()))
        #expect(try await filter.mayHaveBeenAltered())
        #expect(try await filter.matches(rules, now: now()))
        try wire.server.run("nft", "flush ruleset")
        #expect(try await filter.mayHaveBeenAltered())
    }
}

@Suite(.enabled(if: missingForLiveTests == nil, "needs root, nft and python3"), .serialized)
struct `Asking nft how it writes our rules` {
    /// Sends until the file is there; prints how many packets a filter refused, which is EHOSTUNREACH.
    private static let sending = """
        import errno, os, socket, sys
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.connect(("100.64.9.2", 5001))
        refused = 0
        def send():
            global refused
            try: s.send(b"x")
            except OSError as e: refused += e.errno == errno.EHOSTUNREACH
        send()
        print("sending", flush=True)
        while not os.path.exists(sys.argv[1]):
            for _ in range(100): send()
        print(refused, flush=True)
        """

    @Test func `refuses no packet`() async throws {
        let wire = try Wire()
        let filter = try wire.client.inside { try PacketFilter() }
        let rules = try wire.rules(
            egress: [("100.64.9.2", .udp(5001...5001))], peers: ["100.64.9.2"], until: now() + 1000)
        var other = rules
        other.overlay.append(try #require(IPPrefix("10.9.0.0/16")))
        try await filter.replace(with: rules, now: FilterTime(now()))
        let end = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: end) }
        let sender = try Command(["ip", "netns", "exec", wire.client.name, "python3", "-c", Self.sending, end.path])
        #expect(sender.line() == "sending")
        // Each time rules that it was not asked for the last time.
        for _ in 0..<25 {
            #expect(try await filter.hasRules(of: other) == false)
            #expect(try await filter.hasRules(of: rules))
        }
        try Data().write(to: end)
        #expect(sender.line() == "0")
    }
}
