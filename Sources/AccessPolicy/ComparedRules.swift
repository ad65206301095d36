internal import Identity

/// The rules of two policies side by side: one that is the same in both, whatever its name and place, stands here once.
struct ComparedRules {
    /// What rules that cannot be told apart do for whom they concern.
    struct Kind: Hashable {
        let ports: PortSets
        let conditions: Conditions
        let isOld: Bool
        let isNew: Bool

        /// Only one policy has it, or it names others in the other.
        var isChanged: Bool { isOld != isNew }
    }

    struct Entry {
        let rule: Rule
        /// A place in `kinds`.
        let kind: Int
    }

    /// By their lowest port, so that those which share one stand near each other.
    let kinds: [Kind]
    /// By their kind.
    let entries: [Entry]
    /// The places of those that the other policy does not have at all, as their policy orders them.
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
        func isTouched(_ rule: Rule) -> Bool {
            guard !groups.isEmpty else { return false }
            return (rule.sources + rule.destinations).contains { selector in
                if case .group(let name) = selector { groups.contains(name) } else { false }
            }
        }
        let contents = (old: old.rules.map(Content.init), new: new.rules.map(Content.init))
        let known = (old: Set(contents.old), new: Set(contents.new))
        var drafts: [(rule: Rule, kind: Kind)] = []
        var (gone, come): ([Int], [Int]) = ([], [])
        func add(_ rule: Rule, isOld: Bool, isNew: Bool) {
            let ports = PortSets(rule.allow)
            drafts.append((rule, Kind(ports: ports, conditions: rule.conditions, isOld: isOld, isNew: isNew)))
        }
        for (rule, content) in zip(old.rules, contents.old) {
            let isKept = known.new.contains(content)
            if !isKept { gone.append(drafts.count) }
            add(rule, isOld: true, isNew: isKept && !isTouched(rule))
        }
        for (rule, content) in zip(new.rules, contents.new) {
            let isKept = known.old.contains(content)
            guard !isKept || isTouched(rule) else { continue }
            if !isKept { come.append(drafts.count) }
            add(rule, isOld: false, isNew: true)
        }
        let kinds = Set(drafts.map(\.kind)).sorted { $0.ports.lowest < $1.ports.lowest }
        let numbers = Dictionary(uniqueKeysWithValues: kinds.enumerated().map { ($1, $0) })
        let entries = drafts.map { Entry(rule: $0.rule, kind: numbers[$0.kind] ?? 0) }
        let order = entries.indices.sorted { entries[$0].kind < entries[$1].kind }
        var places = Array(repeating: 0, count: order.count)
        for (place, draft) in order.enumerated() { places[draft] = place }
        self.kinds = kinds
        self.entries = order.map { entries[$0] }
        self.gone = gone.map { places[$0] }
        self.come = come.map { places[$0] }
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
