internal import Identity
internal import SCIM
internal import Sessions
internal import Store

/// Which provisioned user and which person who signs in are the same, always within one identity provider.
///
/// A pair counts only where it finds exactly one; the link, once made, stays until the user is deleted. Source: DESIGN §7.
struct AccountLinks: Sendable {
    let provider: ProviderID
    let matches: [ProvisioningConfiguration.Match]
    let groups: ProvisioningConfiguration.Groups

    /// The user that a sign-in belongs to, linked or not.
    func user(for signIn: SignIn, in reader: any StoreReader) throws -> ResourceRecord? {
        for match in matches {
            guard let value = Self.value(match.claim, of: signIn), !value.isEmpty else { continue }
            let lookup: FilterPlan.Lookup =
                switch match.attribute {
                case .externalId: .externalId(value)
                case .userName: .userName(folded: SCIMText.folded(value))
                case .emails: .email(folded: SCIMText.folded(value))
                }
            let found = try reader.resources(.user, of: provider, matching: lookup, from: .offset(0), limit: 2)
            if found.count == 1 { return found[0] }
        }
        return nil
    }

    private static func value(_ claim: ProvisioningConfiguration.Match.Claim, of signIn: SignIn) -> String? {
        switch claim {
        case .subject: signIn.subject
        case .directoryID: signIn.directoryID ?? signIn.principal?.nameID
        case .email: signIn.email?.text
        }
    }

    /// The person whom earlier sign-ins made of this user, and who is no other user yet.
    func person(for user: ResourceRecord, in reader: any StoreReader) throws -> PersonRecord? {
        for match in matches {
            let values =
                switch match.attribute {
                case .externalId: user.externalID.map { [$0] } ?? []
                case .userName: user.userName.map { [$0] } ?? []
                case .emails: user.emails
                }
            var found: [PersonRecord] = []
            for value in values {
                for person in try people(match.claim, value, in: reader) where !found.contains(person) {
                    found.append(person)
                }
            }
            if found.count == 1, try reader.user(ofPerson: found[0].id) == nil { return found[0] }
        }
        return nil
    }

    private func people(
        _ claim: ProvisioningConfiguration.Match.Claim, _ value: String, in reader: any StoreReader
    ) throws -> [PersonRecord] {
        switch claim {
        case .subject: try reader.person(provider: provider, subject: value).map { [$0] } ?? []
        case .directoryID: try reader.people(provider: provider, directoryID: value)
        case .email: try EmailAddress(value).map { try reader.people(provider: provider, email: $0) } ?? []
        }
    }
}
