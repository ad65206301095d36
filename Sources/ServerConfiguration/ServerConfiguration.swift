package import Audit
package import IdentityProviders
package import NetworkAddresses
package import SAML
package import WebAddresses

/// What `ztna-server` is told by its `ztna.yaml`, checked whole; all paths are resolved against the file's folder.
package struct ServerConfiguration: Sendable {
    package struct TLSFiles: Hashable, Sendable {
        /// PEM, leaf first.
        package let certificate: String
        /// PEM.
        package let key: String
    }

    /// The server's own key towards SAML identity providers.
    package struct SAMLKeyFiles: Hashable, Sendable {
        /// PEM, RSA, not encrypted.
        package let key: String
        /// PEM; speaks of that key.
        package let certificate: String
    }

    /// What people and devices use, without a path or a final slash; `http` only on a loopback address.
    package let url: EndpointURL
    package let listen: Endpoint
    /// Nil only where `listen` is a loopback address.
    package let tls: TLSFiles?
    /// Whose `X-Forwarded-For` is believed.
    package let trustedProxies: [IPPrefix]
    package let organisation: String
    package let stateDirectory: String
    package let policyFile: String
    /// Overlay addresses: a private IPv4 range.
    package let overlayIPv4: IPPrefix
    /// A unique local IPv6 range; nil: made at first start.
    package let overlayIPv6: IPPrefix?
    package let sessionLifetime: Duration
    package let nodeAuthorizationLifetime: Duration
    /// How old the second factor of an administrator may be who comes over the network; nil: it is not asked for.
    package let administratorsMFA: Duration?
    /// A MaxMind DB that tells the country of an address; without one, rules that ask for countries hold for nobody.
    package let placesDatabase: String?
    /// At least one; ids and domains are unique.
    package let providers: [IdentityProvider]
    /// Nil: made at first start.
    package let samlKey: SAMLKeyFiles?
    package let audit: AuditConfiguration
    /// Tests and demo only: identity providers on loopback may speak plain HTTP.
    package let plainHTTPOnLoopback: Bool
    /// What works and should not stay as it is; in the order of the file.
    package internal(set) var warnings: [Diagnostic] = []
}

extension ServerConfiguration {
    /// Those of `providers` that speak SAML.
    package var samlProviders: [SAMLProviderConfiguration] {
        providers.compactMap { if case .saml(let provider) = $0 { provider } else { nil } }
    }

    /// Reads and checks one file, and the files it names. The policy file is only looked for: `PolicyFile` reads it.
    ///
    /// `now` is in seconds since the epoch: certificates expire. The error holds everything that is wrong, in the order
    /// of the file, and no secret.
    package static func load(
        path: String, files: Files, now: Int
    ) -> Result<ServerConfiguration, InvalidConfiguration> {
        switch Report.open(path, files) {
        case .failure(let invalid): return .failure(invalid)
        case .success(let opened):
            var reader = ServerFileReader(
                report: opened.report, context: FileContext(path: path, files: files, now: now))
            var configuration = reader.configuration()
            configuration?.warnings = reader.report.warnings
            return reader.report.result(configuration)
        }
    }
}
