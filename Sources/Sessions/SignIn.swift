package import Identity

/// A sign-in that its identity provider vouched for, verified in full; not yet anybody's session.
package struct SignIn: Hashable, Sendable {
    package var provider: ProviderID
    package var subject: String
    /// Another stable name that the provider's directory may use: OIDC `oid`.
    package var directoryID: String?
    package var email: EmailAddress?
    package var displayName: String
    /// Nil: the provider has them, but did not say which, because there are too many: none of them counts.
    package var groups: Set<GroupName>?
    package var authTime: Int?
    package var amr: [String]
    package var acr: String?
    package var isMultiFactor: Bool
    package var evidence: SignInEvidence
    /// No session from this sign-in outlives it: SAML's `SessionNotOnOrAfter`. Nil: the provider set no end.
    package var validUntil: Int?
    /// What a SAML provider's log-out will name.
    package var principal: SAMLPrincipal?
    /// The provider's own session, which its back-channel log-out may name: OIDC `sid`.
    package var providerSession: String?

    package init(
        provider: ProviderID, subject: String, directoryID: String? = nil, email: EmailAddress?, displayName: String,
        groups: Set<GroupName>?, authTime: Int?, amr: [String], acr: String?, isMultiFactor: Bool,
        evidence: SignInEvidence,
        validUntil: Int? = nil, principal: SAMLPrincipal? = nil, providerSession: String? = nil
    ) {
        self.provider = provider
        self.subject = subject
        self.directoryID = directoryID
        self.email = email
        self.displayName = displayName
        self.groups = groups
        self.authTime = authTime
        self.amr = amr
        self.acr = acr
        self.isMultiFactor = isMultiFactor
        self.evidence = evidence
        self.validUntil = validUntil
        self.principal = principal
        self.providerSession = providerSession
    }
}

/// The provider's signed word that this person signed in for this device key, and the random bytes that it commits to
/// by its nonce or its `InResponseTo`. Anyone who trusts the provider can check it. Source: DESIGN §3.
package struct SignInEvidence: Hashable, Sendable {
    package enum Statement: Hashable, Sendable {
        /// In compact form.
        case idToken(String)
        /// The canonical XML that the provider's signature covers, and the signature, as received.
        case saml(String)
    }

    package var statement: Statement
    package var randomBytes: [UInt8]

    package init(_ statement: Statement, randomBytes: [UInt8]) {
        self.statement = statement
        self.randomBytes = randomBytes
    }
}

/// Whom a SAML provider means, in the names that its log-out uses. Source: SAML Core §2.2.2, §2.7.2, §3.7.1.
package struct SAMLPrincipal: Hashable, Sendable {
    package var nameID: String
    package var format: String?
    package var nameQualifier: String?
    package var spNameQualifier: String?
    /// Nil where the provider gave none.
    package var sessionIndex: String?

    package init(
        nameID: String, format: String?, nameQualifier: String?, spNameQualifier: String?, sessionIndex: String?
    ) {
        self.nameID = nameID
        self.format = format
        self.nameQualifier = nameQualifier
        self.spNameQualifier = spNameQualifier
        self.sessionIndex = sessionIndex
    }
}
