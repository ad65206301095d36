package import Identity

/// One OpenID provider as the administrator configured it: everything about it that is not discovered.
package struct ProviderConfiguration: Sendable {
    /// How we prove to the token endpoint who we are. Source: OpenID Connect Core 1.0 §9.
    package enum TokenEndpointAuthMethod: String, Hashable, Sendable, CaseIterable {
        case clientSecretBasic = "client_secret_basic"
        case clientSecretPost = "client_secret_post"
        /// A public client: PKCE alone protects the code.
        case none
    }

    package var id: ProviderID
    package var name: String
    /// Compared byte for byte with what discovery and ID tokens say.
    package var issuer: String
    package var clientID: String
    package var clientSecret: ClientSecret?
    /// Always asked for with `openid`, which need not be listed.
    package var scopes: [String]
    /// Whose people may sign in here; empty means any. Sub-domains are not included.
    package var domains: [DomainName]
    package var groupsClaim: GroupsClaim?
    package var mfa: MFARule
    package var admins: [AdminSelector]
    /// PEM certificates to trust for this provider instead of the system's.
    package var caFile: String?
    package var allowPrivateAddresses: Bool
    /// For fixtures only.
    package var allowPlainHTTPOnLoopback: Bool
    /// How its directory comes to us by SCIM; nil: not at all.
    package var provisioning: ProvisioningConfiguration?
    package var tokenEndpointAuthMethod: TokenEndpointAuthMethod

    package init(
        id: ProviderID, name: String, issuer: String, clientID: String, clientSecret: ClientSecret? = nil,
        scopes: [String] = ["openid", "profile", "email"], domains: [DomainName] = [],
        groupsClaim: GroupsClaim? = GroupsClaim("groups"), mfa: MFARule = MFARule(), admins: [AdminSelector] = [],
        caFile: String? = nil, allowPrivateAddresses: Bool = false, allowPlainHTTPOnLoopback: Bool = false,
        tokenEndpointAuthMethod: TokenEndpointAuthMethod = .clientSecretBasic
    ) {
        self.id = id
        self.name = name
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.scopes = scopes
        self.domains = domains
        self.groupsClaim = groupsClaim
        self.mfa = mfa
        self.admins = admins
        self.caFile = caFile
        self.allowPrivateAddresses = allowPrivateAddresses
        self.allowPlainHTTPOnLoopback = allowPlainHTTPOnLoopback
        self.tokenEndpointAuthMethod = tokenEndpointAuthMethod
    }

    /// The `scope` parameter: `openid` first, each scope once. Source: OpenID Connect Core 1.0 §3.1.2.1.
    package var scope: String {
        var seen: Set<String> = ["openid"]
        return (["openid"] + scopes.filter { seen.insert($0).inserted }).joined(separator: " ")
    }
}

/// Which sign-ins count as multi-factor: any listed `amr` value, or any listed `acr`.
///
/// Source: OpenID Connect Core 1.0 §2; RFC 8176 §2 (`mfa`).
package struct MFARule: Hashable, Sendable {
    package var amr: Set<String>
    package var acr: Set<String>

    package init(amr: Set<String> = ["mfa"], acr: Set<String> = []) {
        self.amr = amr
        self.acr = acr
    }

    package func isSatisfied(amr values: [String], acr value: String?) -> Bool {
        values.contains(where: amr.contains) || value.map(acr.contains) == true
    }
}
