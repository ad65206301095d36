package import Identity

/// What a member of each group may reach by being one, and by nothing else: groups × destinations.
///
/// Destinations are tags (a node that has this tag and nothing else) and nodes as they are.
package struct GroupMatrix: Hashable, Sendable {
    package enum Destination: Hashable, Sendable {
        case tag(TagName)
        case device(HostName)

        package var text: String {
            switch self {
            case .tag(let tag): "tag:\(tag)"
            case .device(let host): host.text
            }
        }
    }

    package struct Row: Hashable, Sendable {
        package let group: GroupName
        /// By destination: services without repetition, with a star where only rules with conditions allow them.
        package let cells: [[String]]
    }

    package let destinations: [Destination]
    package let rows: [Row]

    /// Groups and destinations that nothing connects are left out.
    package init(_ questions: AccessQuestions) {
        let policy = questions.policy
        let groups = Self.groups(questions)
        let tags = Self.tags(questions)
        let named: [Destination] = tags.map { .tag($0) } + questions.destinations.map { .device($0.host) }
        let tagged = tags.map { Principal(describedBy: [.tag($0)]) }
        let matrix = AccessMatrix(
            sources: groups.map {
                questions.index.roles(of: policy.localGroups.assuming(Principal(describedBy: [.group($0)])))
            },
            destinations: tagged.map { questions.index.roles(of: policy.localGroups.enriched($0)) }
                + questions.destinations.map(questions.roles))
        var kept: [Destination] = []
        var cells: [[Int: [String]]] = []
        for (place, destination) in named.enumerated() {
            let list = matrix.cells(to: place)
            guard !list.isEmpty else { continue }
            kept.append(destination)
            cells.append(Dictionary(grouping: list, by: \.source).mapValues { Self.services($0.map(\.rule), policy) })
        }
        destinations = kept
        rows = groups.enumerated().compactMap { place, group in
            let row = Row(group: group, cells: cells.map { $0[place] ?? [] })
            return row.cells.contains { !$0.isEmpty } ? row : nil
        }
    }

    private static func groups(_ questions: AccessQuestions) -> [GroupName] {
        var groups = Set(questions.policy.localGroups.definitions.keys)
        for person in questions.people { groups.formUnion(person.principal.groups) }
        for case .group(let group) in questions.policy.rules.flatMap(\.sources) { groups.insert(group) }
        return groups.sorted()
    }

    private static func tags(_ questions: AccessQuestions) -> [TagName] {
        var tags = questions.destinations.reduce(into: Set<TagName>()) { $0.formUnion($1.principal.tags) }
        for case .tag(let tag) in questions.policy.rules.flatMap(\.destinations) { tags.insert(tag) }
        return tags.sorted()
    }

    private static func services(_ rules: [Int], _ policy: Policy) -> [String] {
        let free = PortSets(rules.flatMap { policy.rules[$0].conditions.isEmpty ? policy.rules[$0].allow : [] })
        let all = PortSets(rules.flatMap { policy.rules[$0].allow })
        return free.texts + all.subtracting(free).texts.map { $0 + "*" }
    }
}
