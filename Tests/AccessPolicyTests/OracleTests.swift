import AccessPolicy
import Identity
import NetworkAddresses
import Testing

@Suite struct `A policy, against a brute-force oracle` {
    @Test(arguments: 0..<20)
    func `decides, grants and pairs alike`(_ seed: UInt64) throws {
        var random = RandomPolicies(seed: seed)
        for _ in 0..<6 {
            let policy = try random.policy()
            let oracle = Oracle(policy: policy)
            for _ in 0..<4 {
                let moment = random.pick([960, 1000, 1019, 1020, 1030, 1079, 1080, 1099, 1140, 1200, 1300, 90_000])
                try compare(policy, oracle, random.principal(), random.principal(), random.context(), at: moment)
            }
        }
    }

    /// It looks at the rules of the two alone, and says what a decision over all rules says.
    @Test(arguments: 0..<20)
    func `explains a path as it decides`(_ seed: UInt64) throws {
        var random = RandomPolicies(seed: seed)
        let service = try Service(parsing: "tcp/22")
        let elsewhere = try (0..<12).map { number in
            Rule(
                name: try RuleName("elsewhere-\(number)"), sources: [.everyone],
                destinations: [try Selector(parsing: "device:other")], allow: [service])
        }
        for _ in 0..<20 {
            let some = try random.policy()
            let policy = Policy(
                rules: elsewhere.prefix(6) + some.rules + elsewhere.suffix(6), zones: some.zones, revision: "random")
            let (source, destination, context) = (
                try random.principal(), try random.principal(), try random.context()
            )
            let path = PathExplanation(
                policy: policy, source: source, destination: destination, service: service, context: context,
                sources: [:], now: 1000)
            let decision = policy.decide(
                source: source, destination: destination, protocol: .tcp, port: 22, context: context, now: 1000)
            #expect(path.decision.explanation == decision.explanation)
            #expect(path.isAllowed == decision.isAllowed && path.near == Array(decision.nearMisses.prefix(8)))
            #expect(path.decision.mayChangeAt == decision.mayChangeAt)
            #expect(path.isCuredByStepUp == decision.isCuredByStepUp)
            #expect(path.mayTalk == policy.mayTalk(source, destination))
        }
    }

    private func compare(
        _ policy: Policy, _ oracle: Oracle, _ source: Principal, _ destination: Principal, _ context: Context,
        at now: Int
    ) {
        let grants = policy.grants(from: source, to: destination, context: context, now: now)
        let slice = policy.slice(of: policy.rules(for: destination))
        let egress = policy.slice(of: policy.rules(naming: source))
        let index = PolicyIndex(policy, now: now)
        let (roles, others) = (index.roles(of: source), index.roles(of: destination))
        #expect(roles == RuleRoles(of: source, in: policy) && others == RuleRoles(of: destination, in: policy))
        #expect(index.grants(from: roles, to: others, context: context) == grants)
        for transport in TransportProtocol.allCases {
            for port in Oracle.ports(of: transport) {
                let expected = oracle.rule(source, destination, transport, port, context, now)
                for one in [policy, slice, egress] {
                    let decision = one.decide(
                        source: source, destination: destination, protocol: transport, port: port, context: context,
                        now: now)
                    #expect(decision.rule == expected)
                    #expect(decision.isAllowed == decision.nearMisses.isEmpty)
                }
                check(
                    policy.decide(
                        source: source, destination: destination, protocol: transport, port: port, context: context,
                        now: now), oracle, context)
                #expect(grants.list.first { $0.service.includes(transport, port: port) }?.rule == expected)
                let answer = index.answer(
                    from: roles, to: others, protocol: transport, port: port, context: context)
                #expect(answer.rule.map { policy.rules[$0].name } == expected)
                filter(grants, oracle, source, destination, transport, port, context, from: now)
            }
            let ranges = grants.list.filter { $0.service.protocol == transport }.compactMap(\.service.ports)
            #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
        }
        #expect(Set(grants.list).count == grants.list.count)
        let expected = oracle.mayTalk(source, destination)
        #expect(policy.mayTalk(source, destination) == expected)
        #expect(roles.mayTalk(with: others) == expected)
    }

    /// Until `mayChangeAt` the same facts give the same answer.
    private func check(_ decision: Decision, _ oracle: Oracle, _ context: Context) {
        let attempt = decision.attempt
        let end = min(decision.mayChangeAt ?? .max, decision.decidedAt + 700)
        for moment in stride(from: decision.decidedAt, to: end, by: 59) {
            let rule = oracle.rule(
                attempt.source, attempt.destination, attempt.protocol, attempt.port, context, moment)
            if rule != decision.rule { Issue.record("\(decision): \(rule?.text ?? "none") at \(moment)") }
        }
    }

    /// A filter made of the grants and left alone never allows what the oracle refuses; until the first end or opening, at
    /// which it is made again, it allows just what the oracle allows.
    private func filter(
        _ grants: Grants, _ oracle: Oracle, _ source: Principal, _ destination: Principal,
        _ transport: TransportProtocol, _ port: UInt16?, _ context: Context, from now: Int
    ) {
        let covering = grants.list.filter { $0.service.includes(transport, port: port) }
        let end = min(grants.nextOpening ?? .max, grants.list.compactMap(\.endsAt).min() ?? .max)
        for moment in stride(from: now, to: now + 700, by: 40) {
            let isOpen = covering.contains { $0.endsAt.map { $0 > moment } ?? true }
            guard isOpen || moment < end else { continue }
            let expected = oracle.rule(source, destination, transport, port, context, moment)
            if isOpen != (expected != nil) { Issue.record("\(grants): \(expected?.text ?? "none") at \(moment)") }
        }
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

extension Policy {
    fileprivate func slice(of rules: [Rule]) -> Policy {
        Policy(rules: rules, zones: zones(for: rules), revision: "slice")
    }
}
