package import Identity

/// A user whom a provisioning client keeps and who has not signed in yet.
package struct ProvisionedUser: Hashable, Sendable {
    package let provider: ProviderID
    /// As its directory has it, folded.
    package let userName: String
    package let displayName: String?
    /// The user name where it is an address, else the first of the addresses in their order as texts.
    package let email: EmailAddress?
    /// Those with names that policies can use.
    package let groups: Set<GroupName>

    package init(
        provider: ProviderID, userName: String, displayName: String?, email: EmailAddress?, groups: Set<GroupName>
    ) {
        self.provider = provider
        self.userName = userName
        self.displayName = displayName
        self.email = email
        self.groups = groups
    }
}

/// Everybody at once, for questions about the whole directory: a few queries, whatever its size.
package protocol DirectoryOverview {
    /// The groups of all people, as `memberships(of:)` has them; who is in none is missing.
    func memberships() throws -> [PersonID: [GroupName: Set<MembershipSource>]]
    /// The active users of all directories who are no people yet, in the order of their creation.
    func provisionedUsers() throws -> [ProvisionedUser]
}
