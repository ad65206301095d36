package import Identity

/// What we sent along to the identity provider. Source: DESIGN §3 for the random bytes.
package struct ProviderRedirect: Hashable, Sendable {
    /// What the one protocol needs and the other does not.
    package enum Exchange: Hashable, Sendable {
        /// RFC 7636.
        case openIDConnect(codeVerifier: String)
        /// The request's ID follows from the device and the random bytes.
        case saml
    }

    package var provider: ProviderID
    /// Of OpenID Connect's `state` or SAML's `RelayState`.
    package var stateHash: [UInt8]
    /// What the nonce, or the request's ID, commits to together with the device key.
    package var randomBytes: [UInt8]
    package var exchange: Exchange
    package var requestedAt: Int

    package init(
        provider: ProviderID, stateHash: [UInt8], randomBytes: [UInt8], exchange: Exchange, requestedAt: Int
    ) {
        self.provider = provider
        self.stateHash = stateHash
        self.randomBytes = randomBytes
        self.exchange = exchange
        self.requestedAt = requestedAt
    }
}
