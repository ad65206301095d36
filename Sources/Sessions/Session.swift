package import Identity

/// One person, one sign-in, one device key, one lifetime.
package struct Session: Hashable, Sendable {
    package enum End: String, Hashable, Sendable, CaseIterable {
        case loggedOut = "logged-out"
        case expired
        case administrator
        /// Another session took this device over: a new sign-in, of this person or another.
        case replaced
        /// An old refresh token was used again: somebody has a copy (RFC 9700 §4.14.2).
        case refreshTokenReused = "refresh-token-reused"
        case personInactive = "person-inactive"
        /// Its identity provider said that the person has signed out.
        case identityProvider = "identity-provider"
    }

    package let id: SessionID
    package let person: PersonID
    package let provider: ProviderID
    package let device: DeviceID
    package let createdAt: Int
    package private(set) var expiresAt: Int
    package private(set) var authTime: Int?
    package private(set) var amr: [String]
    package private(set) var acr: String?
    /// When more than one factor was used; nil when the identity provider does not say that it was, or not when: the
    /// person's session there may be days older than the sign-in here.
    package private(set) var mfaAt: Int?
    package private(set) var evidence: SignInEvidence
    /// What its SAML provider's log-out names; nil for other providers.
    package private(set) var principal: SAMLPrincipal?
    /// What its OpenID provider's back-channel log-out may name: `sid`.
    package private(set) var providerSession: String?
    package var refresh: RefreshState?
    package private(set) var endedAt: Int?
    package private(set) var end: End?

    package init(
        id: SessionID, person: PersonID, device: DeviceID, signIn: SignIn, createdAt: Int, lifetime: Int
    ) {
        self.id = id
        self.person = person
        provider = signIn.provider
        self.device = device
        self.createdAt = createdAt
        expiresAt = min(createdAt + lifetime, signIn.validUntil ?? Int.max)
        authTime = signIn.authTime
        amr = signIn.amr
        acr = signIn.acr
        mfaAt = signIn.isMultiFactor ? signIn.authTime : nil
        evidence = signIn.evidence
        principal = signIn.principal
        providerSession = signIn.providerSession
    }

    /// As stored: every field is given.
    package init(
        id: SessionID, person: PersonID, provider: ProviderID, device: DeviceID, createdAt: Int, expiresAt: Int,
        authTime: Int?, amr: [String], acr: String?, mfaAt: Int?, evidence: SignInEvidence,
        principal: SAMLPrincipal?, providerSession: String?, refresh: RefreshState?, endedAt: Int?, end: End?
    ) {
        self.id = id
        self.person = person
        self.provider = provider
        self.device = device
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.authTime = authTime
        self.amr = amr
        self.acr = acr
        self.mfaAt = mfaAt
        self.evidence = evidence
        self.principal = principal
        self.providerSession = providerSession
        self.refresh = refresh
        self.endedAt = endedAt
        self.end = end
    }

    package func isActive(at now: Int) -> Bool { endedAt == nil && now < expiresAt }

    /// Takes a newer sign-in of the same person in: what it says of time and factors counts from now on, and its evidence.
    /// The session and its tokens stay; its end can only come nearer, where the provider says so.
    ///
    /// Of two step-ups at once the newer sign-in counts, whichever comes in last: an older one changes the end alone.
    package mutating func renew(by signIn: SignIn) {
        expiresAt = min(expiresAt, signIn.validUntil ?? Int.max)
        if let authTime, signIn.authTime.map({ $0 < authTime }) ?? true { return }
        authTime = signIn.authTime
        amr = signIn.amr
        acr = signIn.acr
        mfaAt = signIn.isMultiFactor ? signIn.authTime : nil
        evidence = signIn.evidence
        principal = signIn.principal ?? principal
        providerSession = signIn.providerSession ?? providerSession
    }

    /// Ends it once; the first reason stays.
    package mutating func end(_ reason: End, now: Int) {
        guard endedAt == nil else { return }
        endedAt = now
        end = reason
        refresh = nil
    }
}
