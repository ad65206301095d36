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

    /// Saves person and groups. An absent groups claim changes nothing; an empty one removes all that came from it.
    func keep(_ person: PersonRecord, _ signIn: SignIn, at now: Int) throws {
        try save(person)
        if let groups = signIn.groups {
            _ = try setMemberships(of: person.id, source: .tokenClaim, to: groups)
        }
        try appendChange(.person(person.id), at: now)
    }
}
