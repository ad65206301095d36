package import Identity

/// What a validated assertion says about the person, in the words of this organisation's configuration.
package struct SAMLIdentity: Sendable {
    package let provider: ProviderID
    /// The stable-id attribute where the assertion has one, else the NameID; 1…256 bytes, compared byte for byte.
    package let subject: String
    package let email: EmailAddress?
    /// Never empty, no control characters, at most 128 characters.
    package let displayName: String
    /// Empty where the provider names none. Nil: it sends a link in their place, so which they are is not known.
    package let groups: Set<GroupName>?
    /// Whether one of the configured contexts was used.
    package let mfa: Bool
    package let authTime: Int
    /// What Microsoft's providers say of the methods used, beside the context.
    package let amr: [String]
    /// The AuthnContextClassRef.
    package let acr: String?
    /// What was left out and why, for the operator's log.
    package let notes: [String]

    /// Errors: `noStableID`, `wrongDomain`.
    package init(
        assertion: ValidatedAssertion, configuration: SAMLProviderConfiguration
    ) throws(SAMLError) {
        let map = configuration.attributes
        let attributes = StatedAttributes(assertion.attributes)
        var notes: [String] = []
        provider = configuration.id
        subject = try Self.subject(assertion.nameID, attributes, map)
        email = Self.email(assertion.nameID, attributes, map, notes: &notes)
        try Self.checkDomain(of: email, allowed: configuration.domains)
        displayName =
            Self.displayName(attributes, map) ?? email?.text ?? String(subject.prefix(Self.maximumNameCharacters))
        groups = Self.groups(attributes, map, notes: &notes)
        amr = attributes.values(of: ["http://schemas.microsoft.com/claims/authnmethodsreferences"]) ?? []
        acr = assertion.authnContexts.first
        mfa = (assertion.authnContexts + amr).contains { said in
            configuration.mfaContexts.contains { identical($0, said) }
        }
        authTime = assertion.authnInstant
        if assertion.usedSHA1 { notes.append("the provider signed with SHA-1, which allow_sha1 permits") }
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

    private static let maximumNameCharacters = 128

    private static func subject(
        _ nameID: NameID?, _ attributes: StatedAttributes, _ map: AttributeMap
    ) throws(SAMLError) -> String {
        if let values = attributes.values(of: map.stableID) {
            guard values.count == 1, let value = values.first, NameID.isAcceptable(value) else { throw .noStableID }
            return value
        }
        // Who is named by a configured attribute is never named by anything else: it could be another person's value.
        guard map.mayUseNameID, let nameID, !nameID.isTransient else { throw .noStableID }
        return nameID.text
    }

    private static func email(
        _ nameID: NameID?, _ attributes: StatedAttributes, _ map: AttributeMap, notes: inout [String]
    ) -> EmailAddress? {
        if let values = attributes.values(of: map.email), let first = values.first {
            guard let address = EmailAddress(first) else {
                notes.append("the e-mail address is not used: \(quoted(first)) is not one")
                return nil
            }
            if values.count > 1 { notes.append("of \(values.count) e-mail addresses the first is used") }
            return address
        }
        return nameID.flatMap { $0.isEmail ? EmailAddress($0.text) : nil }
    }

    private static func checkDomain(of email: EmailAddress?, allowed domains: [DomainName]) throws(SAMLError) {
        guard !domains.isEmpty else { return }
        guard let email, domains.contains(where: { $0.text == email.domain }) else {
            throw .wrongDomain(email?.domain)
        }
    }

    /// The mapped attribute, else given name and surname.
    private static func displayName(_ attributes: StatedAttributes, _ map: AttributeMap) -> String? {
        if let name = attributes.values(of: map.displayName)?.lazy.compactMap(cleaned).first { return name }
        let given = attributes.values(of: AttributeMap.commonGivenName)?.first ?? ""
        let surname = attributes.values(of: AttributeMap.commonSurname)?.first ?? ""
        return cleaned(given + " " + surname)
    }

    private static func cleaned(_ text: String) -> String? {
        let visible = text.unicodeScalars.filter {
            $0.properties.generalCategory != .control && $0.properties.generalCategory != .format
        }
        let words = String(String.UnicodeScalarView(visible)).split(whereSeparator: \.isWhitespace)
        let cleaned = String(words.joined(separator: " ").prefix(maximumNameCharacters))
        return !cleaned.isEmpty && cleaned.utf8.count <= 1_024 ? cleaned : nil
    }

    private static func groups(
        _ attributes: StatedAttributes, _ map: AttributeMap, notes: inout [String]
    ) -> Set<GroupName>? {
        let values = attributes.values(of: map.groups) ?? []
        // Entra ID: past 150 groups it sends an address where to ask for them, which we do not.
        if values.isEmpty, attributes.values(of: ["http://schemas.microsoft.com/claims/groups.link"]) != nil {
            notes.append("the groups are not in the assertion but at another endpoint (groups.link)")
            return nil
        }
        let names = values.compactMap(GroupName.init)
        if names.count < values.count {
            notes.append("\(values.count - names.count) values of the groups attribute are not group names; ignored")
        }
        return Set(names)
    }
}

/// An assertion's attributes by name, repeated ones together. Source: SAML Core 2.0 §2.7.3.1.
private struct StatedAttributes {
    private let attributes: [SAMLAttribute]

    init(_ attributes: [SAMLAttribute]) { self.attributes = attributes }

    /// All values of the first of `names` that the assertion has: by `Name`, and only where no `Name` is so by
    /// `FriendlyName`. Nil when it has none of them.
    func values(of names: [String]) -> [String]? {
        for name in names {
            let named = attributes.filter { identical($0.name, name) }
            let found =
                named.isEmpty ? attributes.filter { $0.friendlyName.map { identical($0, name) } ?? false } : named
            if !found.isEmpty { return found.flatMap(\.values) }
        }
        return nil
    }
}
