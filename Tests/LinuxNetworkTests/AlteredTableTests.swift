import Foundation
import NetworkAddresses
import Testing

@testable import LinuxNetwork

private func now() -> Int { wallClock() }

@Suite(.enabled(if: missingForLiveTests == nil, "needs root, nft and python3"), .serialized)
struct `A table that somebody else changes` {
    @Test(arguments: [
        ("flush ruleset", true, false), ("delete table inet ztna", true, false),
        ("insert rule inet ztna inbound accept", true, false), ("add table inet other", true, true),
        ("list ruleset", false, true),
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
