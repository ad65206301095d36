internal import NetworkAddresses

/// The members that go and come to make one rule set of another within the same table, which keeps its rules, its counter
/// and the flows it has logged.
struct FilterChange {
    /// By the set's name. A member that is to end at another moment goes and comes.
    private(set) var gone: [String: [String]] = [:]
    private(set) var come: [String: [(key: String, expiresAt: Int?)]] = [:]

    /// So many are never dearer than a table: five milliseconds.
    static let alwaysSmall = 1000
    /// To remove one range the kernel walks all of its set: about 2.5 microseconds each.
    static let longestWalk = 2000

    /// Nil when the table is to be replaced: for other rules; for more members than the new table has, as either costs the
    /// kernel and nft five microseconds a member; for ranges whose removal takes the kernel longer.
    init?(from old: FilterRuleSet, to new: FilterRuleSet, now: FilterTime) {
        guard old.interface == new.interface, old.overlay == new.overlay, old.logGroup == new.logGroup,
            old.checksEgress == new.checksEgress
        else { return nil }
        let most = max(new.peers.count + new.grants.count + new.egress.count, Self.alwaysSmall)
        let concern = Concern(old, new, now: now.seconds)
        guard concern.count <= most else { return nil }
        let parts = concern.parts
        let before = FilterElements(parts.old).living(at: now.seconds)
        let after = FilterElements(parts.new).living(at: now.seconds)
        for set in FilterElements.setNames {
            let (earlier, later) = (before.sets[set] ?? [:], after.sets[set] ?? [:])
            let removed = earlier.filter { later[$0.key] != .some($0.value) }.keys.sorted()
            if FilterElements.intervalSets.contains(set), !removed.isEmpty,
                removed.count * FilterElements.largestCount(of: set, in: old) > Self.longestWalk
            {
                return nil
            }
            gone[set] = removed
            come[set] = later.filter { earlier[$0.key] != .some($0.value) }.sorted { $0.key < $1.key }
                .map { ($0.key, $0.value) }
        }
        guard count <= most else { return nil }
    }

    /// How many members one transaction names.
    var count: Int {
        gone.values.reduce(0) { $0 + $1.count } + come.values.reduce(0) { $0 + $1.count }
    }

    /// Packets miss what goes a moment before they find what comes into a set of ranges: `FilterScript.unsettled` goes
    /// before such a change, and `settled` after it.
    var settles: Bool {
        FilterElements.intervalSets.contains { come[$0]?.isEmpty == false } && gone.values.contains { !$0.isEmpty }
    }

    /// One command for what goes from a set, and one for what comes; empty when nothing changes.
    func script(now: FilterTime) -> String {
        var text = ""
        for set in FilterElements.setNames {
            text += command("delete", set, gone[set] ?? [])
            text += command(
                "add", set, (come[set] ?? []).map { FilterScript.member($0.key, $0.expiresAt, now: now) })
        }
        return text
    }

    private func command(_ verb: String, _ set: String, _ members: [String]) -> String {
        members.isEmpty
            ? "" : "\(verb) element inet \(FilterScript.table) \(set) { \(members.joined(separator: ", ")) }\n"
    }
}

/// What of two rule sets is not the same, found without making members of all that is: of 100,000 grants each is compared
/// once, and then asked once whether it may be merged with one that differs.
private struct Concern {
    /// Of one source: all, when it comes or goes as a peer or ends as one at another moment; or what may be merged with a
    /// grant that differs.
    private enum Extent {
        case everything
        case these(Set<FilterGrant.Traffic>)

        func holds(_ grant: FilterGrant) -> Bool {
            switch self {
            case .everything: true
            case .these(let traffics): traffics.contains(grant.traffic.merging)
            }
        }
    }

    private let (old, new): (FilterRuleSet, FilterRuleSet)
    private let (grants, egress): (GrantLists, GrantLists)
    private var extents: [IPAddress: Extent] = [:]
    /// Grants that are in one of the two only, and have not ended.
    private(set) var count = 0

    init(_ old: FilterRuleSet, _ new: FilterRuleSet, now: Int) {
        (self.old, self.new) = (old, new)
        (grants, egress) = (GrantLists(old.grants, new.grants), GrantLists(old.egress, new.egress))
        for lists in [grants, egress] { add(lists, now: now) }
        var peers = old.peers == new.peers ? [] : old.peers.symmetricDifference(new.peers)
        if old.peerEnds != new.peerEnds {
            peers.formUnion(old.peers.filter { new.peers.contains($0) && old.peerEnds[$0] != new.peerEnds[$0] })
        }
        for peer in peers { extents[peer] = .everything }
    }

    private mutating func add(_ lists: GrantLists, now: Int) {
        let earlier = Dictionary(grouping: lists.earlier, by: \.source)
        let later = Dictionary(grouping: lists.later, by: \.source)
        for source in Set(earlier.keys).union(later.keys) where earlier[source] != later[source] {
            let differing = Set(earlier[source] ?? []).symmetricDifference(later[source] ?? [])
            count += differing.count { $0.expiresAt > now }
            var found = Set(differing.map(\.traffic.merging))
            if case .these(let known) = extents[source] { found.formUnion(known) }
            extents[source] = .these(found)
        }
    }

    /// Of each, the peers and grants that what is not the same concerns.
    var parts: (old: FilterRuleSet, new: FilterRuleSet) {
        var (old, new) = (old, new)
        old.peers = Set(extents.keys.filter(old.peers.contains))
        new.peers = Set(extents.keys.filter(new.peers.contains))
        (old.grants, new.grants) = extents.isEmpty ? ([], []) : grants.filter(isConcerned)
        (old.egress, new.egress) = extents.isEmpty ? ([], []) : egress.filter(isConcerned)
        return (old, new)
    }

    /// Few sources are compared one by one: of those that nothing concerns, which most are, a hash takes five times as long.
    private var isConcerned: (FilterGrant) -> Bool {
        guard extents.count > Self.few else {
            let few = Array(extents.keys)
            return { [extents] grant in few.contains(grant.source) && extents[grant.source]?.holds(grant) ?? false }
        }
        return { [extents] grant in extents[grant.source]?.holds(grant) ?? false }
    }

    private static let few = 4
}

/// Two lists of grants: what they have in common at both ends, and what is between.
private struct GrantLists {
    private let (old, new): ([FilterGrant], [FilterGrant])
    /// How many are the same at the beginning, and at the end.
    private let (head, tail): (Int, Int)

    init(_ old: [FilterGrant], _ new: [FilterGrant]) {
        let shorter = min(old.count, new.count)
        let head = (0..<shorter).first { old[$0] != new[$0] } ?? shorter
        let rest = shorter - head
        tail = (0..<rest).first { old[old.count - 1 - $0] != new[new.count - 1 - $0] } ?? rest
        (self.old, self.new, self.head) = (old, new, head)
    }

    var earlier: ArraySlice<FilterGrant> { old[head..<(old.count - tail)] }
    var later: ArraySlice<FilterGrant> { new[head..<(new.count - tail)] }

    func filter(_ isConcerned: (FilterGrant) -> Bool) -> (old: [FilterGrant], new: [FilterGrant]) {
        let common = old[..<head].filter(isConcerned) + old[(old.count - tail)...].filter(isConcerned)
        return (common + earlier.filter(isConcerned), common + later.filter(isConcerned))
    }
}

extension FilterGrant.Traffic {
    /// Alike for grants of one source that may become one member: equal ones, and ranges, which may overlap.
    fileprivate var merging: FilterGrant.Traffic {
        switch self {
        case .tcp(let ports) where ports.count > 1: .tcp(0...UInt16.max)
        case .udp(let ports) where ports.count > 1: .udp(0...UInt16.max)
        default: self
        }
    }
}
