/// How a store answers a filter: what an index finds, and what is left to decide on each resource found.
package struct FilterPlan: Hashable, Sendable {
    /// One equality that a store has an index for. Texts that compare without case are folded.
    package enum Lookup: Hashable, Sendable {
        case id(String)
        case userName(folded: String)
        case externalId(String)
        case email(folded: String)
        /// A user's or a group's display name.
        case displayName(folded: String)
        /// Groups that a user is in.
        case member(userID: String)
        /// Users who are in a group.
        case memberOf(groupID: String)
        case active(Bool)
    }

    /// Nil: every resource of the type.
    package let lookup: Lookup?
    /// Nil: whatever the index finds is the answer.
    package let rest: Filter?

    package init(_ filter: Filter?, for type: ResourceType) {
        guard let filter else {
            lookup = nil
            rest = nil
            return
        }
        let parts = if case .all(let parts) = filter { parts } else { [filter] }
        let ranked = parts.enumerated().compactMap { index, part in
            Self.lookup(part, for: type).map { (index: index, lookup: $0.lookup, isWhole: $0.isWhole) }
        }
        guard let best = ranked.min(by: { Self.rank($0.lookup) < Self.rank($1.lookup) }) else {
            lookup = nil
            rest = filter
            return
        }
        lookup = best.lookup
        let left = parts.enumerated().filter { $0.offset != best.index || !best.isWhole }.map(\.element)
        rest = left.isEmpty ? nil : left.count == 1 ? left[0] : .all(left)
    }

    /// An index for one part, and whether it decides all of that part.
    private static func lookup(_ filter: Filter, for type: ResourceType) -> (lookup: Lookup, isWhole: Bool)? {
        switch filter {
        case .compare(let path, .equal, .text(let text, _)) where path.extensionID == nil:
            return lookup(path.attribute.name, path.subAttribute?.name, text, for: type).map { ($0, true) }
        case .compare(let path, .equal, .bool(let value)) where path.extensionID == nil:
            return type == .user && path.attribute.name == "active" ? (.active(value), true) : nil
        // `members[value eq "x"]` asks what `members.value eq "x"` asks.
        case .element(let path, .compare(let inner, .equal, .text(let text, _))) where path.extensionID == nil:
            return lookup(path.attribute.name, inner.subAttribute?.name, text, for: type).map { ($0, true) }
        case .element(let path, .all(let parts)):
            for part in parts {
                if let found = lookup(.element(path, part), for: type) { return (found.lookup, false) }
            }
            return nil
        default: return nil
        }
    }

    private static func lookup(_ name: String, _ sub: String?, _ text: String, for type: ResourceType) -> Lookup? {
        switch (type, name, sub ?? "value") {
        case (_, "id", _): .id(text)
        case (_, "externalId", _): .externalId(text)
        case (_, "displayName", _): .displayName(folded: text)
        case (.user, "userName", _): .userName(folded: text)
        case (.user, "emails", "value"): .email(folded: text)
        case (.user, "groups", "value"): .memberOf(groupID: text)
        case (.group, "members", "value"): .member(userID: text)
        default: nil
        }
    }

    /// The rarest first.
    private static func rank(_ lookup: Lookup) -> Int {
        switch lookup {
        case .id: 0
        case .userName: 1
        case .externalId: 2
        case .email: 3
        case .displayName: 4
        case .member: 5
        case .memberOf: 6
        case .active: 7
        }
    }
}
