package import Identity

/// Which rules of one policy name one principal as source and which as destination.
///
/// Two principals may talk when a rule names one as source and the other as destination: a few ANDs for a pair,
/// where `Policy.mayTalk` walks every rule. Roles of different policies do not compare.
package struct RuleRoles: Hashable, Sendable {
    package let sources: RuleSet
    package let destinations: RuleSet

    /// Walks every rule; for many principals make one `PolicyIndex` and ask that.
    package init(of principal: Principal, in policy: Policy) {
        var sources = PlaceSet(count: policy.rules.count)
        var destinations = sources
        for (index, rule) in policy.rules.enumerated() where !rule.allow.isEmpty {
            if rule.names(source: principal) { sources.insert(index) }
            if rule.names(destination: principal) { destinations.insert(index) }
        }
        self.sources = RuleSet(sources)
        self.destinations = RuleSet(destinations)
    }

    init(sources: PlaceSet, destinations: PlaceSet) {
        self.sources = RuleSet(sources)
        self.destinations = RuleSet(destinations)
    }

    package func mayTalk(with other: RuleRoles) -> Bool {
        mayReach(other) || other.mayReach(self)
    }

    /// Whether some rule lets this principal reach the other on some service, whatever its conditions.
    package func mayReach(_ other: RuleRoles) -> Bool { sources.meets(other.destinations) }
}
