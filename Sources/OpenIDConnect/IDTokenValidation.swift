internal import Cryptography
internal import Identity
internal import SignedDocuments
internal import StrictJSON

/// What an ID token must say to be the answer to one sign-in. Times are seconds since the epoch.
package struct IDTokenExpectation: Sendable {
    package var issuer: String
    package var clientID: String
    package var nonce: String
    /// When the authorization request was made.
    package var requestedAt: Int
    package var now: Int
    /// Checked against `at_hash` where the token has one.
    package var accessToken: String?
    /// How many seconds before the request the person may have authenticated; then `auth_time` is required. Nil: it is
    /// read where there is one.
    package var maxAge: Int?

    package init(
        issuer: String, clientID: String, nonce: String, requestedAt: Int, now: Int, accessToken: String? = nil,
        maxAge: Int? = nil
    ) {
        self.issuer = issuer
        self.clientID = clientID
        self.nonce = nonce
        self.requestedAt = requestedAt
        self.now = now
        self.accessToken = accessToken
        self.maxAge = maxAge
    }
}

/// ID token validation in full. Source: OpenID Connect Core 1.0 §3.1.3.7 (numbers below are its steps); RFC 8725.
extension UnverifiedIDToken {
    package static let skew = 60
    /// How far before the request a token may be dated: some providers date tokens five minutes back on purpose.
    package static let maximumBackdating = 600

    /// The signature first, so that every later error is about words of the provider; then who, for whom, for which
    /// sign-in; then the times, so that a wrong clock is known to be one.
    package func validated(
        with key: JSONWebKey, against expectation: IDTokenExpectation
    ) throws(IDTokenError) -> ValidatedIDToken {
        let claims = try verifiedClaims(with: key)
        try claims.checkIssuer(expectation.issuer)
        try claims.checkAudience(expectation.clientID)
        try claims.checkNonce(expectation.nonce)
        let subject = try claims.subject()
        let (issuedAt, expiresAt) = try claims.checkedTimes(expectation)
        let authTime = try claims.checkedAuthTime(expectation)
        if let accessToken = expectation.accessToken {
            try claims.checkAccessTokenHash(of: accessToken, algorithm: algorithm)
        }
        return ValidatedIDToken(
            issuer: expectation.issuer, subject: subject, issuedAt: issuedAt, expiresAt: expiresAt,
            authTime: authTime, amr: try claims.amr(), acr: try claims.optionalString("acr"), claims: claims.members,
            text: text)
    }
}

extension UnverifiedIDToken {
    /// 6–8: the signature, by a key that the token names and that fits the algorithm.
    func verifiedClaims(with key: JSONWebKey) throws(IDTokenError) -> IDTokenClaims {
        if let keyID, key.keyID.map({ identical($0, keyID) }) != true { throw .unknownKey(keyID) }
        guard key.fits(algorithm) else { throw .keyDoesNotFit(keyID, algorithm) }
        guard key.isValidSignature(document.signature, for: document.signingInput, algorithm: algorithm) else {
            throw .badSignature
        }
        return try IDTokenClaims(parsing: document.payload)
    }
}

/// The claims of a token whose signature is good, one check a method.
struct IDTokenClaims {
    let members: JSONMembers

    init(parsing payload: [UInt8]) throws(IDTokenError) {
        do { members = try JSONMembers(parsing: payload) } catch {
            if case .duplicateName(let name) = error { throw .duplicateClaim(name) }
            throw .malformed
        }
    }

    /// 2: MUST exactly match.
    func checkIssuer(_ expected: String) throws(IDTokenError) {
        let issuer = try string("iss")
        guard identical(issuer, expected) else { throw .wrongIssuer(found: issuer, expected: expected) }
    }

    /// 3–5: we MUST be listed. Other audiences are trusted only where the provider names us as the authorized party.
    func checkAudience(_ clientID: String) throws(IDTokenError) {
        let audiences: [String]
        switch members.members["aud"] {
        case .string(let one)?: audiences = [one]
        case .array?:
            do { audiences = try members.strings("aud") } catch { throw .claim("aud") }
        default: throw .claim("aud")
        }
        guard audiences.contains(where: { identical($0, clientID) }) else { throw .wrongAudience(audiences) }
        if members.has("azp") {
            let party = try string("azp")
            guard identical(party, clientID) else { throw .wrongAuthorizedParty(party) }
        } else if audiences.count > 1 {
            throw .authorizedPartyMissing
        }
    }

    /// 11: the value that we sent.
    func checkNonce(_ expected: String) throws(IDTokenError) {
        guard members.has("nonce") else { throw .nonceMissing }
        guard constantTimeEqual(Array(try string("nonce").utf8), Array(expected.utf8)) else { throw .wrongNonce }
    }

    /// Core §2: at most 255 ASCII characters.
    func subject() throws(IDTokenError) -> String {
        let subject = try string("sub")
        guard (1...255).contains(subject.utf8.count), subject.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw .claim("sub")
        }
        return subject
    }

    /// 9, 10: `exp`, `iat`, `nbf`. A clock that differs is named before the expiry that it fakes.
    func checkedTimes(_ expectation: IDTokenExpectation) throws(IDTokenError) -> (issuedAt: Int, expiresAt: Int) {
        let now = expectation.now
        let issuedAt = try time("iat")
        let expiresAt = try time("exp")
        guard issuedAt <= now + UnverifiedIDToken.skew,
            issuedAt >= expectation.requestedAt - UnverifiedIDToken.maximumBackdating
        else { throw .clockSkew(seconds: issuedAt - now) }
        guard now < expiresAt + UnverifiedIDToken.skew else { throw .expired(seconds: now - expiresAt) }
        if members.has("nbf") {
            let notBefore = try time("nbf")
            guard notBefore <= now + UnverifiedIDToken.skew else { throw .notYetValid(seconds: notBefore - now) }
        }
        return (issuedAt, expiresAt)
    }

    /// 13: recent enough where we asked for it. Measured from the request: a person who takes long to answer our own
    /// page afterwards has not authenticated any earlier.
    func checkedAuthTime(_ expectation: IDTokenExpectation) throws(IDTokenError) -> Int? {
        // Providers that do not know send 0 or null.
        let isKnown = members.has("auth_time") && members.members["auth_time"] != .null
        let authTime = isKnown ? try time("auth_time") : 0
        guard authTime != 0 else {
            if expectation.maxAge != nil { throw .authTimeMissing }
            return nil
        }
        guard authTime <= expectation.now + UnverifiedIDToken.skew else {
            throw .clockSkew(seconds: authTime - expectation.now)
        }
        if let maxAge = expectation.maxAge {
            let age = expectation.requestedAt - authTime
            guard age - UnverifiedIDToken.skew <= maxAge else { throw .authenticationTooOld(seconds: age) }
        }
        return authTime
    }

    /// Core §3.1.3.6: the left half of the hash of the access token's ASCII characters.
    func checkAccessTokenHash(of accessToken: String, algorithm: SignatureAlgorithm) throws(IDTokenError) {
        guard members.has("at_hash") else { return }
        let hash = algorithm.hash(Array(accessToken.utf8))
        let expected = Base64URL.encode(hash.prefix(hash.count / 2))
        guard constantTimeEqual(Array(try string("at_hash").utf8), Array(expected.utf8)) else {
            throw .wrongAccessTokenHash
        }
    }

    /// A list of strings; one string alone is taken for a list of one, as some providers write it.
    func amr() throws(IDTokenError) -> [String] {
        if let one = members.members["amr"]?.stringValue { return [one] }
        do { return try members.optionalStrings("amr") ?? [] } catch { throw .claim("amr") }
    }

    func optionalString(_ name: String) throws(IDTokenError) -> String? {
        do { return try members.optionalString(name) } catch { throw .claim(name) }
    }

    func string(_ name: String) throws(IDTokenError) -> String {
        do { return try members.string(name) } catch { throw .claim(name) }
    }

    /// A NumericDate, rounded down: may be fractional (RFC 7519 §2); before the year 10000, so sums never overflow.
    private func time(_ name: String) throws(IDTokenError) -> Int {
        guard let value = members.members[name]?.numberValue, (0...253_402_300_799).contains(value) else {
            throw .claim(name)
        }
        return Int(value)
    }
}
