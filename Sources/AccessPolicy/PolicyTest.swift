package import Identity
import NetworkAddresses

/// A question with its expected answer, kept beside the rules: `{ from, to, on, given?, expect }`.
///
/// Conditions are taken to hold, but for those on facts that are `given`.
///
/// Each side is one principal, described by its selectors together: `[user:alice@example.com, group:dba]` is Alice,
/// being in dba. Over a range of ports, `allow` means every port and `deny` means none.
package struct PolicyTest: Hashable, Sendable {
    package enum Expectation: String, Hashable, Sendable, CaseIterable { case allow, deny }

    package let from: [Selector]
    package let to: [Selector]
    package let on: Service
    package let given: GivenFacts
    package let expect: Expectation

    /// Refuses a side with two people or two devices: it would describe nobody.
    package init(
        from: [Selector], to: [Selector], on: Service, given: GivenFacts = GivenFacts(), expect: Expectation
    ) throws(PolicyError) {
        for side in [from, to] {
            if let second = Self.second(side, where: { if case .user = $0 { true } else { false } })
                ?? Self.second(side, where: { if case .device = $0 { true } else { false } })
            {
                throw .ambiguousTest(second)
            }
        }
        self.from = from
        self.to = to
        self.on = on
        self.given = given
        self.expect = expect
    }

    private static func second(_ side: [Selector], where isKind: (Selector) -> Bool) -> Selector? {
        side.filter(isKind).dropFirst().first
    }
}

/// A test whose answer is another than expected; `decision` is the first that disagrees.
package struct PolicyTestFailure: Hashable, Sendable {
    /// The test's place in `Policy.tests`.
    package let index: Int
    package let test: PolicyTest
    package let decision: Decision
}

extension Policy {
    /// The tests that do not hold, in order.
    ///
    /// `resolve` makes one side into a principal: a caller who knows people's groups may add them; by default a side is
    /// exactly what its selectors say. Local groups follow in either case. `now` is in seconds since the epoch.
    package func failures(
        now: Int, resolving resolve: ([Selector]) -> Principal = { Principal(describedBy: $0) }
    ) -> [PolicyTestFailure] {
        var asked: [GivenFacts: Policy] = [:]
        return tests.enumerated().compactMap { index, test in
            let source = localGroups.assuming(resolve(test.from))
            let destination = localGroups.assuming(resolve(test.to))
            let policy = asked[test.given] ?? asking(test.given)
            asked[test.given] = policy
            let moment = test.given.at ?? now
            // Only these rules can decide; the others only tell why not.
            let deciding = Policy(
                rules: policy.rules.filter { $0.names(source: source) && $0.names(destination: destination) },
                zones: zones, revision: revision)
            for (transport, port) in deciding.samples(of: test.on) {
                func decision(of policy: Policy) -> Decision {
                    policy.decide(
                        source: source, destination: destination, protocol: transport, port: port,
                        context: test.given.context(at: moment), now: moment)
                }
                guard decision(of: deciding).isAllowed == (test.expect == .allow) else {
                    return PolicyTestFailure(index: index, test: test, decision: decision(of: policy))
                }
            }
            return nil
        }
    }

    /// Ports at which the answer may change: the first of the service, and each at which a rule's range begins or has
    /// just ended. Between them it is the same, so these answer for all.
    private func samples(of service: Service) -> [(TransportProtocol, UInt16?)] {
        guard let transport = service.protocol else {
            return TransportProtocol.allCases.flatMap { samples(of: Service(protocol: $0, ports: nil)) }
        }
        guard transport != .icmp else { return [(.icmp, nil)] }
        let ports = service.ports ?? 1...UInt16.max
        var bounds: Set<UInt16> = [ports.lowerBound]
        for rule in rules {
            for range in rule.allow.compactMap(\.ports) {
                bounds.insert(range.lowerBound)
                if range.upperBound < UInt16.max { bounds.insert(range.upperBound + 1) }
            }
        }
        return bounds.filter(ports.contains).sorted().map { (transport, $0) }
    }
}

extension Principal {
    /// The principal of whom exactly these selectors are true, and no other that a rule is likely to name.
    package init(describedBy selectors: [Selector]) {
        guard let node = NodeID("AAAAAAAAAAAAAAAAAAAAAA"), let provider = ProviderID("described"),
            let unnamed = HostName("unnamed-1f0c55aa3e9b4a0c8d7726c1f4be9d03")
        else { preconditionFailure("constants of the program") }
        self.init(
            node: node, host: unnamed, person: node, email: nil,
            displayName: selectors.map(\.text).joined(separator: " "), provider: provider, groups: [], tags: [])
        for selector in selectors {
            switch selector {
            case .user(let email): self.email = email
            case .group(let group): groups.insert(group)
            case .tag(let tag): tags.insert(tag)
            case .device(let host): self.host = host
            case .everyone: break
            }
        }
    }
}
