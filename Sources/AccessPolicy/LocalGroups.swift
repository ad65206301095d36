package import Identity

/// Groups that the policy itself defines, from people, devices, tags, groups of the identity provider and each other.
///
/// A name defined here means this definition and nothing else: a group of the same name at an identity provider counts for
/// nothing, so that nobody there can enter it.
package struct LocalGroups: Hashable, Sendable {
    package let definitions: [GroupName: [Selector]]
    /// Every group after those it is made of.
    private let order: [GroupName]

    package static var none: LocalGroups { LocalGroups() }

    private init() {
        definitions = [:]
        order = []
    }

    /// Errors: `groupCycle`, naming the groups of the cycle in order.
    package init(_ definitions: [GroupName: [Selector]]) throws(PolicyError) {
        var order: [GroupName] = []
        var done: Set<GroupName> = []
        for start in definitions.keys.sorted() where !done.contains(start) {
            // An explicit path: definitions may be nested deeply.
            var path: [(name: GroupName, left: [GroupName])] = [(start, Self.parts(of: start, definitions))]
            var open: Set<GroupName> = [start]
            while let last = path.indices.last {
                guard let next = path[last].left.popLast() else {
                    let name = path.removeLast().name
                    open.remove(name)
                    if done.insert(name).inserted { order.append(name) }
                    continue
                }
                if open.contains(next) {
                    let names = path.map(\.name)
                    throw .groupCycle(Array(names[(names.firstIndex(of: next) ?? 0)...]) + [next])
                }
                guard !done.contains(next) else { continue }
                open.insert(next)
                path.append((next, Self.parts(of: next, definitions)))
            }
        }
        self.definitions = definitions
        self.order = order
    }

    package var isEmpty: Bool { definitions.isEmpty }

    /// The same principal, in exactly those local groups whose definition names it.
    package func enriched(_ principal: Principal) -> Principal {
        guard !definitions.isEmpty else { return principal }
        var result = principal
        for name in order { result.groups.remove(name) }
        for name in order where definitions[name]?.contains(where: { $0.matches(result) }) == true {
            result.groups.insert(name)
        }
        return result
    }

    /// The same, and also in the local groups that it is said to be in: for tests and questions.
    package func assuming(_ principal: Principal) -> Principal {
        var result = principal
        for name in order where definitions[name]?.contains(where: { $0.matches(result) }) == true {
            result.groups.insert(name)
        }
        return result
    }

    /// Why a principal is in a local group: the first member of the definition that names it.
    package func reason(_ principal: Principal, isIn group: GroupName) -> Selector? {
        definitions[group]?.first { $0.matches(principal) }
    }

    private static func parts(of name: GroupName, _ definitions: [GroupName: [Selector]]) -> [GroupName] {
        (definitions[name] ?? []).compactMap { selector in
            if case .group(let group) = selector, definitions[group] != nil { group } else { nil }
        }
    }
}
