package import Identity

/// Somebody or something that policies are compared for.
package struct PolicyParty: Hashable, Sendable {
    /// As a selector names it: "user:alice@example.com", "device:db-1".
    package let name: String
    /// Without local groups: each policy adds its own.
    package let principal: Principal
    /// A person wherever they are, not one of their devices.
    package let isPerson: Bool

    package init(name: String, principal: Principal, isPerson: Bool) {
        self.name = name
        self.principal = principal
        self.isPerson = isPerson
    }
}

/// Parties that two policies treat alike: the same rules of both name them.
struct PartyClass {
    var members: [Int]
    /// The places of these rules in `ComparedRules`.
    let rules: PlaceSet

    /// All that some changed rule names: what none names keeps what it has.
    static func classes(of parties: [PolicyParty], _ selectors: ComparedSelectors) -> [PartyClass] {
        var places: [PlaceSet: Int] = [:]
        var classes: [PartyClass] = []
        for (index, party) in parties.enumerated() {
            let rules = selectors.rules(naming: party)
            guard rules.meets(selectors.changed) else { continue }
            if let place = places[rules] {
                classes[place].members.append(index)
            } else {
                places[rules] = classes.count
                classes.append(PartyClass(members: [index], rules: rules))
            }
        }
        return classes
    }
}

/// The rules of two policies by whom they name on one side, without what the clock says of them.
struct ComparedSelectors {
    /// Rules of the old policy, the kept ones among them, go by its groups.
    private var old: [Selector: [Int]] = [:]
    private var new: [Selector: [Int]] = [:]
    private let groups: (old: LocalGroups, new: LocalGroups)
    fileprivate private(set) var changed: PlaceSet
    private let count: Int

    init(_ rules: ComparedRules, groups: (old: LocalGroups, new: LocalGroups), _ side: (Rule) -> [Selector]) {
        self.groups = groups
        count = rules.entries.count
        changed = PlaceSet(count: count)
        for (place, entry) in rules.entries.enumerated() where !entry.rule.allow.isEmpty {
            let kind = rules.kinds[entry.kind]
            if kind.isChanged { changed.insert(place) }
            for selector in Set(side(entry.rule)) {
                if kind.isOld {
                    old[selector, default: []].append(place)
                } else {
                    new[selector, default: []].append(place)
                }
            }
        }
    }

    fileprivate func rules(naming party: PolicyParty) -> PlaceSet {
        var found = PlaceSet(count: count)
        func add(_ table: [Selector: [Int]], _ groups: LocalGroups) {
            func add(_ selector: Selector) { for place in table[selector] ?? [] { found.insert(place) } }
            let principal = groups.enriched(party.principal)
            add(.everyone)
            if !party.isPerson { add(.device(principal.host)) }
            if let email = principal.email { add(.user(email)) }
            for group in principal.groups { add(.group(group)) }
            for tag in principal.tags { add(.tag(tag)) }
        }
        add(old, groups.old)
        add(new, groups.new)
        return found
    }
}
