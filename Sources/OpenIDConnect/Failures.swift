internal import Identity
package import StrictJSON
package import WebAddresses

// Each error names the rule broken. `explanation` is for the operator's log and the set-up check: what is wrong and what to
// do. People at a browser are told less. Text that a provider chose is quoted, shortened and stripped of controls.

/// Why a provider's metadata was refused.
package enum DiscoveryError: Error, Hashable, Sendable {
    case notJSON(JSONError)
    /// Absent, or of another type than the standard gives it.
    case member(String)
    case wrongIssuer(found: String, expected: String)
    case endpoint(String, EndpointFault)
    case codeFlowNotSupported
    case noUsableAlgorithm

    package var explanation: String {
        switch self {
        case .notJSON(let error):
            "the discovery document is not acceptable JSON (\(describe(error))); is the issuer right, and does it "
                + "answer without a login page or proxy in between?"
        case .member(let name):
            "the discovery document's \(name) is missing or has the wrong type; the provider does not follow OpenID "
                + "Connect Discovery 1.0 §3"
        case .wrongIssuer(let found, let expected):
            "the provider calls itself \(quoted(found)), the configuration says \(quoted(expected)); they must be "
                + "identical to the last character" + issuerHint(found: found, expected: expected)
        case .endpoint(let name, let fault): "\(name) \(fault.explanation)"
        case .codeFlowNotSupported: "the provider does not offer the authorization code flow (response type code)"
        case .noUsableAlgorithm:
            "the provider signs ID tokens with none of \(algorithms); choose one of them for this client at the "
                + "provider"
        }
    }
}

/// Why a provider's key set was refused as a whole.
package enum JSONWebKeySetError: Error, Hashable, Sendable {
    case notAKeySet(JSONError)
    case tooManyKeys(Int)
    case noUsableKey([JSONWebKey.Unusable])

    package var explanation: String {
        switch self {
        case .notAKeySet(let error): "the keys at jwks_uri are not a JWK set (\(describe(error)))"
        case .tooManyKeys(let count):
            "the key set holds \(count) keys; at most \(JSONWebKeySet.maximumKeys) are accepted"
        case .noUsableKey(let reasons):
            "the key set holds no key for verifying signatures"
                + (reasons.isEmpty ? "" : ": " + reasons.prefix(5).map(\.explanation).joined(separator: "; "))
        }
    }
}

extension JSONWebKey.Unusable {
    package var explanation: String {
        switch self {
        case .notAnObject: "a key is not an object"
        case .member(let name): "a key's \(name) is missing or malformed"
        case .type(let type): "key type \(quoted(type)) is not for verifying signatures"
        case .curve(let curve): "curve \(quoted(curve)) is not supported (P-256, P-384, Ed25519 are)"
        case .purpose: "the key is not published for verifying signatures (use, key_ops)"
        case .algorithm(let name): "algorithm \(quoted(name)) is not one of \(algorithms), or does not fit the key"
        case .invalid: "the key is invalid, off its curve, or an RSA key outside 2,048…8,192 bits"
        case .privateKeyPublished: "the provider publishes a PRIVATE key; it is compromised and must be replaced"
        case .duplicateKeyID(let keyID): "two keys have the kid \(quoted(keyID)); neither is used"
        }
    }
}

/// Why an answer at the callback was refused.
package enum AuthorizationResponseError: Error, Hashable, Sendable {
    case malformed
    case repeated(String)
    case tooLong(String)
    case missing(String)
    case codeAndError
    case issuerMissing
    case wrongIssuer(found: String, expected: String)

    package var explanation: String {
        switch self {
        case .malformed: "the callback's query cannot be decoded"
        case .repeated(let name): "the callback's \(name) appears more than once"
        case .tooLong(let name): "the callback's \(name) is longer than 4,096 bytes"
        case .missing(let name): "the callback has no \(name)"
        case .codeAndError: "the callback has both a code and an error"
        case .issuerMissing:
            "the callback has no iss, although the provider says that it sends one: another provider's answer may have "
                + "been mixed in"
        case .wrongIssuer(let found, let expected):
            "the callback is from \(quoted(found)), but \(quoted(expected)) was asked: a mix-up of providers"
        }
    }
}

/// Why the token endpoint gave no usable tokens.
package enum TokenResponseError: Error, Hashable, Sendable {
    case secretMissing
    case notJSON(JSONError)
    case member(String)
    case tokenType(String)
    case refused(String, description: String?)

    package var explanation: String {
        switch self {
        case .secretMissing: "the configured way to authenticate at the token endpoint needs a client secret"
        case .notJSON(let error): "the token endpoint's answer is not acceptable JSON (\(describe(error)))"
        case .member(let name): "the token endpoint's answer has no usable \(name)"
        case .tokenType(let type): "the token type is \(quoted(type)), not Bearer"
        case .refused(let error, let description):
            "the token endpoint refused with \(quoted(error))" + (description.map { ": \(quoted($0))" } ?? "")
                + tokenHint(error)
        }
    }
}

/// Why an ID token was refused.
package enum IDTokenError: Error, Hashable, Sendable {
    case tooLong, malformed, encrypted
    case duplicateClaim(String)
    case headerNotAllowed(String)
    case wrongType(String)
    case algorithmNone
    case algorithmSymmetric(String)
    case algorithmNotAllowed(String)
    /// The set does not have it; nil where the token names none and no key fits.
    case unknownKey(String?)
    case keyAmbiguous
    case keyDoesNotFit(String?, SignatureAlgorithm)
    case keysUnavailable
    case badSignature
    /// Absent, of the wrong type, or outside its limits.
    case claim(String)
    case wrongIssuer(found: String, expected: String)
    case wrongAudience([String])
    case authorizedPartyMissing
    case wrongAuthorizedParty(String)
    case nonceMissing, wrongNonce
    case expired(seconds: Int)
    case notYetValid(seconds: Int)
    /// The provider's clock minus ours, as far as the token shows.
    case clockSkew(seconds: Int)
    case authTimeMissing
    case authenticationTooOld(seconds: Int)
    case wrongAccessTokenHash

    package var explanation: String {
        switch self {
        case .tooLong: "the ID token is longer than \(UnverifiedIDToken.maximumBytes) bytes"
        case .malformed: "the ID token is not a signed JWT"
        case .encrypted: "the ID token is encrypted; switch ID token encryption off for this client at the provider"
        case .duplicateClaim(let name): "the ID token has the claim \(quoted(name)) twice"
        case .headerNotAllowed(let name): "the ID token's header has \(quoted(name)), which is never accepted"
        case .wrongType(let type): "the token's typ is \(quoted(type)): not an ID token"
        case .algorithmNone: "the ID token is not signed (alg none)"
        case .algorithmSymmetric(let name):
            "the ID token is signed with \(quoted(name)), a shared secret; choose RS256 for this client at the provider"
        case .algorithmNotAllowed(let name):
            "the ID token is signed with \(quoted(name)); accepted are \(algorithms)"
        case .unknownKey(let keyID?): "the ID token names the key \(quoted(keyID)), which the provider does not publish"
        case .unknownKey(nil): "the ID token names no key, and no published key fits its algorithm"
        case .keyAmbiguous: "the ID token names no key, and several published keys fit its algorithm"
        case .keyDoesNotFit(let keyID, let algorithm):
            "the key \(keyID.map(quoted) ?? "of the ID token") is not one for \(algorithm.rawValue)"
        case .keysUnavailable: "the provider's keys could not be fetched; see the last fetch's error"
        case .badSignature: "the ID token's signature is wrong"
        case .claim(let name): "the ID token's \(name) is missing or not acceptable"
        case .wrongIssuer(let found, let expected):
            "the ID token is from \(quoted(found)), expected was \(quoted(expected))"
                + issuerHint(found: found, expected: expected)
        case .wrongAudience(let audiences):
            "the ID token is for \(audiences.isEmpty ? "nobody" : quoted(audiences.joined(separator: ", "))), not for "
                + "our client_id; is client_id right?"
        case .authorizedPartyMissing: "the ID token is for several audiences and has no azp that names us"
        case .wrongAuthorizedParty(let party): "the ID token was issued to \(quoted(party)), not to us (azp)"
        case .nonceMissing: "the ID token has no nonce; the provider must return the one that it was sent"
        case .wrongNonce: "the ID token's nonce is another sign-in's"
        case .expired(let seconds): "the ID token expired \(seconds) s ago"
        case .notYetValid(let seconds): "the ID token is valid only in \(seconds) s (nbf)"
        case .clockSkew(let seconds): clockExplanation(seconds)
        case .authTimeMissing:
            "a recent authentication was asked for (max_age), but the ID token does not say when it was (auth_time)"
        case .authenticationTooOld(let seconds):
            "a recent authentication was asked for (max_age), but the person's was \(seconds) s before the request"
        case .wrongAccessTokenHash: "the ID token belongs to another access token (at_hash)"
        }
    }
}

/// Why UserInfo was refused.
package enum UserInfoError: Error, Hashable, Sendable {
    case notJSON(JSONError)
    case subjectMissing
    case wrongSubject

    package var explanation: String {
        switch self {
        case .notJSON(let error):
            "the userinfo answer is not acceptable JSON (\(describe(error))); signed userinfo is not supported"
        case .subjectMissing: "the userinfo answer has no sub"
        case .wrongSubject: "the userinfo answer is about another person than the ID token"
        }
    }
}

/// Why a person whose ID token is valid may not sign in here.
package enum IdentityClaimsError: Error, Hashable, Sendable {
    case emailRequired
    case domainNotAllowed(String)
    case groupsClaim(String)

    package var explanation: String {
        switch self {
        case .emailRequired:
            "this provider is limited to certain domains, and the person has no verified e-mail address "
                + "(email with email_verified true; is the scope email asked for?)"
        case .domainNotAllowed(let domain):
            "the person's domain \(quoted(domain)) is not among the provider's configured domains"
        case .groupsClaim(let name): "the groups claim \(quoted(name)) is neither a list nor a string"
        }
    }
}

private let algorithms = SignatureAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")

private func describe(_ error: JSONError) -> String {
    switch error {
    case .malformed(let offset): "malformed at byte \(offset)"
    case .duplicateName(let name): "\(quoted(name)) appears twice"
    case .tooDeep: "nested too deeply"
    case .tooLong: "too long"
    case .member(let name): "no usable \(name)"
    case .notAnObject: "not an object"
    }
}

private func issuerHint(found: String, expected: String) -> String {
    if found.contains("{") { return "; use the issuer of your own tenant instead of a shared one" }
    if found == expected + "/" || found + "/" == expected { return "; they differ in the last slash only" }
    return ""
}

private func tokenHint(_ error: String) -> String {
    switch error {
    case "invalid_client", "unauthorized_client":
        "; check client_id, the client secret and how the client authenticates"
    case "invalid_grant": "; the code was used, has expired, or the redirect address differs"
    default: ""
    }
}

private func clockExplanation(_ seconds: Int) -> String {
    "the provider's clock is \(seconds.magnitude) s \(seconds < 0 ? "behind" : "ahead of") ours; "
        + "set this server's clock (NTP), or the provider's"
}
