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
        var sources = RuleSet(count: policy.rules.count)
        var destinations = sources
        for (index, rule) in policy.rules.enumerated() where !rule.allow.isEmpty {
            if rule.names(source: principal) { sources.insert(index) }
            if rule.names(destination: principal) { destinations.insert(index) }
        }
        self.sources = sources
        self.destinations = destinations
    }

    init(sources: RuleSet, destinations: RuleSet) {
        self.sources = sources
        self.destinations = destinations
    }

    package func mayTalk(with other: RuleRoles) -> Bool {
        mayReach(other) || other.mayReach(self)
    }

    /// Whether some rule lets this principal reach the other on some service, whatever its conditions.
    package func mayReach(_ other: RuleRoles) -> Bool { sources.meets(other.destinations) }
}

/// Some of a policy's rules, by their place: one bit each, and above them one bit for each word that is not zero, so that
/// two sets are compared without looking at what neither holds.
package struct RuleSet: Hashable, Sendable {
    private var words: [UInt64]
    private var summary: [UInt64]

    package init(count: Int) {
        words = Array(repeating: 0, count: (count + 63) / 64)
        summary = Array(repeating: 0, count: (words.count + 63) / 64)
    }

    package mutating func insert(_ index: Int) {
        guard words.indices.contains(index >> 6) else { return }
        words[index >> 6] |= 1 << UInt64(index & 63)
        summary[index >> 12] |= 1 << UInt64((index >> 6) & 63)
    }

    package mutating func formUnion(_ other: RuleSet) {
        for index in words.indices where index < other.words.count { words[index] |= other.words[index] }
        for index in summary.indices where index < other.summary.count { summary[index] |= other.summary[index] }
    }

    package func contains(_ index: Int) -> Bool {
        words.indices.contains(index >> 6) && words[index >> 6] & (1 << UInt64(index & 63)) != 0
    }

    package var isEmpty: Bool { summary.allSatisfy { $0 == 0 } }

    package func meets(_ other: RuleSet) -> Bool { firstCommon(with: other) { _ in true } != nil }

    /// The first rule in both that satisfies a question, in the policy's order.
    package func firstCommon(with other: RuleSet, where isWanted: (Int) -> Bool) -> Int? {
        for (block, ours) in summary.enumerated() where block < other.summary.count {
            var common = ours & other.summary[block]
            while common != 0 {
                let word = block << 6 + common.trailingZeroBitCount
                common &= common - 1
                var bits = words[word] & other.words[word]
                while bits != 0 {
                    let index = word << 6 + bits.trailingZeroBitCount
                    if isWanted(index) { return index }
                    bits &= bits - 1
                }
            }
        }
        return nil
    }

    /// All rules in both, in the policy's order.
    package func common(with other: RuleSet) -> [Int] {
        var found: [Int] = []
        _ = firstCommon(with: other) {
            found.append($0)
            return false
        }
        return found
    }

    package var indices: [Int] { common(with: self) }
}
