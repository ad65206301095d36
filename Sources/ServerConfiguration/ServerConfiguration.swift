package import NetworkAddresses
package import OpenIDConnect
package import WebAddresses

/// What `ztna-server` is told by its `ztna.yaml`, checked whole; all paths are resolved against the file's folder.
package struct ServerConfiguration: Sendable {
    package struct TLSFiles: Hashable, Sendable {
        /// PEM, leaf first.
        package let certificate: String
        /// PEM.
        package let key: String
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
    /// At least one; ids and domains are unique.
    package let providers: [ProviderConfiguration]
    /// Tests and demo only: identity providers on loopback may speak plain HTTP.
    package let plainHTTPOnLoopback: Bool
}

extension ServerConfiguration {
    /// Reads and checks one file, and the files it names. The policy file is only looked for: `PolicyFile` reads it.
    ///
    /// The error holds everything that is wrong, in the order of the file, and no secret.
    package static func load(path: String, files: Files) -> Result<ServerConfiguration, InvalidConfiguration> {
        switch Report.open(path, files) {
        case .failure(let invalid): return .failure(invalid)
        case .success(let opened):
            var reader = ServerFileReader(report: opened.report, context: FileContext(path: path, files: files))
            let configuration = reader.configuration()
            return reader.report.result(configuration)
        }
    }
}
