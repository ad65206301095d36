internal import StrictJSON

/// A logout token taken apart and not yet verified: a provider's word, sent without a browser, that somebody's sign-in is
/// over. Source: OpenID Connect Back-Channel Logout 1.0 §2.4.
package struct UnverifiedLogoutToken: Sendable {
    /// What finds the key.
    package let token: UnverifiedIDToken

    /// Errors: as of an ID token. `typ` is `logout+jwt` where a provider follows §2.4; many send `JWT` or none.
    package init(parsing text: String) throws(IDTokenError) {
        token = try UnverifiedIDToken(parsing: text, types: ["logout+jwt", "jwt"])
    }

    /// Source: OpenID Connect Back-Channel Logout 1.0 §2.6. An ID token is none of these: it has a nonce and no event.
    package func validated(
        with key: JSONWebKey, issuer: String, clientID: String, now: Int
    ) throws(IDTokenError) -> ValidatedLogoutToken {
        let claims = try token.verifiedClaims(with: key)
        try claims.checkIssuer(issuer)
        try claims.checkAudience(clientID)
        _ = try claims.checkedTimes(
            IDTokenExpectation(issuer: issuer, clientID: clientID, nonce: "", requestedAt: now, now: now))
        guard let events = claims.members.members["events"]?.objectValue,
            events["http://schemas.openid.net/event/backchannel-logout"]?.objectValue != nil
        else { throw .claim("events") }
        guard !claims.members.has("nonce") else { throw .claim("nonce") }
        let subject = claims.members.has("sub") ? try claims.subject() : nil
        let session = try claims.optionalString("sid")
        guard subject != nil || session?.isEmpty == false else { throw .claim("sub") }
        let id = try claims.string("jti")
        guard (1...1024).contains(id.utf8.count), (session?.utf8.count ?? 0) <= 1024 else { throw .claim("jti") }
        return ValidatedLogoutToken(id: id, subject: subject, session: session)
    }
}

/// A logout token that passed every check but one: whether it was used before.
package struct ValidatedLogoutToken: Hashable, Sendable {
    /// Seconds after which a token is refused for its age.
    package static let lifetime = UnverifiedIDToken.maximumBackdating + 2 * UnverifiedIDToken.skew

    /// `jti`: used once.
    package let id: String
    /// All sessions of this person, unless `session` is given too.
    package let subject: String?
    /// The provider's own session, as the ID token's `sid` named it.
    package let session: String?
}
