/// The people and groups of one connection, as a request sees them inside one store transaction.
///
/// Every method costs rows in proportion to what it is given or returns, never to a group's size: adding a member is
/// one row and one update of the group's own row. Texts in a `Lookup` are folded by `SCIMText.folded`.
/// Errors are the store's own; the request fails and the transaction is rolled back.
package protocol SCIMDirectory {
    func record(_ type: ResourceType, id: String) throws -> ResourceRecord?

    /// In order of `sequence`, at most `limit`. `lookup` nil: all of the type.
    func records(
        _ type: ResourceType, matching lookup: FilterPlan.Lookup?, from start: PageStart, limit: Int
    ) throws -> [ResourceRecord]

    func count(_ type: ResourceType, matching lookup: FilterPlan.Lookup?) throws -> Int

    /// The record's `sequence` is 0; the directory gives the next.
    mutating func insert(_ record: ResourceRecord) throws
    mutating func update(_ record: ResourceRecord) throws
    /// Removes it and its memberships. Returns the groups that the user was in, or the users who were in the group.
    mutating func delete(_ type: ResourceType, id: String) throws -> [String]

    /// Which of these are users of this connection.
    func existingUsers(among ids: [String]) throws -> Set<String>
    /// In a stable order, at most `limit`; only with `named` must they have their `display`.
    func members(ofGroup id: String, named: Bool, limit: Int) throws -> [Reference]
    /// By user; a user without groups may be missing.
    func groups(ofUsers ids: [String]) throws -> [String: [Reference]]

    /// Adds users, all of whom exist, once each. Returns those who were not members before.
    mutating func addMembers(_ ids: [String], toGroup group: String) throws -> [String]
    /// Returns those who were members. Ids may name nobody.
    mutating func removeMembers(_ ids: [String], fromGroup group: String) throws -> [String]
    /// Returns those who were members.
    mutating func removeAllMembers(fromGroup group: String) throws -> [String]
}

/// Where a page begins in the order of `sequence`.
package enum PageStart: Hashable, Sendable {
    case offset(Int)
    case after(sequence: Int)
}

/// A member of a group, or a group of a user: the id and what to call it.
package struct Reference: Hashable, Sendable {
    package let id: String
    package let display: String?

    package init(id: String, display: String?) {
        self.id = id
        self.display = display
    }
}

/// What a PATCH or PUT does to a group's members, without the list of them.
package enum MembershipChange: Hashable, Sendable {
    case add([String])
    case remove([String])
    case removeAll
    case replace([String])
    case removeWhere(Filter)

    /// A PUT says all that is so: the members that it names replace those there were.
    var asWhole: MembershipChange { if case .add(let ids) = self { .replace(ids) } else { self } }
}
