/// Changes of a group's members, carried out without its list: rows in proportion to the change.
extension SCIMService {
    /// The changes with those ids only that are users here. Errors: `invalidValue`, where unknown ones are refused.
    func existing(
        _ changes: [MembershipChange], in directory: some SCIMDirectory, _ work: inout Work
    ) throws -> [MembershipChange] {
        var wanted: [String] = []
        for change in changes {
            switch change {
            case .add(let ids), .replace(let ids): wanted += ids
            case .remove, .removeAll, .removeWhere: break
            }
        }
        guard !wanted.isEmpty else { return changes }
        let known = try directory.existingUsers(among: wanted.filter(SCIMText.isIdentifier))
        let unknown = wanted.filter { !known.contains($0) }
        guard let first = unknown.first else { return changes }
        guard leniency.unknownMembers == .leaveOut else {
            throw SCIMError(.invalidValue, "the member \(SCIMText.printable(first)) does not exist\(more(unknown))")
        }
        // Nobody is removed because the whole list that replaces them is wrong.
        for case .replace(let ids) in changes where !ids.isEmpty && !ids.contains(where: known.contains) {
            throw SCIMError(.invalidValue, "none of the members exists")
        }
        work.notes.append("members: \(SCIMText.printable(first)) does not exist, left out\(more(unknown))")
        return changes.map { change in
            switch change {
            case .add(let ids): .add(ids.filter(known.contains))
            case .replace(let ids): .replace(ids.filter(known.contains))
            case .remove, .removeAll, .removeWhere: change
            }
        }
    }

    private func more(_ unknown: [String]) -> String { unknown.count > 1 ? ", nor do \(unknown.count - 1) more" : "" }

    /// In order; the effects say what came of all of them together. Returns whether anything did.
    func apply(
        _ changes: [MembershipChange], toGroup group: String, in directory: inout some SCIMDirectory,
        _ work: inout Work
    ) throws -> Bool {
        var net = NetMembership()
        for change in changes {
            switch change {
            case .add(let ids) where !ids.isEmpty: net.add(try directory.addMembers(ids, toGroup: group))
            case .remove(let ids):
                let plausible = ids.filter(SCIMText.isIdentifier)
                if !plausible.isEmpty { net.remove(try directory.removeMembers(plausible, fromGroup: group)) }
            case .removeAll: net.remove(try directory.removeAllMembers(fromGroup: group))
            case .replace(let ids):
                let kept = Set(ids)
                let gone = try directory.members(ofGroup: group, named: false, limit: .max).map(\.id).filter {
                    !kept.contains($0)
                }
                if !gone.isEmpty { net.remove(try directory.removeMembers(gone, fromGroup: group)) }
                if !ids.isEmpty { net.add(try directory.addMembers(ids, toGroup: group)) }
            case .removeWhere(let filter):
                let resource = rendering.members(try directory.members(ofGroup: group, named: true, limit: .max))
                let gone = resource.filter { filter.matches(element: $0.element) }.map(\.id)
                if !gone.isEmpty { net.remove(try directory.removeMembers(gone, fromGroup: group)) }
            case .add: break
            }
        }
        let (added, removed) = net.result
        if !removed.isEmpty { work.effects.append(.membersRemoved(group: group, users: removed)) }
        if !added.isEmpty { work.effects.append(.membersAdded(group: group, users: added)) }
        let counts = [added.isEmpty ? nil : "+\(added.count)", removed.isEmpty ? nil : "−\(removed.count)"]
        let text = counts.compactMap { $0 }.joined(separator: " ")
        if !text.isEmpty { work.changes.append("members: \(text)") }
        return !text.isEmpty
    }
}

/// Who is in that was not, and the other way round, after several changes.
private struct NetMembership {
    private var change: [String: Bool] = [:]
    private var order: [String] = []

    mutating func add(_ ids: [String]) { for id in ids { record(id, true) } }
    mutating func remove(_ ids: [String]) { for id in ids { record(id, false) } }

    private mutating func record(_ id: String, _ isAdded: Bool) {
        // The directory reports real changes only, so the opposite of an earlier one undoes it.
        if let earlier = change[id], earlier != isAdded {
            change[id] = nil
        } else {
            change[id] = isAdded
            order.append(id)
        }
    }

    var result: (added: [String], removed: [String]) {
        var seen: Set<String> = []
        let ids = order.filter { change[$0] != nil && seen.insert($0).inserted }
        return (ids.filter { change[$0] == true }, ids.filter { change[$0] == false })
    }
}
