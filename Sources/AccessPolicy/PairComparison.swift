/// Compares two policies source by source.
///
/// Where the rules that concern a pair share no port, each that comes is a gain and each that goes is a loss by itself, and
/// at all its destinations at once. Only the other pairs are looked at one by one; what rules of the same kinds make of a
/// pair is worked out once.
struct PairComparison {
    /// One service that a pair gains or loses under some conditions, or keeps under others.
    private struct Atom: Hashable {
        let service: PortSets
        /// Nil: it was not open; nil: it is not open any more.
        let before: Conditions?
        let after: Conditions?
    }

    /// One atom at a set of destinations, both by their numbers.
    struct Gathering: Hashable {
        let atom: Int
        let destinations: Int
    }

    /// What is asked of a rule for each source that it names.
    private struct Facts {
        let kind: Int
        let isChanged: Bool
        let lowest: Int
        let highest: Int
    }

    /// What a rule that has changed is by itself.
    private struct Own {
        let atom: Int
        let rule: Int
        /// The number of the atom at all destinations of the rule.
        let gathering: Int
    }

    private let kinds: [ComparedRules.Kind]
    private let facts: [Facts]
    private let destinations: [PartyClass]
    private let members: [Int]
    /// Where each rule leads to.
    private var reach: [PlaceSet]
    /// Of each rule; empty for one that has not changed or leads nowhere.
    private var own: [[Own]] = []

    private var atoms = Numbered<Atom>()
    private var sets = Numbered<PlaceSet>()
    private var gatherings = Numbered<Gathering>()
    /// By the kinds that concern a pair; nil: no changed one of them shares a port with another.
    private var workedOut: [[Int]: [Int]?] = [:]

    init(_ rules: ComparedRules, at destinations: [PartyClass]) {
        kinds = rules.kinds
        facts = rules.entries.map { entry in
            let kind = rules.kinds[entry.kind]
            return Facts(
                kind: entry.kind, isChanged: kind.isChanged, lowest: kind.ports.lowest, highest: kind.ports.highest)
        }
        self.destinations = destinations
        members = destinations.map(\.members.count)
        reach = Array(repeating: PlaceSet(count: destinations.count), count: rules.entries.count)
        for (place, destination) in destinations.enumerated() {
            for rule in destination.rules.indices { reach[rule].insert(place) }
        }
        own = facts.indices.map { rule in
            let kind = kinds[facts[rule].kind]
            guard kind.isChanged, !reach[rule].isEmpty else { return [] }
            return kind.ports.pieces.map { piece in
                let atom = atoms.number(
                    of: Atom(
                        service: piece, before: kind.isNew ? nil : kind.conditions,
                        after: kind.isNew ? kind.conditions : nil))
                return Own(atom: atom, rule: rule, gathering: number(of: atom, at: reach[rule]))
            }
        }
    }

    /// What a source gains and loses, each atom in one gathering, and at how many destinations it does.
    mutating func changes(of source: PartyClass) -> (gatherings: [Int], count: Int) {
        let rules = source.rules.indices
        var found = entanglement(of: source, rules)
        var touched = PlaceSet(count: destinations.count)
        var mine: [Own] = []
        for rule in rules where !own[rule].isEmpty {
            touched.formUnion(reach[rule])
            mine += own[rule]
        }
        touched.subtract(found.destinations)
        touched.formUnion(found.changed)
        mine.sort { $0.atom < $1.atom }
        var result: [Int] = []
        result.reserveCapacity(mine.count + found.atoms.count)
        var rest = mine[...]
        while let first = rest.first {
            let run = rest.prefix { $0.atom == first.atom }
            rest = rest.dropFirst(run.count)
            let others = found.atoms.removeValue(forKey: first.atom)
            if run.count == 1, others == nil, !reach[first.rule].meets(found.destinations) {
                result.append(first.gathering)
                continue
            }
            var places = PlaceSet(count: destinations.count)
            for own in run { places.formUnion(reach[own.rule]) }
            places.subtract(found.destinations)
            if let others { places.formUnion(others) }
            if !places.isEmpty { result.append(number(of: first.atom, at: places)) }
        }
        for (atom, places) in found.atoms { result.append(number(of: atom, at: places)) }
        return (result, touched.indices.reduce(0) { $0 + members[$1] })
    }

    var allGatherings: [Gathering] { gatherings.values }

    /// The places of a set of destinations.
    func destinations(in set: Int) -> [Int] { sets.values[set].indices }

    func change(of places: [Int]) -> PolicyDifference.Change {
        var (gained, lost) = ([PolicyDifference.Reach](), [PolicyDifference.Reach]())
        var kept: [PolicyDifference.Kept] = []
        let chosen = Dictionary(grouping: places.map { atoms.values[$0] }) { [$0.before, $0.after] }
        for atoms in chosen.values {
            let services = PortSets.union(atoms.map(\.service)).texts
            switch (atoms.first?.before, atoms.first?.after) {
            case (let before?, let after?):
                kept.append(PolicyDifference.Kept(services: services, before: before, after: after))
            case (nil, let after?): gained.append(PolicyDifference.Reach(services: services, conditions: after))
            case (let before?, nil): lost.append(PolicyDifference.Reach(services: services, conditions: before))
            case (nil, nil): break
            }
        }
        return PolicyDifference.Change(
            gained: gained.sorted { $0.order < $1.order }, lost: lost.sorted { $0.order < $1.order },
            kept: kept.sorted { $0.order < $1.order })
    }

    /// Where a changed rule shares a port with another rule of the same source.
    private struct Entanglement {
        var destinations: PlaceSet
        /// Those of them at which something changes.
        var changed: PlaceSet
        var atoms: [Int: PlaceSet] = [:]
    }

    private mutating func entanglement(of source: PartyClass, _ rules: [Int]) -> Entanglement {
        let none = PlaceSet(count: destinations.count)
        var (any, changed, twice) = (none, none, none)
        for rule in rulesWithNeighbours(rules) {
            let isChanged = facts[rule].isChanged
            twice.formUnion(ofCommon: reach[rule], isChanged ? any : changed)
            any.formUnion(reach[rule])
            if isChanged { changed.formUnion(reach[rule]) }
        }
        var found = Entanglement(destinations: none, changed: none)
        var concerned: [Int] = []
        for destination in twice.indices {
            concerned.removeAll(keepingCapacity: true)
            _ = source.rules.firstCommon(with: destinations[destination].rules) { rule in
                if concerned.last != facts[rule].kind { concerned.append(facts[rule].kind) }
                return false
            }
            guard let atoms = workOut(concerned) else { continue }
            found.destinations.insert(destination)
            if !atoms.isEmpty { found.changed.insert(destination) }
            for atom in atoms { found.atoms[atom, default: none].insert(destination) }
        }
        return found
    }

    /// Those between whose lowest and highest port another one has some: no other can share a port.
    private func rulesWithNeighbours(_ rules: [Int]) -> [Int] {
        var highest = Int.min
        return rules.indices.filter { place in
            let rule = facts[rules[place]]
            let hasBefore = rule.lowest <= highest
            highest = max(highest, rule.highest)
            let next = place + 1 < rules.count ? facts[rules[place + 1]].lowest : .max
            return hasBefore || next <= rule.highest
        }.map { rules[$0] }
    }

    /// What rules of these kinds make of a pair; nil when no changed one shares a port with another.
    private mutating func workOut(_ concerned: [Int]) -> [Int]? {
        if let known = workedOut[concerned] { return known }
        let result = isDisjoint(concerned) ? nil : changes(concerned.map { kinds[$0] })
        workedOut.updateValue(result, forKey: concerned)
        return result
    }

    private func isDisjoint(_ concerned: [Int]) -> Bool {
        for (place, kind) in concerned.enumerated() {
            for other in concerned[..<place] where kinds[kind].isChanged || kinds[other].isChanged {
                if kinds[kind].ports.overlaps(kinds[other].ports) { return false }
            }
        }
        return true
    }

    /// So many sets of conditions before and after one pair's change are compared with each other.
    private static var comparedConditions: Int { 4096 }

    private mutating func changes(_ concerned: [ComparedRules.Kind]) -> [Int] {
        let before = Self.access(concerned.filter(\.isOld))
        let after = Self.access(concerned.filter(\.isNew))
        var lost = before.map { ($0.key, after[$0.key].map($0.value.subtracting) ?? $0.value) }
        var gained = after.map { ($0.key, before[$0.key].map($0.value.subtracting) ?? $0.value) }
        var result: [Int] = []
        func note(_ ports: PortSets, _ before: Conditions?, _ after: Conditions?) {
            for piece in ports.pieces {
                result.append(atoms.number(of: Atom(service: piece, before: before, after: after)))
            }
        }
        // Where there are more, each is told by itself.
        let isTold = lost.count * gained.count <= Self.comparedConditions
        let unclear =
            isTold ? Self.unclear(before, after, lost: lost.map(\.1), gained: gained.map(\.1)) : PortSets()
        for old in isTold ? lost.indices : 0..<0 {
            for new in gained.indices {
                let kept = lost[old].1.common(with: gained[new].1).subtracting(unclear)
                guard !kept.isEmpty else { continue }
                note(kept, lost[old].0, gained[new].0)
                lost[old].1 = lost[old].1.subtracting(kept)
                gained[new].1 = gained[new].1.subtracting(kept)
            }
        }
        for (conditions, ports) in lost { note(ports, conditions, nil) }
        for (conditions, ports) in gained { note(ports, nil, conditions) }
        return result
    }

    /// What does not just change from one set of conditions to another: what is open under some both before and after, or
    /// under several.
    private static func unclear(
        _ before: [Conditions: PortSets], _ after: [Conditions: PortSets], lost: [PortSets], gained: [PortSets]
    ) -> PortSets {
        var unclear = before.compactMap { conditions, ports in after[conditions].map { ports.common(with: $0) } }
        for sets in [lost, gained] {
            var seen = PortSets()
            for ports in sets {
                unclear.append(seen.common(with: ports))
                seen = .union([seen, ports])
            }
        }
        return .union(unclear)
    }

    /// What opens under which conditions. What is open anyway is not open under conditions.
    private static func access(_ kinds: [ComparedRules.Kind]) -> [Conditions: PortSets] {
        let byConditions = Dictionary(grouping: kinds, by: \.conditions).mapValues { PortSets.union($0.map(\.ports)) }
        guard let always = byConditions[Conditions()], byConditions.count > 1 else { return byConditions }
        var access: [Conditions: PortSets] = [Conditions(): always]
        for (conditions, ports) in byConditions where !conditions.isEmpty {
            let left = ports.subtracting(always)
            if !left.isEmpty { access[conditions] = left }
        }
        return access
    }

    private mutating func number(of atom: Int, at destinations: PlaceSet) -> Int {
        gatherings.number(of: Gathering(atom: atom, destinations: sets.number(of: destinations)))
    }
}

extension PolicyDifference.Reach {
    fileprivate var order: (String, String) { (conditions.words, services.joined()) }
}

extension PolicyDifference.Kept {
    fileprivate var order: (String, String, String) { (after.words, before.words, services.joined()) }
}
