import SAML

/// Reads the keys of an identity provider of `type: saml`.
struct SAMLProviderReader {
    let context: FileContext

    static var keys: [String] {
        SAMLSourceReader.keys + [
            "name_id_format", "attributes", "mfa", "require_encrypted_assertions", "allow_cbc", "allow_sha1",
            "idp_initiated",
        ]
    }

    func provider(
        _ section: Section, _ common: CommonProviderKeys, _ report: inout Report
    ) -> SAMLProviderConfiguration? {
        let allowsSHA1 = section.node("allow_sha1").flatMap { report.bool($0) } ?? false
        let source = SAMLSourceReader(context: context, common: common, allowsSHA1: allowsSHA1)
            .source(section, &report)
        let nameIDFormat = section.node("name_id_format").flatMap { readNameIDFormat($0, &report) }
        let attributes = section.node("attributes").map { readAttributes($0, section.name, &report) }
        let mfa = section.node("mfa").flatMap { readMFA($0, section.name, &report) }
        let encrypted = section.node("require_encrypted_assertions").flatMap { report.bool($0) } ?? false
        let allowsCBC = section.node("allow_cbc").flatMap { report.bool($0) }
        let greets = section.node("idp_initiated")
            .flatMap { report.word($0, among: [("refuse", false), ("greet", true)]) }
        if allowsCBC == true, let position = section.keyPosition("allow_cbc") {
            report.warning(
                at: position,
                "\(section.name): assertions encrypted with AES-CBC are accepted; have the identity provider use AES-GCM "
                    + "and set this to false")
        }
        if allowsSHA1, let position = section.keyPosition("allow_sha1") {
            report.warning(
                at: position,
                "\(section.name): signatures with SHA-1 are accepted, which can be forged; have the identity provider use "
                    + "SHA-256 and remove this")
        }
        guard let id = common.id, let name = common.name, let source else { return nil }
        return SAMLProviderConfiguration(
            id: id, name: name, source: source.source, entityID: source.entityID,
            metadataCertificates: source.metadataCertificates, nameIDFormat: nameIDFormat,
            attributes: attributes ?? AttributeMap(),
            mfaContexts: mfa ?? SAMLProviderConfiguration.commonMFAContexts, requiresEncryptedAssertions: encrypted,
            allowsCBC: allowsCBC ?? true, allowsSHA1: allowsSHA1, greetsUnsolicited: greets ?? false,
            domains: common.domains, admins: common.admins, caFile: common.caFile,
            allowPrivateAddresses: common.allowPrivateAddresses,
            allowPlainHTTPOnLoopback: common.allowPlainHTTPOnLoopback)
    }

    /// Source: SAML Core §8.3.
    private static var nameIDFormats: [(String, String)] {
        [
            ("persistent", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
            ("transient", "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"),
            ("emailAddress", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"),
            ("unspecified", "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"),
        ]
    }

    private func readNameIDFormat(_ node: YAMLNode, _ report: inout Report) -> String? {
        if case .scalar(let text, _) = node.content, text.hasPrefix("urn:") {
            return report.value(node, expected: "a URN") { text in
                text.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? text : nil
            }
        }
        return report.word(node, among: Self.nameIDFormats)
    }

    /// What is not given keeps its default.
    private func readAttributes(_ node: YAMLNode, _ name: String, _ report: inout Report) -> AttributeMap {
        var map = AttributeMap()
        let keys: [(String, WritableKeyPath<AttributeMap, [String]>)] = [
            ("email", \.email), ("display_name", \.displayName), ("groups", \.groups), ("stable_id", \.stableID),
        ]
        guard let section = Section(node, name: name + ".attributes", keys: keys.map(\.0), &report) else { return map }
        for (key, path) in keys {
            guard let node = section.node(key) else { continue }
            map[keyPath: path] = report.values(node, expected: "the Name or FriendlyName of an attribute") { $0 }
        }
        return map
    }

    private func readMFA(_ node: YAMLNode, _ name: String, _ report: inout Report) -> Set<String>? {
        let elsewhere = Dictionary(
            uniqueKeysWithValues: ["amr", "acr"].map { ($0, "\($0) is a key of type: oidc, and this is type: saml") })
        let expected = "an AuthnContextClassRef, such as https://refeds.org/profile/mfa"
        guard
            let section = Section(
                node, name: name + ".mfa", keys: ["authn_context"], elsewhere: elsewhere, &report),
            let values = section.required("authn_context", expected: expected, &report)
        else { return nil }
        return Set(report.values(values, expected: expected) { $0 })
    }
}
