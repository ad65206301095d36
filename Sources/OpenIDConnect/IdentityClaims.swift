package import Identity
internal import StrictJSON

/// What a validated sign-in says about the person, in the words of this organisation's configuration.
///
/// The ID token speaks first; UserInfo fills what it leaves open. Source: OpenID Connect Core 1.0 §5.1.
package struct IdentityClaims: Sendable {
    package let provider: ProviderID
    package let subject: String
    /// Only an address that the provider says it has verified.
    package let email: EmailAddress?
    /// Never empty, no control characters, at most 128 characters.
    package let displayName: String
    /// Empty where the provider names none. Nil: it has them, but at another endpoint, so which they are is not known.
    package let groups: Set<GroupName>?
    /// Whether the sign-in counts as multi-factor by the configured rule.
    package let mfa: Bool
    package let authTime: Int?
    package let amr: [String]
    package let acr: String?
    /// What was left out and why, for the operator's log.
    package let notes: [String]

    /// Errors: `domainNotAllowed`, `emailRequired`, `groupsClaim`.
    package init(
        idToken: ValidatedIDToken, userInfo: UserInfo?, configuration: ProviderConfiguration
    ) throws(IdentityClaimsError) {
        let documents = [idToken.claims, userInfo?.claims].compactMap { $0 }
        var notes: [String] = []
        provider = configuration.id
        subject = idToken.subject
        email = Self.verifiedEmail(in: documents, notes: &notes)
        try Self.checkDomain(of: email, allowed: configuration.domains)
        displayName = Self.displayName(in: documents) ?? email?.text ?? idToken.subject
        groups = try Self.groups(configuration.groupsClaim, in: documents, notes: &notes)
        mfa = configuration.mfa.isSatisfied(amr: idToken.amr, acr: idToken.acr)
        authTime = idToken.authTime
        amr = idToken.amr
        acr = idToken.acr
        self.notes = notes
    }

    /// Whether the configuration makes this person an administrator; by groups only as this sign-in states them.
    package func isAdministrator(by selectors: [AdminSelector]) -> Bool {
        selectors.contains { selector in
            switch selector {
            case .user(let address): email == address
            case .group(let group): groups?.contains(group) == true
            }
        }
    }

    /// Address and verification come from one document: the first that has both.
    private static func verifiedEmail(in documents: [JSONMembers], notes: inout [String]) -> EmailAddress? {
        for claims in documents {
            guard let text = claims.members["email"]?.stringValue, let verified = claims.members["email_verified"]
            else { continue }
            // Core §5.1 has a boolean; some providers send it as a string.
            guard verified == .bool(true) || verified == .string("true") else {
                notes.append("the e-mail address is not used: email_verified is not true")
                return nil
            }
            guard let address = EmailAddress(text) else {
                notes.append("the e-mail address is not used: \(quoted(text)) is not one")
                return nil
            }
            return address
        }
        if documents.contains(where: { $0.has("email") }) {
            notes.append("the e-mail address is not used: the provider sends no email_verified")
        }
        return nil
    }

    private static func checkDomain(
        of email: EmailAddress?, allowed domains: [DomainName]
    ) throws(IdentityClaimsError) {
        guard !domains.isEmpty else { return }
        guard let email else { throw .emailRequired }
        guard domains.contains(where: { $0.text == email.domain }) else { throw .domainNotAllowed(email.domain) }
    }

    private static func displayName(in documents: [JSONMembers]) -> String? {
        for name in ["name", "preferred_username"] {
            for claims in documents {
                guard let text = claims.members[name]?.stringValue else { continue }
                let visible = text.unicodeScalars.filter {
                    $0.properties.generalCategory != .control && $0.properties.generalCategory != .format
                }
                let words = String(String.UnicodeScalarView(visible)).split(whereSeparator: \.isWhitespace)
                let cleaned = String(words.joined(separator: " ").prefix(128))
                if !cleaned.isEmpty, cleaned.utf8.count <= 1_024 { return cleaned }
            }
        }
        return nil
    }

    private static func groups(
        _ claim: GroupsClaim?, in documents: [JSONMembers], notes: inout [String]
    ) throws(IdentityClaimsError) -> Set<GroupName>? {
        guard let claim else { return [] }
        guard let value = documents.lazy.compactMap({ claim.value(in: $0) }).first(where: { $0 != .null }) else {
            // Core §5.6.2: too many groups for the token are left to another endpoint, which we do not ask.
            let isElsewhere = documents.contains {
                $0.members["_claim_names"]?.objectValue?[claim.topLevelName] != nil
            }
            guard isElsewhere else { return [] }
            notes.append("the groups are not in the token but at another endpoint (_claim_names)")
            return nil
        }
        let elements: [JSON]
        switch value {
        case .string(let one): elements = one.isEmpty ? [] : [.string(one)]
        case .array(let list): elements = list
        default: throw .groupsClaim(claim.text)
        }
        let names = elements.compactMap { $0.stringValue.flatMap(GroupName.init) }
        if names.count < elements.count {
            notes.append("\(elements.count - names.count) values of \(quoted(claim.text)) are not group names; ignored")
        }
        return Set(names)
    }
}
