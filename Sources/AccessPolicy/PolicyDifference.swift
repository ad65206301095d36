internal import Identity

/// What another policy gives and takes: exactly which sources gain or lose which services at which destinations, over
/// a whole directory.
///
/// A pair's access is what each set of conditions opens to it; what is open without conditions counts for all. Pairs that
/// change alike are one block. Rules that are the same in both policies are not looked at, but where others concern the pair.
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

        package var isNothing: Bool { gained.isEmpty && lost.isEmpty }
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

    /// Pairs of a source and a destination that change.
    package var pairs: Int { blocks.reduce(0) { $0 + $1.sources.count * $1.destinations.count } }

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
        var comparison = PairComparison(old: old.rules, new: new.rules)
        var bySignature: [[PairComparison.Found]: [Int]] = [:]
        for (index, source) in from.enumerated() {
            let found = comparison.changes(of: source, at: to)
            if !found.isEmpty { bySignature[found, default: []].append(index) }
        }
        blocks = Self.blocks(bySignature, from, to, comparison)
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

    /// Sources with the same changes everywhere are together already; those with one change at the same destinations are
    /// joined here.
    private static func blocks(
        _ bySignature: [[PairComparison.Found]: [Int]], _ from: [PartyClass], _ to: [PartyClass],
        _ comparison: PairComparison
    ) -> [Block] {
        struct Key: Hashable {
            let change: Int
            let destinations: [Int]
        }
        var joined: [Key: [Int]] = [:]
        for (found, sources) in bySignature {
            for (change, places) in Dictionary(grouping: found, by: \.change) {
                joined[Key(change: change, destinations: places.map(\.destination)), default: []] += sources
            }
        }
        return joined.map { key, sources in
            Block(
                sources: sources.flatMap { from[$0].members }.sorted(),
                destinations: key.destinations.flatMap { to[$0].members }.sorted(),
                change: comparison.known[key.change])
        }.sorted { ($0.sources[0], $0.destinations[0]) < ($1.sources[0], $1.destinations[0]) }
    }
}

/// The rules that are not the same in both policies, whatever their names and order.
private struct RuleChanges {
    let old: [Rule]
    let new: [Rule]
    /// The places in `old` and `new` of those that the other policy does not have at all.
    let gone: [Int]
    let come: [Int]

    private struct Content: Hashable {
        let sources: [Selector]
        let destinations: [Selector]
        let allow: [Service]
        let conditions: Conditions

        init(_ rule: Rule) {
            sources = rule.sources
            destinations = rule.destinations
            allow = rule.allow
            conditions = rule.conditions
        }
    }

    init(from old: Policy, to new: Policy) {
        let groups = Self.changedGroups(old.localGroups, new.localGroups)
        let oldContents = Set(old.rules.map(Content.init))
        let newContents = Set(new.rules.map(Content.init))
        func isTouched(_ rule: Rule) -> Bool {
            (rule.sources + rule.destinations).contains { selector in
                if case .group(let name) = selector { groups.contains(name) } else { false }
            }
        }
        let changedOld = old.rules.filter { !newContents.contains(Content($0)) || isTouched($0) }
        let changedNew = new.rules.filter { !oldContents.contains(Content($0)) || isTouched($0) }
        gone = changedOld.indices.filter { !newContents.contains(Content(changedOld[$0])) }
        come = changedNew.indices.filter { !oldContents.contains(Content(changedNew[$0])) }
        self.old = changedOld
        self.new = changedNew
    }

    /// Those that are defined otherwise, or made of such.
    private static func changedGroups(_ old: LocalGroups, _ new: LocalGroups) -> Set<GroupName> {
        let names = Set(old.definitions.keys).union(new.definitions.keys)
        var changed = names.filter { old.definitions[$0].map(Set.init) != new.definitions[$0].map(Set.init) }
        guard !changed.isEmpty else { return [] }
        while true {
            let more = names.subtracting(changed).filter { name in
                (new.definitions[name] ?? []).contains { selector in
                    if case .group(let part) = selector { changed.contains(part) } else { false }
                }
            }
            guard !more.isEmpty else { return changed }
            changed.formUnion(more)
        }
    }
}

/// Compares pair by pair; pairs that the same rules concern are compared once.
private struct PairComparison {
    struct Found: Hashable {
        let destination: Int
        /// Its place in `known`.
        let change: Int
    }

    private struct Concerned: Hashable {
        var old: [Int] = []
        var new: [Int] = []
    }

    private let old: [Rule]
    private let new: [Rule]
    private(set) var known: [PolicyDifference.Change] = []
    private var places: [Concerned: Int?] = [:]
    private var changes: [PolicyDifference.Change: Int] = [:]

    init(old: [Rule], new: [Rule]) {
        self.old = old
        self.new = new
    }

    mutating func changes(of source: PartyClass, at destinations: [PartyClass]) -> [Found] {
        var found: [Found] = []
        var concerned = Concerned()
        for (index, destination) in destinations.enumerated() {
            guard
                source.changedNew.meets(destination.changedNew) || source.changedOld.meets(destination.changedOld)
            else { continue }
            concerned.old.removeAll(keepingCapacity: true)
            concerned.new.removeAll(keepingCapacity: true)
            _ = source.old.firstCommon(with: destination.old) { index in
                concerned.old.append(index)
                return false
            }
            _ = source.new.firstCommon(with: destination.new) { index in
                concerned.new.append(index)
                return false
            }
            if let change = place(of: concerned) { found.append(Found(destination: index, change: change)) }
        }
        return found
    }

    private mutating func place(of concerned: Concerned) -> Int? {
        if let place = places[concerned] { return place }
        let change = Self.change(
            from: Self.access(concerned.old.map { old[$0] }), to: Self.access(concerned.new.map { new[$0] }))
        var place: Int?
        if !change.isNothing {
            place = changes[change] ?? known.count
            if place == known.count {
                known.append(change)
                changes[change] = place
            }
        }
        places.updateValue(place, forKey: concerned)
        return place
    }

    /// What opens under which conditions. What is open anyway is not open under conditions.
    private static func access(_ rules: [Rule]) -> [Conditions: PortSets] {
        let byConditions = Dictionary(grouping: rules, by: \.conditions).mapValues { PortSets($0.flatMap(\.allow)) }
        guard let always = byConditions[Conditions()], byConditions.count > 1 else { return byConditions }
        var access: [Conditions: PortSets] = [Conditions(): always]
        for (conditions, ports) in byConditions where !conditions.isEmpty {
            let left = ports.subtracting(always)
            if !left.isEmpty { access[conditions] = left }
        }
        return access
    }

    private static func change(
        from old: [Conditions: PortSets], to new: [Conditions: PortSets]
    ) -> PolicyDifference.Change {
        PolicyDifference.Change(gained: reach(in: new, beyond: old), lost: reach(in: old, beyond: new))
    }

    private static func reach(
        in access: [Conditions: PortSets], beyond other: [Conditions: PortSets]
    ) -> [PolicyDifference.Reach] {
        access.compactMap { conditions, ports -> PolicyDifference.Reach? in
            let more = other[conditions].map { ports.subtracting($0) } ?? ports
            return more.isEmpty ? nil : PolicyDifference.Reach(services: more.texts, conditions: conditions)
        }.sorted { ($0.conditions.words, $0.services.joined()) < ($1.conditions.words, $1.services.joined()) }
    }
}
