package import Identity

/// What a supposition would give to somebody, or take from them, at one destination.
package struct AccessChange: Hashable, Sendable {
    package let person: String
    package let destination: HostName
    /// As a policy writes them, in order.
    package let services: [String]
    /// The first rule that gives them, or gave them.
    package let rule: RuleName
    /// What that rule asks.
    package let conditions: Conditions
}

extension AccessQuestions {
    /// What people would gain and lose.
    package struct Changes: Hashable, Sendable {
        package var gained: [AccessChange] = []
        package var lost: [AccessChange] = []

        package var isEmpty: Bool { gained.isEmpty && lost.isEmpty }
    }

    /// What this person would gain and lose with one group more or one less; what the policy's own definitions make of it
    /// follows. A group of the policy's own is joined or left whatever its definition says.
    package func ifMember(
        _ person: DirectoryPerson, joining added: GroupName? = nil, leaving removed: GroupName? = nil
    ) -> Changes {
        var principal = person.principal
        if let added { principal.groups.insert(added) }
        if let removed { principal.groups.remove(removed) }
        let supposed = DirectoryPerson(principal: principal, sources: person.sources, devices: person.devices)
        // Nobody but this person is looked at as a source, so that a definition may be another for everybody.
        var definitions = policy.localGroups.definitions
        if let added, let known = definitions[added] { definitions[added] = known + [.everyone] }
        if let removed, definitions[removed] != nil { definitions[removed] = [] }
        let groups = (try? LocalGroups(definitions)) ?? policy.localGroups
        let after = under(
            Policy(rules: policy.rules, zones: policy.zones, localGroups: groups, revision: policy.revision))
        return compare([(person, supposed)], with: after, targets: destinations.map(roles))
    }

    /// What this person, or everybody, would gain and lose under another policy.
    package func under(_ other: Policy, only person: DirectoryPerson? = nil) -> Changes {
        let after: AccessQuestions = under(other)
        return compare(
            (person.map { [$0] } ?? people).map { ($0, $0) }, with: after, targets: destinations.map(after.roles))
    }

    /// `targets` are the destinations' roles afterwards.
    private func compare(
        _ pairs: [(DirectoryPerson, DirectoryPerson)], with after: AccessQuestions, targets: [RuleRoles]
    ) -> Changes {
        let old = appearances(of: pairs.map(\.0))
        let new = after.appearances(of: pairs.map(\.1))
        let before = AccessMatrix(sources: old.map(\.roles), destinations: destinations.map(roles))
        let then = AccessMatrix(sources: new.map(\.roles), destinations: targets)
        var numbers: [Rule: Int] = [:]
        let ours = Self.numbered(policy, &numbers)
        let theirs = Self.numbered(after.policy, &numbers)
        var changes = Changes()
        for (place, destination) in destinations.enumerated() {
            let left = Self.byPerson(before.cells(to: place), old, destination.principal.node)
            let right = Self.byPerson(then.cells(to: place), new, destination.principal.node)
            for person in Set(left.keys).union(right.keys).sorted() {
                let (mine, other) = (left[person] ?? [], right[person] ?? [])
                guard mine.map({ ours[$0] }) != other.map({ theirs[$0] }) else { continue }
                let label = pairs[person].0.label
                let had = mine.map { policy.rules[$0] }
                let has = other.map { after.policy.rules[$0] }
                changes.gained += Self.surplus(of: has, over: had, label, destination.host)
                changes.lost += Self.surplus(of: had, over: has, label, destination.host)
            }
        }
        return changes
    }

    /// One of somebody's devices, or nobody's, with its roles.
    private struct Appearance {
        let person: Int
        let node: NodeID?
        let roles: RuleRoles
    }

    private func appearances(of people: [DirectoryPerson]) -> [Appearance] {
        people.enumerated().flatMap { place, person in
            appearances(of: person).map { principal, device in
                Appearance(person: place, node: device?.node, roles: index.roles(of: principal))
            }
        }
    }

    /// The rules for each person on any device, each once, in the policy's order; a node's rules for itself count for nothing.
    private static func byPerson(
        _ cells: [AccessMatrix.Cell], _ appearances: [Appearance], _ destination: NodeID
    ) -> [Int: [Int]] {
        var rules: [Int: [Int]] = [:]
        for cell in cells where appearances[cell.source].node != destination {
            rules[appearances[cell.source].person, default: []].append(cell.rule)
        }
        return rules.mapValues { $0.count == 1 ? $0 : Set($0).sorted() }
    }

    private static func numbered(_ policy: Policy, _ numbers: inout [Rule: Int]) -> [Int] {
        policy.rules.map { rule in
            // What a rule is called and for whom it is changes nothing for those whom it names.
            let essence = Rule(
                name: rule.name, sources: [], destinations: [], allow: rule.allow, conditions: rule.conditions)
            if let number = numbers[essence] { return number }
            numbers[essence] = numbers.count
            return numbers.count - 1
        }
    }

    /// What some rules allow that others do not: under each condition by itself, where what is allowed without any counts, too.
    private static func surplus(
        of rules: [Rule], over others: [Rule], _ person: String, _ destination: HostName
    ) -> [AccessChange] {
        var done: Set<Conditions> = []
        var free = PortSets()
        var result: [AccessChange] = []
        // What has no conditions first: the rest then says only what is beyond.
        for rule in rules.filter(\.conditions.isEmpty) + rules.filter({ !$0.conditions.isEmpty })
        where done.insert(rule.conditions).inserted {
            let same = rules.filter { $0.conditions == rule.conditions }
            let known = others.filter { $0.conditions == rule.conditions || $0.conditions.isEmpty }
            let surplus = PortSets(same.flatMap(\.allow)).subtracting(PortSets(known.flatMap(\.allow)))
                .subtracting(free)
            if rule.conditions.isEmpty { free = surplus }
            guard !surplus.isEmpty else { continue }
            let giver = same.first { surplus.subtracting(PortSets($0.allow)) != surplus } ?? rule
            result.append(
                AccessChange(
                    person: person, destination: destination, services: surplus.texts, rule: giver.name,
                    conditions: rule.conditions))
        }
        return result
    }
}
