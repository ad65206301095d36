internal import Identity

/// What another policy gives and takes: exactly which sources gain or lose which services at which destinations, over
/// a whole directory.
///
/// A pair's access is what each set of conditions opens to it; what is open without conditions counts for all. What the same
/// sources gain and lose at the same destinations is one block. Rules that are the same in both policies are not looked at, but where others concern the pair.
package struct PolicyDifference: Sendable {
    /// Services that open under the same conditions.
    package struct Reach: Hashable, Sendable {
        /// As a policy writes them, in order.
        package let services: [String]
        package let conditions: Conditions
    }

    /// Services that stay open, under other conditions than before.
    package struct Kept: Hashable, Sendable {
        package let services: [String]
        package let before: Conditions
        package let after: Conditions
    }

    package struct Change: Hashable, Sendable {
        package let gained: [Reach]
        package let lost: [Reach]
        package let kept: [Kept]

        /// Two of the same pairs differ in it.
        var order: String {
            let reaches = (gained + lost).map { ($0.services, [$0.conditions]) }
            return (reaches + kept.map { ($0.services, [$0.before, $0.after]) }).map { services, conditions in
                (services + conditions.map(\.words)).joined(separator: " ")
            }.joined(separator: ";")
        }
    }

    /// Every one of these sources at every one of these destinations, by their places.
    package struct Block: Hashable, Sendable {
        package let sources: [Int]
        package let destinations: [Int]
        package let change: Change
    }

    /// A rule that came or went and concerns no pair of the directory.
    package struct Dormant: Hashable, Sendable {
        package let rule: Rule
        package let isNew: Bool
    }

    package let blocks: [Block]
    package let dormant: [Dormant]

    /// Pairs of a source and a destination that change; one may be in several blocks.
    package let pairs: Int

    package var isEmpty: Bool { blocks.isEmpty && dormant.isEmpty }

    package init(from old: Policy, to new: Policy, sources: [PolicyParty], destinations: [PolicyParty]) {
        let rules = ComparedRules(from: old, to: new)
        let groups = (old: old.localGroups, new: new.localGroups)
        let from = PartyClass.classes(of: sources, ComparedSelectors(rules, groups: groups, \.sources))
        let to = PartyClass.classes(of: destinations, ComparedSelectors(rules, groups: groups, \.destinations))
        var comparison = PairComparison(rules, at: to)
        var joined: [[Int]] = []
        var pairs = 0
        for (index, source) in from.enumerated() {
            let changes = comparison.changes(of: source)
            pairs += changes.count * source.members.count
            while joined.count < comparison.allGatherings.count { joined.append([]) }
            for gathering in changes.gatherings { joined[gathering].append(index) }
        }
        blocks = Self.blocks(joined, from, to, comparison)
        self.pairs = pairs
        let isNamed = (from: Self.union(from, rules), to: Self.union(to, rules))
        func dormant(_ places: [Int], isNew: Bool) -> [Dormant] {
            places.filter { !isNamed.from.contains($0) || !isNamed.to.contains($0) }
                .map { Dormant(rule: rules.entries[$0].rule, isNew: isNew) }
        }
        self.dormant = dormant(rules.gone, isNew: false) + dormant(rules.come, isNew: true)
    }

    private static func union(_ classes: [PartyClass], _ rules: ComparedRules) -> PlaceSet {
        var union = PlaceSet(count: rules.entries.count)
        for party in classes { union.formUnion(party.rules) }
        return union
    }

    private struct Rectangle: Hashable {
        let sources: [Int]
        let destinations: Int
    }

    /// What the same sources gain and lose at the same destinations is one block.
    private static func blocks(
        _ joined: [[Int]], _ from: [PartyClass], _ to: [PartyClass], _ comparison: PairComparison
    ) -> [Block] {
        var atoms: [Rectangle: [Int]] = [:]
        for (sources, gathering) in zip(joined, comparison.allGatherings) where !sources.isEmpty {
            let rectangle = Rectangle(sources: sources, destinations: gathering.destinations)
            atoms[rectangle, default: []].append(gathering.atom)
        }
        return atoms.map { rectangle, atoms in
            Block(
                sources: rectangle.sources.flatMap { from[$0].members }.sorted(),
                destinations: comparison.destinations(in: rectangle.destinations).flatMap { to[$0].members }.sorted(),
                change: comparison.change(of: atoms))
        }.sorted { left, right in
            let places = (left.sources[0], left.destinations[0], left.sources.count, left.destinations.count)
            let others = (right.sources[0], right.destinations[0], right.sources.count, right.destinations.count)
            if places != others { return places < others }
            let (change, other) = (left.change.order, right.change.order)
            if change != other { return change < other }
            return (left.sources + left.destinations).lexicographicallyPrecedes(right.sources + right.destinations)
        }
    }
}
