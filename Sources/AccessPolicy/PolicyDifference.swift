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

    package struct Change: Hashable, Sendable {
        package let gained: [Reach]
        package let lost: [Reach]

        /// Two of the same pairs differ in it.
        var order: String { (gained + lost).flatMap(\.services).joined(separator: " ") }
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
        let changes = RuleChanges(from: old, to: new)
        let all = (
            old: SelectorIndex(old.rules, localGroups: old.localGroups),
            new: SelectorIndex(new.rules, localGroups: new.localGroups)
        )
        let changed = (
            old: SelectorIndex(changes.old, localGroups: old.localGroups),
            new: SelectorIndex(changes.new, localGroups: new.localGroups)
        )
        let from = PartyClass.classes(
            of: sources, old: all.old.sources, new: all.new.sources, changedOld: changed.old.sources,
            changedNew: changed.new.sources)
        let to = PartyClass.classes(
            of: destinations, old: all.old.destinations, new: all.new.destinations,
            changedOld: changed.old.destinations, changedNew: changed.new.destinations)
        var comparison = PairComparison(from: old.rules, to: new.rules, changes: changes)
        var joined: [Gathering: [Int]] = [:]
        var pairs = 0
        for (index, source) in from.enumerated() {
            let found = comparison.atoms(of: source, at: to)
            pairs += found.count * source.members.count
            for (atom, places) in found.atoms {
                joined[Gathering(atom: atom, destinations: places), default: []].append(index)
            }
        }
        blocks = Self.blocks(joined, from, to, comparison)
        self.pairs = pairs
        let (sourceRules, destinationRules) = (
            (old: from.map(\.changedOld), new: from.map(\.changedNew)),
            (old: to.map(\.changedOld), new: to.map(\.changedNew))
        )
        dormant =
            changes.gone.filter { Self.isDormant($0, sourceRules.old, destinationRules.old) }
            .map { Dormant(rule: changes.old[$0], isNew: false) }
            + changes.come.filter { Self.isDormant($0, sourceRules.new, destinationRules.new) }
            .map { Dormant(rule: changes.new[$0], isNew: true) }
    }

    private static func isDormant(_ rule: Int, _ sources: [RuleSet], _ destinations: [RuleSet]) -> Bool {
        !(sources.contains { $0.contains(rule) } && destinations.contains { $0.contains(rule) })
    }

    private struct Gathering: Hashable {
        let atom: Int
        let destinations: [Int]
    }

    private struct Rectangle: Hashable {
        let sources: [Int]
        let destinations: [Int]
    }

    /// What the same sources gain and lose at the same destinations is one block.
    private static func blocks(
        _ joined: [Gathering: [Int]], _ from: [PartyClass], _ to: [PartyClass], _ comparison: PairComparison
    ) -> [Block] {
        var atoms: [Rectangle: [Int]] = [:]
        for (gathering, sources) in joined {
            let rectangle = Rectangle(sources: sources, destinations: gathering.destinations)
            atoms[rectangle, default: []].append(gathering.atom)
        }
        return atoms.map { rectangle, atoms in
            Block(
                sources: rectangle.sources.flatMap { from[$0].members }.sorted(),
                destinations: rectangle.destinations.flatMap { to[$0].members }.sorted(),
                change: comparison.change(of: atoms))
        }.sorted { left, right in
            (left.sources[0], left.destinations[0], left.sources.count, left.destinations.count, left.change.order)
                < (
                    right.sources[0], right.destinations[0], right.sources.count, right.destinations.count,
                    right.change.order
                )
        }
    }
}
