/// Who is behind a node, as the policy sees it: the facts that a node authorization carries.
package struct Principal: Hashable, Sendable {
    package var node: NodeID
    package var host: HostName
    package var person: PersonID
    /// The verified e-mail address; nil where the identity provider gave none that may be trusted.
    package var email: EmailAddress?
    package var displayName: String
    package var provider: ProviderID
    package var groups: Set<GroupName>
    package var tags: Set<TagName>

    package init(
        node: NodeID, host: HostName, person: PersonID, email: EmailAddress?, displayName: String, provider: ProviderID,
        groups: Set<GroupName>, tags: Set<TagName>
    ) {
        self.node = node
        self.host = host
        self.person = person
        self.email = email
        self.displayName = displayName
        self.provider = provider
        self.groups = groups
        self.tags = tags
    }

    /// How logs and messages name this person: the e-mail address, else the display name.
    package var label: String { email?.text ?? displayName }
}
