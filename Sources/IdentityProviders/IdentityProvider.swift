package import Identity
package import OpenIDConnect
package import SAML

/// One identity provider of the configuration file, whichever protocol it speaks.
package enum IdentityProvider: Sendable {
    case openIDConnect(ProviderConfiguration)
    case saml(SAMLProviderConfiguration)

    package var id: ProviderID {
        switch self {
        case .openIDConnect(let provider): provider.id
        case .saml(let provider): provider.id
        }
    }

    /// What people see.
    package var name: String {
        switch self {
        case .openIDConnect(let provider): provider.name
        case .saml(let provider): provider.name
        }
    }

    /// Whose people may sign in here; empty means any.
    package var domains: [DomainName] {
        switch self {
        case .openIDConnect(let provider): provider.domains
        case .saml(let provider): provider.domains
        }
    }

    package var admins: [AdminSelector] {
        switch self {
        case .openIDConnect(let provider): provider.admins
        case .saml(let provider): provider.admins
        }
    }

    /// Whether any answer of it would count as a second factor; else a session of it cannot be stepped up.
    package var recognisesSecondFactor: Bool {
        switch self {
        case .openIDConnect(let provider): !provider.mfa.amr.isEmpty || !provider.mfa.acr.isEmpty
        case .saml(let provider): !provider.mfaContexts.isEmpty
        }
    }

    /// The administrator's key that says what counts as a second factor.
    package var secondFactorKey: String {
        switch self {
        case .openIDConnect: "mfa: { amr: [...], acr: [...] }"
        case .saml: "mfa: { authn_context: [...] }"
        }
    }

    /// How its directory comes to us; nil: its people are known by their sign-ins alone.
    package var provisioning: ProvisioningConfiguration? {
        switch self {
        case .openIDConnect(let provider): provider.provisioning
        case .saml(let provider): provider.provisioning
        }
    }
}
