package import OpenIDConnect

/// What `check --online` asks of a provider: discovery and keys, naming the exact step that fails.
package struct ProviderCheck: Sendable {
    private let provider: ProviderConfiguration
    private let fetch: ProviderFetch

    package init(provider: ProviderConfiguration, fetch: ProviderFetch) {
        self.provider = provider
        self.fetch = fetch
    }

    /// What was found, a line each; the last step's fault otherwise.
    package func run() async throws(ProviderFault) -> [String] {
        let requests = ProviderRequests(provider: provider, fetch: fetch)
        let metadata = try await requests.metadata().get()
        var lines = ["discovery: issuer matches, authorization endpoint \(metadata.authorizationEndpoint)"]
        let keys = try await requests.keys(at: metadata.jwksURI).get()
        lines.append("keys: \(keys.keys.count) usable, \(keys.skipped.count) skipped")
        if let methods = metadata.codeChallengeMethodsSupported, !methods.contains("S256") {
            lines.append("note: the provider does not announce PKCE with S256; we send it all the same")
        }
        if !metadata.authorizationResponseIssParameterSupported {
            lines.append(
                "note: the provider does not announce RFC 9207; mix-up defence rests on one callback per provider")
        }
        return lines
    }
}
