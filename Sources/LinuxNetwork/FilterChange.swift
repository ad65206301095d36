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
        let before = FilterElements(concern.part(of: old)).living(at: now.seconds)
        let after = FilterElements(concern.part(of: new)).living(at: now.seconds)
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

/// What of two rule sets is not the same, found without making members of all that is: 100,000 grants take five milliseconds.
private struct Concern {
    /// Of one source: all, when it comes or goes as a peer or ends as one at another moment; or what may be merged with a
    /// grant that differs.
    private enum Extent {
        case everything
        case these(Set<FilterGrant.Traffic>)
    }

    private var extents: [IPAddress: Extent] = [:]
    /// Grants that are in one of the two only, and have not ended.
    private(set) var count = 0

    init(_ old: FilterRuleSet, _ new: FilterRuleSet, now: Int) {
        add(old.grants, new.grants, now: now)
        add(old.egress, new.egress, now: now)
        var peers = old.peers.symmetricDifference(new.peers)
        if old.peerEnds != new.peerEnds {
            peers.formUnion(old.peers.filter { new.peers.contains($0) && old.peerEnds[$0] != new.peerEnds[$0] })
        }
        for peer in peers { extents[peer] = .everything }
    }

    /// What two lists have in common at both ends costs a comparison each.
    private mutating func add(_ old: [FilterGrant], _ new: [FilterGrant], now: Int) {
        let shorter = min(old.count, new.count)
        let start = (0..<shorter).first { old[$0] != new[$0] } ?? shorter
        let alike = (0..<(shorter - start)).first { old[old.count - 1 - $0] != new[new.count - 1 - $0] }
        let tail = alike ?? (shorter - start)
        let earlier = Dictionary(grouping: old[start..<(old.count - tail)], by: \.source)
        let later = Dictionary(grouping: new[start..<(new.count - tail)], by: \.source)
        for source in Set(earlier.keys).union(later.keys) where earlier[source] != later[source] {
            let differing = Set(earlier[source] ?? []).symmetricDifference(later[source] ?? [])
            count += differing.count { $0.expiresAt > now }
            var found = Set(differing.map(\.traffic.merging))
            if case .these(let known) = extents[source] { found.formUnion(known) }
            extents[source] = .these(found)
        }
    }

    func part(of ruleSet: FilterRuleSet) -> FilterRuleSet {
        var result = ruleSet
        result.peers = ruleSet.peers.filter { extents[$0] != nil }
        result.grants = part(of: ruleSet.grants)
        result.egress = part(of: ruleSet.egress)
        return result
    }

    private func part(of grants: [FilterGrant]) -> [FilterGrant] {
        guard !extents.isEmpty else { return [] }
        return grants.filter { grant in
            switch extents[grant.source] {
            case nil: false
            case .everything: true
            case .these(let traffics): traffics.contains(grant.traffic.merging)
            }
        }
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
