internal import AccessPolicy
internal import CivilTime
internal import Identity

/// What became of the rules when one policy replaced another, asked by the roles that a node had and has.
///
/// Nodes with the same roles before and the same now are asked about once: what is found here depends on nothing else.
struct PolicyChange {
    /// What a rule says about who may know of whom, without services and conditions.
    private struct Pairing: Hashable {
        let sources: [Selector]
        let destinations: [Selector]
    }

    private let old: Side
    private let new: Side
    private let pairingCount: Int

    /// One policy, its rules and pairings numbered so that equal ones of both policies have one number.
    private struct Side {
        let policy: Policy
        var rules: [Int] = []
        var pairings: [Int] = []

        func rules(_ set: RuleSet) -> [Int] { set.indices.map { rules[$0] } }

        func pairings(_ set: RuleSet, count: Int) -> PlaceSet {
            var result = PlaceSet(count: count)
            for index in set.indices { result.insert(pairings[index]) }
            return result
        }

        /// The zones that these rules' hours are told in.
        func zones(_ sets: [RuleSet]) -> [String: ZoneTable] {
            guard !policy.zones.isEmpty else { return [:] }
            return policy.zones(for: sets.flatMap { $0.indices.map { policy.rules[$0] } })
        }
    }

    init(from old: Policy, to new: Policy) {
        var rules: [Rule: Int] = [:]
        var pairings: [Pairing: Int] = [:]
        func numbered(_ policy: Policy) -> Side {
            var side = Side(policy: policy)
            for rule in policy.rules {
                let pairing = Pairing(sources: rule.sources, destinations: rule.destinations)
                side.rules.append(Self.number(of: rule, in: &rules))
                side.pairings.append(Self.number(of: pairing, in: &pairings))
            }
            return side
        }
        self.old = numbered(old)
        self.new = numbered(new)
        pairingCount = pairings.count
    }

    private static func number<Key: Hashable>(of key: Key, in known: inout [Key: Int]) -> Int {
        if let number = known[key] { return number }
        known[key] = known.count
        return known.count - 1
    }

    /// Whether a node with these roles is named by other pairings than before: only then can it see others than before.
    func movesVisibility(_ before: RuleRoles, _ after: RuleRoles) -> Bool {
        old.pairings(before.sources, count: pairingCount) != new.pairings(after.sources, count: pairingCount)
            || old.pairings(before.destinations, count: pairingCount)
                != new.pairings(after.destinations, count: pairingCount)
    }

    /// Whether its slice is another, but for the sources of `egress`, of which a slice names only the node's own.
    func changesSlice(_ before: RuleRoles, _ after: RuleRoles) -> Bool {
        old.rules(before.destinations) != new.rules(after.destinations)
            || old.zones([before.sources, before.destinations]) != new.zones([after.sources, after.destinations])
    }

    /// Whether the rules that name it as source are others, in whatever they say of anybody.
    func touchesEgress(_ before: RuleRoles, _ after: RuleRoles) -> Bool {
        old.rules(before.sources) != new.rules(after.sources)
    }
}
