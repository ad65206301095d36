import AccessPolicy
import CivilTime
import Identity
import NetworkAddresses
import SignedDocuments
import Testing
import Wire

@testable import Coordinator

/// Policies over a small vocabulary: groups of their own, hours and places.
private struct RandomPolicies {
    var random: SplitMix
    private let zone = ZoneTable(entries: [.init(at: -1 << 40, offset: 3600)], end: 1 << 40)

    init(seed: UInt64) { random = SplitMix(state: seed) }

    mutating func next() throws -> Policy {
        var rules: [Rule] = []
        for number in 0..<Int.random(in: 1...4, using: &random) {
            var conditions = Conditions()
            switch Int.random(in: 0..<4, using: &random) {
            case 0: conditions.countries = Set(["DE"].compactMap { CountryCode($0) })
            case 1: conditions.networks = ["198.51.100.0/24"].compactMap { IPPrefix($0) }
            case 2: conditions.hours = WeeklyHours("daily 08:00-19:00 Europe/Berlin")
            default: break
            }
            rules.append(
                Rule(
                    name: try RuleName("r\(number)"), sources: try selectors(), destinations: try selectors(),
                    allow: [try Service(parsing: "tcp/\(Int.random(in: 20...22, using: &random))")],
                    conditions: conditions))
        }
        let staff = try #require(GroupName("staff"))
        return Policy(
            rules: rules, zones: zone.map { ["Europe/Berlin": $0] } ?? [:],
            localGroups: Bool.random(using: &random) ? try LocalGroups([staff: try selectors()]) : .none,
            revision: "\(random.next())")
    }

    private mutating func selectors() throws -> [Selector] {
        let texts = [
            "group:a", "group:b", "group:staff", "user:m1@example.com", "user:m2@example.com", "device:m3", "tag:t",
            "*",
        ]
        return try (0..<Int.random(in: 1...3, using: &random)).map { _ in
            try Selector(parsing: texts.randomElement(using: &random) ?? "*")
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `The documents of a node` {
    @Test(arguments: 1...6)
    func `say what the policy in force says, after any changes, and are signed again only for that`(
        _ seed: UInt64
    ) async throws {
        var policies = RandomPolicies(seed: seed)
        let here = IPAddress("198.51.100.7")
        let fixture = try await Fixture(
            policy: Policy(rules: [], revision: "none"), countries: { _ in CountryCode("DE") })
        var members: [Member] = []
        for number in 0..<5 {
            let groups = ["a", "b", "staff"].filter { _ in Bool.random(using: &policies.random) }
            members.append(try await fixture.member("m\(number)", groups: Set(groups)))
        }
        var agents: [Agent] = []
        for member in members { agents.append(try await Agent(fixture, member.session, at: here)) }
        for index in agents.indices { await agents[index].drain(fixture) }
        for _ in 0..<12 {
            let before = agents
            // One whose groups are made of themselves is none.
            guard let policy = try? policies.next() else { continue }
            await fixture.coordinator.setPolicy(policy)
            for index in agents.indices { await agents[index].drain(fixture) }
            for (index, member) in members.enumerated() {
                try check(fixture, member, agents[index], before: before[index], policy, here)
                var shown = agents[index].peers
                for (other, peer) in members.enumerated() where peer.node != member.node {
                    let document = shown.removeValue(forKey: peer.node)
                    #expect(document == nil || document == agents[other].own)
                    let (own, theirs) = (try principal(fixture, agents[index]), try principal(fixture, agents[other]))
                    #expect((document != nil) == policy.mayTalk(own, theirs))
                }
                #expect(shown.isEmpty)
            }
        }
    }

    private func principal(_ fixture: Fixture, _ agent: Agent) throws -> Principal {
        try fixture.verified(agent.own).authorization.principal
    }

    private func check(
        _ fixture: Fixture, _ member: Member, _ agent: Agent, before: Agent, _ policy: Policy, _ here: IPAddress?
    ) throws {
        let authorization = try fixture.verified(agent.own).authorization
        let principal = policy.localGroups.enriched(authorization.principal)
        #expect(principal == authorization.principal)
        let mine = policy.rules(naming: principal)
        #expect(
            authorization.origin
                == fixture.origin(
                    mine.contains { !$0.conditions.networks.isEmpty } ? here : nil,
                    mine.contains { !$0.conditions.countries.isEmpty } ? CountryCode("DE") : nil))
        let slice = try self.slice(fixture, member, agent)
        #expect(slice.rules == policy.rules(for: principal))
        #expect(slice.egress.map(\.name) == mine.map(\.name))
        #expect(zip(slice.egress, mine).allSatisfy { $0.conditions == $1.conditions && $0.allow == $1.allow })
        #expect(slice.egress.allSatisfy { $0.sources.allSatisfy { $0.matches(principal) } && !$0.sources.isEmpty })
        #expect(Set(slice.zones.keys) == Set(policy.zones(for: slice.rules + slice.egress).keys))
        let former = try self.slice(fixture, member, before)
        if former.rules == slice.rules, former.egress == slice.egress, former.zones.keys == slice.zones.keys {
            #expect(before.policy == agent.policy)
        }
        let then = try fixture.verified(before.own).authorization
        if then.principal == authorization.principal, then.origin == authorization.origin {
            #expect(before.own == agent.own)
        }
    }

    private func slice(_ fixture: Fixture, _ member: Member, _ agent: Agent) throws -> PolicySlice {
        try PolicySlice(
            verifying: agent.policy, keys: fixture.coordinator.controlKeys, server: Fixture.server, node: member.node,
            now: fixture.clock.now)
    }
}
