package import Cryptography
package import Identity
package import IdentityProviders
package import NetworkAddresses
package import SAML
package import Sessions

/// What an administrator decided about the gateway; made by the configuration reader, complete and checked.
package struct GatewayConfiguration: Sendable {
    /// The one URL that browsers and devices use, without a trailing slash: also the token issuer.
    package var serverURL: String
    package var organisation: String
    package var providers: [IdentityProvider]
    /// Seconds from sign-in to the end of a session.
    package var sessionLifetime: Int
    /// Proxies whose `X-Forwarded-For` is believed.
    package var trustedProxies: [IPPrefix]
    /// How old the second factor of a person may be who administers over the network, in seconds; nil: it is not asked for.
    package var administratorsMFA: Int?

    package init(
        serverURL: String, organisation: String, providers: [IdentityProvider], sessionLifetime: Int,
        trustedProxies: [IPPrefix], administratorsMFA: Int? = nil
    ) {
        self.serverURL = serverURL
        self.organisation = organisation
        self.providers = providers
        self.sessionLifetime = sessionLifetime
        self.trustedProxies = trustedProxies
        self.administratorsMFA = administratorsMFA
    }

    package func provider(_ id: ProviderID) -> IdentityProvider? { providers.first { $0.id == id } }

    package func samlProvider(_ id: String) -> SAMLProviderConfiguration? {
        guard case .saml(let provider)? = ProviderID(id).flatMap({ self.provider($0) }) else { return nil }
        return provider
    }

    /// The callback that must be registered at the provider.
    package func redirectURI(_ id: ProviderID) -> String { "\(serverURL)/oidc/callback/\(id.text)" }
}

/// Secrets that only this server makes and checks: kept in files of the state directory, or in memory by tests.
package final class GatewaySecrets: Sendable {
    package let refreshTokenKey: SecretBytes
    package let userCodeKey: SecretBytes
    package let userCodeHashKey: SecretBytes
    package let csrfKey: SecretBytes
    package let logoutKey: SecretBytes
    package let cursorKey: SecretBytes

    /// Derives its keys from the 32-byte root, which is wiped.
    package init(taking root: inout [UInt8]) throws(CryptographyError) {
        guard root.count == 32 else { throw .invalidKey }
        func derived(_ label: String, _ root: [UInt8]) throws(CryptographyError) -> SecretBytes {
            var bytes = Digest.hmacSHA256(Array("ztna-gateway-v1 \(label)".utf8), key: root)
            return try SecretBytes(taking: &bytes)
        }
        refreshTokenKey = try derived("refresh-token", root)
        userCodeKey = try derived("user-code-of-sign-in", root)
        userCodeHashKey = try derived("user-code", root)
        csrfKey = try derived("csrf", root)
        logoutKey = try derived("logout", root)
        cursorKey = try derived("scim-cursor", root)
        wipe(&root)
    }

    /// The code of a sign-in, made anew from the sign-in's id whenever a page shows it: it is stored nowhere.
    package func userCode(of signIn: RecordID) -> UserCode {
        userCodeKey.withBytes { key in
            UserCode { number in Digest.hmacSHA256(Array(signIn.text.utf8) + [number], key: key) }
        }
    }

    /// User codes are short: a plain hash of one could be searched, a keyed one cannot.
    func userCodeHash(_ letters: String) -> [UInt8] {
        userCodeHashKey.withBytes { Digest.hmacSHA256(Array(letters.utf8), key: $0) }
    }

    func csrfToken(forCookie cookie: String) -> String {
        Base64URL.encode(csrfKey.withBytes { Digest.hmacSHA256(Array(cookie.utf8), key: $0) })
    }
}
