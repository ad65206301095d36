/// Compares two policies pair by pair.
///
/// Where the rules that concern a pair share no port, each that comes is a gain and each that goes is a loss by itself; only
/// the other pairs are worked out, and those that the same rules concern once.
struct PairComparison {
    /// One service that a pair gains or loses under some conditions.
    private struct Atom: Hashable {
        let isGain: Bool
        let service: String
        let conditions: Conditions
    }

    /// The rules of one policy, as a comparison needs them.
    private struct Side {
        let rules: [Rule]
        let isChanged: [Bool]
        let ports: [PortSets]
        /// What a rule is by itself; empty for one that has not changed.
        var atoms: [[Int]] = []
    }

    private struct Concerned: Hashable {
        var old: [Int] = []
        var new: [Int] = []
    }

    private var old: Side
    private var new: Side
    private var known: [Atom] = []
    private var places: [Atom: Int] = [:]
    private var workedOut: [Concerned: [Int]] = [:]

    init(from old: [Rule], to new: [Rule], changes: RuleChanges) {
        self.old = Side(rules: old, isChanged: changes.isChangedOld, ports: old.map { PortSets($0.allow) })
        self.new = Side(rules: new, isChanged: changes.isChangedNew, ports: new.map { PortSets($0.allow) })
        self.old.atoms = old.indices.map { ownAtoms(self.old, $0, isGain: false) }
        self.new.atoms = new.indices.map { ownAtoms(self.new, $0, isGain: true) }
    }

    /// What a source gains and loses: each atom with the places of the destinations, ascending; and at how many
    /// destinations it does.
    mutating func atoms(
        of source: PartyClass, at destinations: [PartyClass]
    ) -> (atoms: [(atom: Int, destinations: [Int])], count: Int) {
        var found: [(atom: Int, destination: Int)] = []
        var count = 0
        var concerned = Concerned()
        for (index, destination) in destinations.enumerated() {
            guard
                source.changedNew.meets(destination.changedNew) || source.changedOld.meets(destination.changedOld)
            else { continue }
            concerned.old.removeAll(keepingCapacity: true)
            concerned.new.removeAll(keepingCapacity: true)
            _ = source.old.firstCommon(with: destination.old) { index in
                concerned.old.append(index)
                return false
            }
            _ = source.new.firstCommon(with: destination.new) { index in
                concerned.new.append(index)
                return false
            }
            let before = found.count
            if isDisjoint(concerned) {
                for rule in concerned.old { for atom in old.atoms[rule] { found.append((atom, index)) } }
                for rule in concerned.new { for atom in new.atoms[rule] { found.append((atom, index)) } }
            } else {
                for atom in workedOut(concerned) { found.append((atom, index)) }
            }
            if found.count > before { count += destination.members.count }
        }
        found.sort { ($0.atom, $0.destination) < ($1.atom, $1.destination) }
        var result: [(atom: Int, destinations: [Int])] = []
        for (atom, destination) in found {
            if result.last?.atom == atom {
                result[result.count - 1].destinations.append(destination)
            } else {
                result.append((atom, [destination]))
            }
        }
        return (result, count)
    }

    func change(of atoms: [Int]) -> PolicyDifference.Change {
        func reach(isGain: Bool) -> [PolicyDifference.Reach] {
            let chosen = atoms.map { known[$0] }.filter { $0.isGain == isGain }
            return Dictionary(grouping: chosen, by: \.conditions).map { conditions, atoms in
                let services = PortSets(atoms.compactMap { try? Service(parsing: $0.service) })
                return PolicyDifference.Reach(services: services.texts, conditions: conditions)
            }.sorted { ($0.conditions.words, $0.services.joined()) < ($1.conditions.words, $1.services.joined()) }
        }
        return PolicyDifference.Change(gained: reach(isGain: true), lost: reach(isGain: false))
    }

    private mutating func ownAtoms(_ side: Side, _ rule: Int, isGain: Bool) -> [Int] {
        guard side.isChanged[rule] else { return [] }
        let conditions = side.rules[rule].conditions
        return side.ports[rule].texts.map { place(of: Atom(isGain: isGain, service: $0, conditions: conditions)) }
    }

    private mutating func place(of atom: Atom) -> Int {
        if let place = places[atom] { return place }
        places[atom] = known.count
        known.append(atom)
        return known.count - 1
    }

    /// Whether no changed rule shares a port with another rule that concerns the pair.
    private func isDisjoint(_ concerned: Concerned) -> Bool {
        if concerned.old.count + concerned.new.count == 1 { return true }
        for (place, rule) in concerned.old.enumerated() {
            for other in concerned.old[..<place] where old.isChanged[rule] || old.isChanged[other] {
                if old.ports[rule].overlaps(old.ports[other]) { return false }
            }
            for other in concerned.new where old.isChanged[rule] || new.isChanged[other] {
                if old.ports[rule].overlaps(new.ports[other]) { return false }
            }
        }
        for (place, rule) in concerned.new.enumerated() {
            for other in concerned.new[..<place] where new.isChanged[rule] || new.isChanged[other] {
                if new.ports[rule].overlaps(new.ports[other]) { return false }
            }
        }
        return true
    }

    private mutating func workedOut(_ concerned: Concerned) -> [Int] {
        if let atoms = workedOut[concerned] { return atoms }
        let before = Self.access(concerned.old.map { old.rules[$0] })
        let after = Self.access(concerned.new.map { new.rules[$0] })
        var atoms: [Int] = []
        for (isGain, access, other) in [(true, after, before), (false, before, after)] {
            for (conditions, ports) in access {
                let more = other[conditions].map { ports.subtracting($0) } ?? ports
                for service in more.texts {
                    atoms.append(place(of: Atom(isGain: isGain, service: service, conditions: conditions)))
                }
            }
        }
        workedOut[concerned] = atoms
        return atoms
    }

    /// What opens under which conditions. What is open anyway is not open under conditions.
    private static func access(_ rules: [Rule]) -> [Conditions: PortSets] {
        let byConditions = Dictionary(grouping: rules, by: \.conditions).mapValues { PortSets($0.flatMap(\.allow)) }
        guard let always = byConditions[Conditions()], byConditions.count > 1 else { return byConditions }
        var access: [Conditions: PortSets] = [Conditions(): always]
        for (conditions, ports) in byConditions where !conditions.isEmpty {
            let left = ports.subtracting(always)
            if !left.isEmpty { access[conditions] = left }
        }
        return access
    }
}
