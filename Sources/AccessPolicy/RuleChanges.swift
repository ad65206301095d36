internal import Identity

/// The rules that are not the same in both policies, whatever their names and order.
struct RuleChanges {
    let old: [Rule]
    let new: [Rule]
    /// The places in `old` and `new` of those that the other policy does not have at all.
    let gone: [Int]
    let come: [Int]
    /// Whether each rule of either policy is in `old` or `new`.
    let isChangedOld: [Bool]
    let isChangedNew: [Bool]

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
        isChangedOld = old.rules.map { !newContents.contains(Content($0)) || isTouched($0) }
        isChangedNew = new.rules.map { !oldContents.contains(Content($0)) || isTouched($0) }
        let changedOld = zip(old.rules, isChangedOld).filter(\.1).map(\.0)
        let changedNew = zip(new.rules, isChangedNew).filter(\.1).map(\.0)
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
