package import WebAddresses

/// The address that a browser is sent to for signing in: authorization code flow with PKCE.
///
/// Source: OpenID Connect Core 1.0 §3.1.2.1; RFC 6749 §4.1.1; RFC 7636 §4.3.
package struct AuthorizationRequest: Hashable, Sendable {
    /// What the provider must show, where we insist. Source: OpenID Connect Core 1.0 §3.1.2.1.
    package enum Prompt: String, Hashable, Sendable {
        case login, consent
        case selectAccount = "select_account"
    }

    package var clientID: String
    package var redirectURI: String
    package var scope: String
    /// One use, 256 random bits, bound to the browser by a cookie.
    package var state: String
    package var nonce: String
    package var codeChallenge: String
    /// Seconds since the person last authenticated; 0 asks for a new authentication (step-up). Any value asks the provider to
    /// say when that was.
    package var maxAge: Int?
    package var acrValues: [String]
    package var prompt: Prompt?
    package var loginHint: String?

    package init(
        clientID: String, redirectURI: String, scope: String, state: String, nonce: CommittingNonce,
        proofKey: ProofKey, maxAge: Int? = nil, acrValues: [String] = [], prompt: Prompt? = nil,
        loginHint: String? = nil
    ) {
        self.clientID = clientID
        self.redirectURI = redirectURI
        self.scope = scope
        self.state = state
        self.nonce = nonce.text
        codeChallenge = proofKey.challenge
        self.maxAge = maxAge
        self.acrValues = acrValues
        self.prompt = prompt
        self.loginHint = loginHint
    }

    /// RFC 6749 §3.1: a query that the endpoint already has MUST be retained.
    package func url(at endpoint: EndpointURL) -> String {
        var items: [FormEncoding.Item] = [
            ("response_type", "code"), ("client_id", clientID), ("redirect_uri", redirectURI), ("scope", scope),
            ("state", state), ("nonce", nonce), ("code_challenge", codeChallenge), ("code_challenge_method", "S256"),
        ]
        if let maxAge { items.append(("max_age", String(maxAge))) }
        if !acrValues.isEmpty { items.append(("acr_values", acrValues.joined(separator: " "))) }
        if let prompt { items.append(("prompt", prompt.rawValue)) }
        if let loginHint { items.append(("login_hint", loginHint)) }
        let separator =
            switch (endpoint.hasQuery, endpoint.text.utf8.last) {
            case (false, _): "?"
            case (true, UInt8(ascii: "?")), (true, UInt8(ascii: "&")): ""
            case (true, _): "&"
            }
        return endpoint.text + separator + FormEncoding.encode(items)
    }
}
