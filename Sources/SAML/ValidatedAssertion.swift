/// What the provider said about a person, in answer to this browser's request: signed, in time, for us.
///
/// Only ``ResponseValidation`` makes one. It still must be used only once: ask the store about `replayKey` first.
package struct ValidatedAssertion: Sendable {
    package let id: String
    /// The provider's entity ID.
    package let issuer: String
    package let nameID: NameID?
    package let attributes: [SAMLAttribute]
    /// When the person authenticated, in seconds since the epoch.
    package let authnInstant: Int
    /// Usually one.
    package let authnContexts: [String]
    /// What single logout names this session by.
    package let sessionIndex: String?
    /// When our session must end at the latest.
    package let sessionNotOnOrAfter: Int?
    /// The committing request ID that the signature covers.
    package let requestID: String
    package let replayKey: ReplayKey
    package let evidence: SignInEvidence
    package let responseWasSigned: Bool
    package let assertionWasSigned: Bool
    package let wasEncrypted: Bool
    /// An administrator allows it; log a warning.
    package let usedSHA1: Bool
}

/// What the store remembers of an assertion, so that nobody uses it again.
///
/// Source: SAML Profiles 2.0 §4.1.4.5.
package struct ReplayKey: Hashable, Sendable {
    /// IDs are unique at one issuer only.
    package let issuer: String
    package let assertionID: String
    /// From then on the assertion would be refused anyway; seconds since the epoch.
    package let until: Int
}

/// An assertion that answers no request: a person who came from the provider's portal. It makes no session and enrols no
/// device; it may be greeted, and shown where to begin.
package struct UnsolicitedAssertion: Sendable {
    package let issuer: String
    package let replayKey: ReplayKey
    /// An administrator allows it; log a warning.
    package let usedSHA1: Bool
}
