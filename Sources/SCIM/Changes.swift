import StrictJSON

/// What differs between two states of a resource, for access and for the sync log.
extension SCIMService {
    static func changedNames(_ old: [String: JSON], _ new: [String: JSON]) -> [String] {
        Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.sorted()
    }

    static func effects(_ changed: [String], _ old: ResourceRecord, _ new: ResourceRecord) -> [SCIMEffect] {
        guard !changed.isEmpty else { return [] }
        var effects: [SCIMEffect] = []
        switch new.type {
        case .user:
            if old.isActive, !new.isActive { effects.append(.userDeactivated(id: new.id)) }
            if !old.isActive, new.isActive { effects.append(.userReactivated(id: new.id)) }
            let others = changed.filter { $0 != "active" }
            if !others.isEmpty { effects.append(.userChanged(id: new.id, attributes: others)) }
        case .group:
            if let from = old.displayName, let to = new.displayName, from != to {
                effects.append(.groupRenamed(id: new.id, from: from, to: to))
            }
            let others = changed.filter { $0 != "displayName" }
            if !others.isEmpty { effects.append(.groupChanged(id: new.id, attributes: others)) }
        }
        return effects
    }

    static func described(_ changed: [String], _ old: ResourceRecord, _ new: ResourceRecord) -> [String] {
        changed.map { name in
            name == "active" && old.isActive != new.isActive ? "active: \(old.isActive) → \(new.isActive)" : name
        }
    }
}
