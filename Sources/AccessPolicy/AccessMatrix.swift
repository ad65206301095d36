/// Which rules, whatever their conditions, let which of many sources reach which of many destinations.
///
/// It is made rule by rule and holds what is allowed only: its cost is the answer's size, not sources times destinations.
package struct AccessMatrix: Sendable {
    /// One source that a rule lets reach the destination at hand.
    package struct Cell: Hashable, Sendable {
        package let source: Int
        /// Place in the policy.
        package let rule: Int
    }

    /// Source in the upper half, rule in the lower, ascending.
    private var lists: [[UInt64]] = []
    /// Destinations that the same rules name share one list.
    private var listOf: [Int] = []

    package init(sources: [RuleRoles], destinations: [RuleRoles]) {
        var sourcesByRule: [[UInt32]] = []
        for (source, roles) in sources.enumerated() {
            for rule in roles.sources.indices {
                while sourcesByRule.count <= rule { sourcesByRule.append([]) }
                sourcesByRule[rule].append(UInt32(truncatingIfNeeded: source))
            }
        }
        var known: [RuleSet: Int] = [:]
        listOf.reserveCapacity(destinations.count)
        for roles in destinations {
            if let place = known[roles.destinations] {
                listOf.append(place)
                continue
            }
            known[roles.destinations] = lists.count
            listOf.append(lists.count)
            lists.append(Self.list(of: roles.destinations, sourcesByRule))
        }
    }

    package var destinationCount: Int { listOf.count }

    /// Every cell of one destination: by source, and of one source in the policy's order.
    package func cells(to destination: Int) -> [Cell] {
        guard listOf.indices.contains(destination) else { return [] }
        return lists[listOf[destination]].map {
            Cell(source: Int($0 >> 32), rule: Int(truncatingIfNeeded: $0 & 0xFFFF_FFFF))
        }
    }

    /// Whether two destinations have the same cells because the same rules name them.
    package func isSame(_ first: Int, _ second: Int) -> Bool {
        listOf.indices.contains(first) && listOf.indices.contains(second) && listOf[first] == listOf[second]
    }

    private static func list(of rules: RuleSet, _ sourcesByRule: [[UInt32]]) -> [UInt64] {
        var list: [UInt64] = []
        var isSorted = true
        for rule in rules.indices where rule < sourcesByRule.count && !sourcesByRule[rule].isEmpty {
            isSorted = list.isEmpty
            list.reserveCapacity(list.count + sourcesByRule[rule].count)
            for source in sourcesByRule[rule] { list.append(UInt64(source) << 32 | UInt64(rule)) }
        }
        if !isSorted { list.sort() }
        return list
    }
}
