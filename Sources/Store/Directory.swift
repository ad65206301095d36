package import Identity
package import SCIM

/// The people and groups that a provisioning client keeps: one directory for each identity provider, apart from all others.
///
/// A group's members and a user's groups are never part of a record: each method costs rows in proportion to what it is
/// given or returns. What a `Lookup` compares without case is folded by `SCIMText.folded`. Source: RFC 7643 §4.
package protocol DirectoryReader {
    func resource(_ type: ResourceType, id: String, of provider: ProviderID) throws -> ResourceRecord?
    /// In order of `sequence`, at most `limit`. `lookup` nil: all of the type.
    func resources(
        _ type: ResourceType, of provider: ProviderID, matching lookup: FilterPlan.Lookup?, from start: PageStart,
        limit: Int
    ) throws -> [ResourceRecord]
    func resourceCount(_ type: ResourceType, of provider: ProviderID, matching lookup: FilterPlan.Lookup?) throws -> Int

    /// Which of these are users of this provider.
    func users(among ids: [String], of provider: ProviderID) throws -> Set<String>
    /// In the order in which the users were created, at most `limit`.
    func members(ofGroup id: String, of provider: ProviderID, limit: Int) throws -> [Reference]
    /// By user; a user without groups is missing.
    func groups(ofUsers ids: [String], of provider: ProviderID) throws -> [String: [Reference]]

    /// The person that this user is, once they have signed in.
    func person(ofUser id: String, of provider: ProviderID) throws -> PersonID?
    func user(ofPerson person: PersonID) throws -> ResourceRecord?
    /// How many users are people who have signed in.
    func linkedUserCount(of provider: ProviderID) throws -> Int
    /// The members who are people with an open session.
    func peopleSignedIn(inGroup id: String, of provider: ProviderID) throws -> [PersonID]
}

package protocol DirectoryWriter: DirectoryReader {
    /// The record's `sequence` is not looked at: the store gives the next. Throws `StoreError.conflict` when another user of
    /// the provider has its user name or external id, or another group its display name.
    func insert(_ resource: ResourceRecord, into provider: ProviderID) throws
    func update(_ resource: ResourceRecord, of provider: ProviderID) throws
    /// Removes it and its memberships; the person that a user is stays. Returns the groups that the user was in, or the
    /// users who were in the group.
    func deleteResource(_ type: ResourceType, id: String, of provider: ProviderID) throws -> [String]

    /// Returns those who were not members before; ids that name nobody are left out.
    func addMembers(_ ids: [String], toGroup group: String, of provider: ProviderID) throws -> [String]
    /// Returns those who were members.
    func removeMembers(_ ids: [String], fromGroup group: String, of provider: ProviderID) throws -> [String]
    func removeAllMembers(fromGroup group: String, of provider: ProviderID) throws -> [String]

    /// Says who this user is. Throws `StoreError.conflict` when another user is that person.
    func link(user id: String, of provider: ProviderID, to person: PersonID) throws
}
