package import Identity
package import NetworkAddresses

/// Who may reach what: rules in the administrator's order, closed by default.
///
/// A person's own devices are no exception: without a rule they do not reach each other.
package struct Policy: Hashable, Sendable {
    package let rules: [Rule]
    package let tests: [PolicyTest]
    /// Changes whenever the policy does; given by who loaded it.
    package let revision: String

    package init(rules: [Rule], tests: [PolicyTest] = [], revision: String) {
        self.rules = rules
        self.tests = tests
        self.revision = revision
    }

    /// The one answer: the first rule that names source, destination and service allows; without one it is refused.
    ///
    /// `port` is nil for protocols without ports.
    package func decide(
        source: Principal, destination: Principal, protocol transport: TransportProtocol, port: UInt16?
    ) -> Decision {
        let attempt = Attempt(source: source, destination: destination, protocol: transport, port: port)
        var otherServices: [NearMiss] = []
        var otherDestinations: [NearMiss] = []
        for rule in rules where rule.names(source: source) {
            guard rule.names(destination: destination) else {
                otherDestinations.append(.ruleForOtherDestination(rule.name, rule.destinations))
                continue
            }
            if rule.allows(transport, port: port) {
                return Decision(attempt: attempt, verdict: .allowed(by: rule.name))
            }
            otherServices.append(.ruleForOtherService(rule.name, rule.allow))
        }
        let nearMisses = otherServices + otherDestinations
        return Decision(
            attempt: attempt, verdict: .refused(nearMisses.isEmpty ? [.noRuleNamesSource] : nearMisses))
    }

    /// The slice: every rule that could let someone reach this destination, in order.
    package func rules(for destination: Principal) -> [Rule] {
        rules.filter { $0.names(destination: destination) }
    }

    /// Whether any rule lets either reach the other on anything: whether each may know that the other exists.
    ///
    /// To ask this of many pairs, keep one `RuleRoles` a node and compare those.
    package func mayTalk(_ first: Principal, _ second: Principal) -> Bool {
        rules.contains { rule in
            !rule.allow.isEmpty
                && (rule.names(source: first) && rule.names(destination: second)
                    || rule.names(source: second) && rule.names(destination: first))
        }
    }
}
