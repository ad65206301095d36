package import Identity

/// What a `ztna login --step-up` renews: one open session, which stays the same session of the same person.
///
/// Source: RFC 9470 §1 (step-up); OpenID Connect Core 1.0 §3.1.2.1 (`max_age`); SAML Core 2.0 §3.4.1 (`ForceAuthn`).
package struct Renewal: Hashable, Sendable {
    package var session: SessionID
    package var person: PersonID
    /// Only where the session's sign-in was made can it be renewed.
    package var provider: ProviderID
    /// What the evidence calls the person.
    package var label: String

    package init(session: SessionID, person: PersonID, provider: ProviderID, label: String) {
        self.session = session
        self.person = person
        self.provider = provider
        self.label = label
    }

    package init(_ session: Session, label: String) {
        self.init(session: session.id, person: session.person, provider: session.provider, label: label)
    }
}

/// Why a sign-in was not renewed. Its raw value is the name that the device and the log are told.
package enum RenewalRefusal: String, Error, Hashable, Sendable, CaseIterable {
    /// Somebody else came back from the identity provider.
    case anotherPerson = "another-person"
    /// The provider did not ask the person anew.
    case notRecent = "not-recent"
    /// The provider does not say when the person authenticated.
    case timeUnknown = "time-unknown"
    /// The provider does not say that there was a second factor, in the words that the configuration counts.
    case noSecondFactor = "no-second-factor"
    /// The session ended meanwhile.
    case sessionOver = "session-over"

    /// For the person's terminal: what happened and what to do.
    package var explanation: String {
        switch self {
        case .anotherPerson:
            "somebody else came back from the identity provider than the person of this session; to change the person: ztna login --force"
        case .notRecent:
            "the identity provider did not ask for a new sign-in (its answer is an old one); tell your administrator"
        case .timeUnknown:
            "the identity provider does not say when you signed in (auth_time); tell your administrator"
        case .noSecondFactor:
            "the identity provider did not say that a second factor was used; use one there, or tell your administrator (mfa)"
        case .sessionOver: "the session that was to be renewed is over: run ztna login"
        }
    }
}
