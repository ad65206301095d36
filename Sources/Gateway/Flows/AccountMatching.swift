internal import Identity
internal import Sessions
internal import Store

/// A sign-in that was admitted becomes part of its person. Source: DESIGN §7.
extension StoreTransaction {
    /// Saves person and groups. Groups that the provider does not speak of stay; no groups remove all that came from it.
    /// `user`: the provisioned user that the person is. `groups`: whose count on a connection with SCIM; with `scim` the
    /// directory's are the truth, and those of the sign-in are not applied.
    func keep(
        _ person: PersonRecord, _ signIn: SignIn, user: String?, groups whose: ProvisioningConfiguration.Groups?,
        at now: Int
    ) throws {
        let isNew = try self.person(person.id) == nil
        try save(person)
        if let user {
            if try self.person(ofUser: user, of: signIn.provider) == nil {
                try link(user: user, of: signIn.provider, to: person.id)
            }
        }
        if whose == .scim {
            try dropGroupsOfSignIns(person.id)
        } else if let groups = signIn.groups {
            let source: MembershipSource =
                switch signIn.evidence.statement {
                case .idToken: .tokenClaim
                case .saml: .samlAttribute
                }
            _ = try setMemberships(of: person.id, source: source, to: groups)
        }
        // Nothing hangs on somebody who has never been here.
        if !isNew { try appendChange(.person(person.id), at: now) }
    }
}
