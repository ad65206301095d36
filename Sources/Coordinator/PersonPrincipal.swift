internal import AccessPolicy
package import Identity
package import Store

extension Principal {
    /// A person on no device in particular.
    package init(of person: PersonRecord, groups: Set<GroupName>) {
        self.init(describedBy: [])
        self.person = person.id
        email = person.email
        displayName = person.displayName
        provider = person.provider
        self.groups = groups
    }
}
