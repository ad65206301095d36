package import Identity

/// Which rules of one policy name one principal as source and which as destination, as two bit sets.
///
/// Two principals may talk when a rule names one as source and the other as destination: a few ANDs for a pair,
/// where `Policy.mayTalk` walks every rule. Roles of different policy revisions do not compare.
package struct RuleRoles: Hashable, Sendable {
    private var sourceWords: [UInt64] = []
    private var destinationWords: [UInt64] = []

    package init(of principal: Principal, in policy: Policy) {
        let words = (policy.rules.count + 63) / 64
        sourceWords = Array(repeating: 0, count: words)
        destinationWords = sourceWords
        for (index, rule) in policy.rules.enumerated() where !rule.allow.isEmpty {
            let bit = UInt64(1) << UInt64(index % 64)
            if rule.names(source: principal) { sourceWords[index / 64] |= bit }
            if rule.names(destination: principal) { destinationWords[index / 64] |= bit }
        }
    }

    package func mayTalk(with other: RuleRoles) -> Bool {
        mayReach(other) || other.mayReach(self)
    }

    /// Whether some rule lets this principal reach the other on some service.
    package func mayReach(_ other: RuleRoles) -> Bool {
        zip(sourceWords, other.destinationWords).contains { $0 & $1 != 0 }
    }
}
