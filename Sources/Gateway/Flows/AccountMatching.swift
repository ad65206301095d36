internal import Identity
internal import Sessions
internal import Store

/// A sign-in that was admitted becomes part of its person. Source: DESIGN §7.
extension StoreTransaction {
    /// Saves person and groups. Those of the sign-in are all that the person has from sign-ins: what it does not name ends,
    /// also where it names none, and where it could not say which (`SignIn.groups`).
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
        } else {
            // A connection that changed its protocol leaves nothing of the other one behind.
            let (source, other): (MembershipSource, MembershipSource) =
                switch signIn.evidence.statement {
                case .idToken: (.tokenClaim, .samlAttribute)
                case .saml: (.samlAttribute, .tokenClaim)
                }
            _ = try setMemberships(of: person.id, source: source, to: signIn.groups ?? [])
            _ = try setMemberships(of: person.id, source: other, to: [])
        }
        // Nothing hangs on somebody who has never been here.
        if !isNew { try appendChange(.person(person.id), at: now) }
    }
}
