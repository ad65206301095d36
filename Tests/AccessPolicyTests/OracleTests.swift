import AccessPolicy
import Identity
import NetworkAddresses
import Testing

@Suite struct `A policy, against a brute-force oracle` {
    @Test(arguments: 0..<20)
    func `decides, grants and pairs alike`(_ seed: UInt64) throws {
        var random = RandomPolicies(seed: seed)
        for _ in 0..<40 {
            let policy = try random.policy()
            let oracle = Oracle(policy: policy)
            for _ in 0..<6 {
                let source = try random.principal()
                let destination = try random.principal()
                compare(policy, oracle, source, destination)
            }
        }
    }

    private func compare(_ policy: Policy, _ oracle: Oracle, _ source: Principal, _ destination: Principal) {
        let grants = policy.grants(from: source, to: destination)
        let slice = Policy(rules: policy.rules(for: destination), revision: "slice")
        for transport in TransportProtocol.allCases {
            for port in Oracle.ports(of: transport) {
                let expected = oracle.rule(source, destination, transport, port)
                let decision = policy.decide(source: source, destination: destination, protocol: transport, port: port)
                #expect(decision.rule == expected)
                #expect(decision.isAllowed == decision.nearMisses.isEmpty)
                #expect(grants.first { $0.service.includes(transport, port: port) }?.rule == expected)
                let sliced = slice.decide(source: source, destination: destination, protocol: transport, port: port)
                #expect(sliced.rule == expected)
            }
            let ranges = grants.filter { $0.service.protocol == transport }.compactMap(\.service.ports)
            #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
        }
        #expect(Set(grants).count == grants.count)
        let expected = oracle.mayTalk(source, destination)
        #expect(policy.mayTalk(source, destination) == expected)
        let roles = RuleRoles(of: source, in: policy)
        let others = RuleRoles(of: destination, in: policy)
        #expect(roles.mayTalk(with: others) == expected)
        #expect(roles.mayReach(others) == !grants.isEmpty)
    }

    @Test func `keeps roles apart beyond one word of rules`() throws {
        let lone = try Selector(parsing: "group:dba")
        let web = try Selector(parsing: "tag:web")
        for position in [0, 63, 64, 65, 199] {
            let rules = try (0..<200).map { index in
                Rule(
                    name: try RuleName("r\(index)"),
                    sources: [index == position ? lone : try Selector(parsing: "group:x")],
                    destinations: [index == position ? web : try Selector(parsing: "tag:x")], allow: [.any])
            }
            let policy = Policy(rules: rules, revision: "r")
            let source = RuleRoles(of: Principal(describedBy: [lone]), in: policy)
            let destination = RuleRoles(of: Principal(describedBy: [web]), in: policy)
            #expect(source.mayReach(destination) && !destination.mayReach(source) && destination.mayTalk(with: source))
            #expect(!source.mayTalk(with: source))
        }
    }
}
