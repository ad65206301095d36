internal import Identity
internal import Sessions
internal import Store

/// A sign-in meets its person: by provider and subject, never across providers. Source: DESIGN §7.
extension StoreTransaction {
    func personRecord(for signIn: SignIn, newID: PersonID, now: Int) throws -> PersonRecord {
        if var person = try person(provider: signIn.provider, subject: signIn.subject) {
            // What the provider no longer vouches for is no longer anybody's name.
            person.email = signIn.email
            person.displayName = signIn.displayName
            person.lastSignInAt = now
            return person
        }
        return PersonRecord(
            id: newID, provider: signIn.provider, subject: signIn.subject, email: signIn.email,
            displayName: signIn.displayName, isActive: true, createdAt: now, lastSignInAt: now)
    }

    /// Saves person and groups. Groups that the provider does not speak of stay; no groups remove all that came
    /// from it.
    func keep(_ person: PersonRecord, _ signIn: SignIn, at now: Int) throws {
        try save(person)
        if let groups = signIn.groups {
            let source: MembershipSource =
                switch signIn.evidence.statement {
                case .idToken: .tokenClaim
                case .saml: .samlAttribute
                }
            _ = try setMemberships(of: person.id, source: source, to: groups)
        }
        try appendChange(.person(person.id), at: now)
    }
}
