internal import Cryptography
package import SAML
package import SignedXML
internal import WebAddresses

/// What `check --online` asks of a SAML provider: its metadata and all that is in it, naming the exact step that fails.
package struct SAMLProviderCheck: Sendable {
    private let source: IdPMetadataSource

    package init(
        provider: SAMLProviderConfiguration, fetch: ProviderFetch, workers: XMLWorkers,
        readFile: @escaping @Sendable (_ path: String, _ maximumBytes: Int) throws -> [UInt8]
    ) {
        source = IdPMetadataSource(provider: provider, fetch: fetch, readFile: readFile, workers: workers)
    }

    /// Certificates that end within so many seconds are warned of.
    static let soon = 30 * 86_400

    /// What was found, a line each; the failing step's fault otherwise. `now` in seconds since the epoch.
    package func run(now: Int) async throws(ProviderFault) -> [String] {
        let loaded = try await source.load(now: now).get()
        let description = loaded.description
        var lines = ["metadata: \(origin), entity \(description.entityID)\(validity(description))"]
        if loaded.document != nil {
            lines.append(
                source.provider.metadataCertificates.isEmpty
                    ? "signature: not asked for (metadata_certificates is not given)"
                    : "signature: by a key of metadata_certificates")
        }
        for (name, endpoints) in [
            ("sign-on", description.ssoEndpoints), ("logout", description.sloEndpoints.mapValues(\.location)),
        ] {
            let texts = Binding.allCases.compactMap { binding in
                endpoints[binding].map { "\($0.text) (\(binding.name))" }
            }
            lines.append(
                texts.isEmpty
                    ? "note: the provider has no single \(name): `ztna logout` ends our session only"
                    : "\(name): " + texts.joined(separator: ", "))
        }
        for key in description.signingKeys { lines += certificate(key, now: now) }
        return lines + description.notes.map { "note: \($0)" }
    }

    private var origin: String {
        switch source.provider.source {
        case .inline: "none, the configuration says it all"
        case .file(let path): "read from \(path)"
        case .url(let url): "fetched from \(url.text)"
        }
    }

    private func validity(_ description: IdPDescription) -> String {
        guard case .url = source.provider.source else { return "" }
        let refresh = description.cacheDuration.map { "\($0) s" } ?? "a day"
        let end = description.validUntil.map { ", valid until \(UTCText.text($0))" } ?? ""
        return "\(end), fetched again after \(refresh)"
    }

    private func certificate(_ pinned: PinnedKey, now: Int) -> [String] {
        let days = (pinned.notAfter - now) / 86_400
        let read = try? X509Certificate(der: pinned.certificate)
        let name = read.map { "\($0.subject), \($0.key)" } ?? "SHA-256 \(pinned.fingerprint)"
        let line = "certificate: \(name), until \(UTCText.text(pinned.notAfter))"
        guard now <= pinned.notAfter, pinned.notAfter - now < Self.soon else { return [line] }
        return [line, "warning: this certificate ends in \(days) days; see that its successor is known here in time"]
    }
}

extension ProviderFault {
    /// The step of reading metadata that failed, then why.
    package var metadataExplanation: String {
        switch self {
        case .metadata(let error): "\(error.step): \(error.explanation)"
        default: explanation
        }
    }
}

extension IdPMetadataError {
    fileprivate var step: String {
        switch self {
        case .xml(let error):
            switch error {
            case .tooLarge, .tooDeep, .tooManyElements, .tooManyAttributes, .tooManyNamespaces, .doctype,
                .processingInstruction, .encoding, .malformed:
                "metadata"
            default: "signature"
            }
        case .malformed, .wrongRoot: "metadata"
        case .entity, .noIdentityProvider: "entity"
        case .noSignOnEndpoint: "sign-on"
        case .noUsableKey: "certificates"
        case .expired: "validity"
        }
    }
}

extension Binding {
    /// As the standard's section is called.
    package var name: String {
        switch self {
        case .redirect: "HTTP-Redirect"
        case .post: "HTTP-POST"
        }
    }
}
