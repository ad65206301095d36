import OpenIDConnect
import WebAddresses

/// Reads the keys of an identity provider of `type: oidc`.
struct OpenIDProviderReader {
    let context: FileContext

    static var keys: [String] {
        [
            "issuer", "client_id", "client_secret_file", "client_secret_env", "client_secret", "scopes", "groups_claim",
            "mfa", "token_endpoint_auth_method",
        ]
    }

    func provider(
        _ section: Section, _ common: CommonProviderKeys, _ report: inout Report
    ) -> ProviderConfiguration? {
        let issuer = section.required("issuer", expected: common.urlWords, &report)
            .flatMap { readIssuer($0, common, &report) }
        let clientID = section.required("client_id", expected: Expected.clientID, &report)
            .flatMap { report.text($0, expected: Expected.clientID) }
        let method =
            section.node("token_endpoint_auth_method").map { node in
                report.word(
                    node, among: ProviderConfiguration.TokenEndpointAuthMethod.allCases.map { ($0.rawValue, $0) })
            } ?? .clientSecretBasic
        var secrets = ClientSecretReader(report: report, context: context)
        let secret = secrets.secret(
            of: section, isPublicClient: method == ProviderConfiguration.TokenEndpointAuthMethod.none)
        report = secrets.report
        let mfa = section.node("mfa").map { readMFA($0, section.name, &report) } ?? MFARule()
        let scopes = section.node("scopes").map { report.values($0, expected: Expected.scope, Self.parseScope) }
        let groups = section.node("groups_claim").flatMap { node in
            report.value(node, expected: Expected.groupsClaim) { GroupsClaim($0) }
        }
        guard let id = common.id, let name = common.name, let issuer, let clientID, let method else { return nil }
        return ProviderConfiguration(
            id: id, name: name, issuer: issuer, clientID: clientID, clientSecret: secret,
            scopes: scopes ?? ["openid", "profile", "email"], domains: common.domains,
            groupsClaim: groups ?? GroupsClaim("groups"), mfa: mfa, admins: common.admins, caFile: common.caFile,
            allowPrivateAddresses: common.allowPrivateAddresses,
            allowPlainHTTPOnLoopback: common.allowPlainHTTPOnLoopback, tokenEndpointAuthMethod: method)
    }

    private func readIssuer(_ node: YAMLNode, _ common: CommonProviderKeys, _ report: inout Report) -> String? {
        report.value(node, expected: common.urlWords + ", without query or fragment") { text in
            let url = try? EndpointURL(parsing: text, allowPlainHTTPOnLoopback: common.allowPlainHTTPOnLoopback)
            return url.flatMap { $0.hasQuery ? nil : $0.text }
        }
    }

    private func readMFA(_ node: YAMLNode, _ name: String, _ report: inout Report) -> MFARule {
        let elsewhere = ["authn_context": "authn_context is a key of type: saml, and this is type: oidc"]
        guard
            let section = Section(node, name: name + ".mfa", keys: ["amr", "acr"], elsewhere: elsewhere, &report)
        else { return MFARule() }
        var values: [Set<String>] = []
        for key in ["amr", "acr"] {
            values.append(
                Set(section.node(key).map { report.values($0, expected: "a value of \(key)") { $0 } } ?? []))
        }
        if section.node("amr") == nil, section.node("acr") == nil {
            report.error(at: node.position, "mfa names no values", expected: "amr, acr or both")
        }
        return MFARule(amr: values[0], acr: values[1])
    }

    /// Source: RFC 6749 §3.3.
    private static func parseScope(_ text: String) -> String? {
        text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
            ? text : nil
    }
}

private enum Expected {
    static var clientID: String { "the client id that the identity provider gave" }
    static var scope: String { "a scope, such as openid" }
    static var groupsClaim: String { "a claim's name, or a JSON pointer such as /realm_access/roles" }
}
