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

/// The rules of one policy by whom they name, without what the clock says of them.
struct SelectorIndex {
    private let count: Int
    private let localGroups: LocalGroups
    private var bySource: [Selector: [Int]] = [:]
    private var byDestination: [Selector: [Int]] = [:]

    init(_ rules: [Rule], localGroups: LocalGroups) {
        count = rules.count
        self.localGroups = localGroups
        for (index, rule) in rules.enumerated() where !rule.allow.isEmpty {
            for selector in Set(rule.sources) { bySource[selector, default: []].append(index) }
            for selector in Set(rule.destinations) { byDestination[selector, default: []].append(index) }
        }
    }

    func sources(naming party: PolicyParty) -> RuleSet { rules(bySource, naming: party) }
    func destinations(naming party: PolicyParty) -> RuleSet { rules(byDestination, naming: party) }

    private func rules(_ table: [Selector: [Int]], naming party: PolicyParty) -> RuleSet {
        let principal = localGroups.enriched(party.principal)
        var found = RuleSet(count: count)
        func add(_ selector: Selector) { for index in table[selector] ?? [] { found.insert(index) } }
        add(.everyone)
        if !party.isPerson { add(.device(principal.host)) }
        if let email = principal.email { add(.user(email)) }
        for group in principal.groups { add(.group(group)) }
        for tag in principal.tags { add(.tag(tag)) }
        return found
    }
}

/// Parties that two policies treat alike, and the rules that name them.
struct PartyClass {
    var members: [Int]
    let old: RuleSet
    let new: RuleSet
    let changedOld: RuleSet
    let changedNew: RuleSet

    private struct Key: Hashable {
        let old: RuleSet
        let new: RuleSet
    }

    typealias Roles = (PolicyParty) -> RuleSet

    static func classes(
        of parties: [PolicyParty], old: Roles, new: Roles, changedOld: Roles, changedNew: Roles
    ) -> [PartyClass] {
        var places: [Key: Int] = [:]
        var classes: [PartyClass] = []
        for (index, party) in parties.enumerated() {
            let concerned = (changedOld(party), changedNew(party))
            // What no changed rule names keeps what it has.
            guard !concerned.0.isEmpty || !concerned.1.isEmpty else { continue }
            let key = Key(old: old(party), new: new(party))
            if let place = places[key] {
                classes[place].members.append(index)
            } else {
                places[key] = classes.count
                classes.append(
                    PartyClass(
                        members: [index], old: key.old, new: key.new, changedOld: concerned.0, changedNew: concerned.1))
            }
        }
        return classes
    }
}
