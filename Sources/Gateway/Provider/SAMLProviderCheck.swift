package import SAML
package import SignedXML

/// What `check --online` asks of a SAML provider: its metadata, read as a sign-in would read it.
package struct SAMLProviderCheck: Sendable {
    private let source: IdPMetadataSource

    package init(
        provider: SAMLProviderConfiguration, fetch: ProviderFetch, workers: XMLWorkers,
        readFile: @escaping @Sendable (_ path: String, _ maximumBytes: Int) throws -> [UInt8]
    ) {
        source = IdPMetadataSource(provider: provider, fetch: fetch, readFile: readFile, workers: workers)
    }

    /// What was found, a line each; the last step's fault otherwise.
    package func run(now: Int) async throws(ProviderFault) -> [String] {
        let idp = try await source.load(now: now).get().description
        guard let signOn = idp.signOn else { throw .saml(.noEndpoint("SingleSignOnService")) }
        var lines = ["metadata: \(idp.entityID), sign-in by \(Self.word(signOn.binding)) at \(signOn.endpoint)"]
        lines.append(
            "keys: \(idp.signingKeys.count): " + idp.signingKeys.map(\.fingerprint).joined(separator: ", "))
        lines.append(
            idp.logout.map { "logout: by \(Self.word($0.binding)) at \($0.endpoint.location)" }
                ?? "note: the provider has no single logout: `ztna logout` ends our session only")
        lines.append(Self.lifetime(of: idp, now: now))
        return lines + idp.notes.map { "note: \($0)" }
    }

    private static func word(_ binding: Binding) -> String {
        switch binding {
        case .redirect: "HTTP-Redirect"
        case .post: "HTTP-POST"
        }
    }

    private static func lifetime(of idp: IdPDescription, now: Int) -> String {
        let refresh = idp.cacheDuration.map { "asked for again after \($0) s" } ?? "asked for again after a day"
        guard let validUntil = idp.validUntil else { return "metadata: just read, valid without end, \(refresh)" }
        return "metadata: just read, valid for \((validUntil - now) / 3600) h more, \(refresh)"
    }
}
