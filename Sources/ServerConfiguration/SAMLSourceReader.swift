import SAML
import SignedXML
import WebAddresses

/// Reads where a SAML identity provider's description comes from: its metadata, or what the administrator copied.
struct SAMLSourceReader {
    let context: FileContext
    let common: CommonProviderKeys
    /// Also for the signature of metadata.
    let allowsSHA1: Bool

    struct Described {
        let source: SAMLProviderConfiguration.Source
        let entityID: String?
        let metadataCertificates: [[UInt8]]
    }

    static var keys: [String] {
        ["metadata", "metadata_certificates", "entity_id", "sso_url", "slo_url", "certificates"]
    }

    /// Nil where something was reported.
    func source(_ section: Section, _ report: inout Report) -> Described? {
        let entityID = section.node("entity_id").flatMap { node in
            report.value(node, expected: Expected.entityID, Self.parseEntityID)
        }
        let certificates = PinnedCertificates(context: context)
        let signers = section.node("metadata_certificates").flatMap { certificates.read($0, &report) }
        if let node = section.node("metadata") {
            for key in ["sso_url", "slo_url", "certificates"] {
                guard let position = section.keyPosition(key) else { continue }
                report.error(
                    at: position, "\(section.name): \(key) is given beside metadata, which says it already",
                    expected: Expected.either)
            }
            guard let source = readMetadata(node, &report) else { return nil }
            if case .file(let path) = source {
                check(path, at: node.position, entityID: entityID, signers: signers ?? [], &report)
            }
            return Described(source: source, entityID: entityID, metadataCertificates: signers ?? [])
        }
        if let position = section.keyPosition("metadata_certificates") {
            report.error(
                at: position, "\(section.name): metadata_certificates without metadata", expected: Expected.either)
        }
        guard ["entity_id", "sso_url", "slo_url", "certificates"].contains(where: { section.keyPosition($0) != nil })
        else {
            report.error(
                at: section.position, "\(section.name): nothing says who the identity provider is",
                expected: Expected.either)
            return nil
        }
        return inline(section, entityID, certificates, &report)
    }

    private func inline(
        _ section: Section, _ entityID: String?, _ certificates: PinnedCertificates, _ report: inout Report
    ) -> Described? {
        _ = section.required("entity_id", expected: Expected.entityID, &report)
        let ssoURL = section.required("sso_url", expected: common.urlWords, &report)
            .flatMap { report.value($0, expected: common.urlWords, parseURL) }
        let sloURL = section.node("slo_url").flatMap { report.value($0, expected: common.urlWords, parseURL) }
        let pinned = section.required("certificates", expected: PinnedCertificates.expected, &report)
            .flatMap { certificates.read($0, &report) }
        guard let entityID, let ssoURL, let pinned else { return nil }
        return Described(
            source: .inline(entityID: entityID, ssoURL: ssoURL, sloURL: sloURL, certificates: pinned), entityID: nil,
            metadataCertificates: [])
    }

    private func readMetadata(_ node: YAMLNode, _ report: inout Report) -> SAMLProviderConfiguration.Source? {
        let expected = "the path of a metadata file, or \(common.urlWords)"
        guard let text = report.text(node, expected: expected) else { return nil }
        guard text.contains("://") else {
            return report.readableFile(
                node, context, expected: expected, atMost: XMLLimits.metadata.maximumBytes
            ).map { .file(path: $0) }
        }
        return report.value(node, expected: expected, parseURL).map { .url($0) }
    }

    /// The file as the server will read it: what is wrong with it is an error here, what it leaves out a warning.
    private func check(
        _ path: String, at position: Position, entityID: String?, signers: [[UInt8]], _ report: inout Report
    ) {
        guard case .success(let bytes) = context.files.read(path, XMLLimits.metadata.maximumBytes) else { return }
        do throws(IdPMetadataError) {
            let options = IdPMetadata.Options(
                entityID: entityID, signedBy: signers.compactMap { try? PinnedKey(certificate: $0) },
                policy: AlgorithmPolicy(allowsSHA1: allowsSHA1),
                allowPlainHTTPOnLoopback: common.allowPlainHTTPOnLoopback)
            for note in try IdPMetadata.parse(bytes, options: options, now: context.now).notes {
                report.warning(at: position, note)
            }
        } catch { report.error(at: position, error.explanation, found: "\"\(path)\"") }
    }

    private func parseURL(_ text: String) -> EndpointURL? {
        try? EndpointURL(parsing: text, allowPlainHTTPOnLoopback: common.allowPlainHTTPOnLoopback)
    }

    /// A URI of at most 1,024 characters, compared byte for byte. Source: SAML Core §8.3.6.
    private static func parseEntityID(_ text: String) -> String? {
        text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) && text.contains(":") ? text : nil
    }
}

private enum Expected {
    static var entityID: String { "the entity id, a URI, exactly as the identity provider publishes it" }
    static var either: String { "metadata, or entity_id with sso_url and certificates" }
}
