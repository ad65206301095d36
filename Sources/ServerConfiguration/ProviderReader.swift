import Identity
import OpenIDConnect
import WebAddresses

/// Reads the list of identity providers; ids and domains must not repeat.
struct ProviderReader {
    var report: Report
    private let context: FileContext
    private let plainHTTPOnLoopback: Bool
    private var ids: [ProviderID: Position] = [:]
    private var domains: [DomainName: (provider: String, position: Position)] = [:]
    private var openToAny: [Position] = []

    init(report: Report, context: FileContext, plainHTTPOnLoopback: Bool) {
        self.report = report
        self.context = context
        self.plainHTTPOnLoopback = plainHTTPOnLoopback
    }

    private static var keys: [String] {
        [
            "id", "name", "type", "issuer", "client_id", "client_secret_file", "client_secret_env", "client_secret",
            "scopes", "domains", "groups_claim", "mfa", "admins", "ca_file", "allow_private_addresses",
            "token_endpoint_auth_method",
        ]
    }

    mutating func providers(_ nodes: [YAMLNode]) -> [ProviderConfiguration] {
        let providers = nodes.enumerated().compactMap { readProvider($1, "identity_providers[\($0)]") }
        for position in openToAny where nodes.count > 1 {
            report.error(
                at: position, "domains: \"*\" overlaps with every other identity provider",
                expected: "the domains of this provider's people")
        }
        return providers
    }

    private mutating func readProvider(_ node: YAMLNode, _ name: String) -> ProviderConfiguration? {
        guard let section = Section(node, name: name, keys: Self.keys, &report) else { return nil }
        let id = section.required("id", expected: Expected.id, &report).flatMap { readID($0) }
        let display = section.required("name", expected: Expected.name, &report)
            .flatMap { report.text($0, expected: Expected.name) }
        if let type = section.required("type", expected: "oidc", &report) {
            _ = report.word(type, among: [("oidc", ())])
        }
        let issuer = section.required("issuer", expected: issuerWords, &report).flatMap { readIssuer($0) }
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
        let domains = readDomains(section, name: id?.text ?? name)
        let caFile = section.node("ca_file").flatMap { report.readableFile($0, context, expected: Expected.pem) }
        let privateAddresses = section.node("allow_private_addresses").flatMap { report.bool($0) } ?? false
        let mfa = section.node("mfa").map { readMFA($0, name) } ?? MFARule()
        let scopes = section.node("scopes").map { report.values($0, expected: Expected.scope, Self.parseScope) }
        let groups = section.node("groups_claim").flatMap { node in
            report.value(node, expected: Expected.groupsClaim) { GroupsClaim($0) }
        }
        let admins = section.node("admins").map { report.values($0, expected: Expected.admin, Self.parseAdmin) } ?? []
        guard let id, let display, let issuer, let clientID, let method else { return nil }
        return ProviderConfiguration(
            id: id, name: display, issuer: issuer, clientID: clientID, clientSecret: secret,
            scopes: scopes ?? ["openid", "profile", "email"], domains: domains,
            groupsClaim: groups ?? GroupsClaim("groups"), mfa: mfa, admins: admins, caFile: caFile,
            allowPrivateAddresses: privateAddresses, allowPlainHTTPOnLoopback: plainHTTPOnLoopback,
            tokenEndpointAuthMethod: method)
    }

    private mutating func readID(_ node: YAMLNode) -> ProviderID? {
        guard let id = report.value(node, expected: Expected.id, { ProviderID($0) }) else { return nil }
        if let first = ids[id] {
            report.error(
                at: node.position, "the id \"\(id)\" is used twice; it was first on line \(first.line)")
            return nil
        }
        ids[id] = node.position
        return id
    }

    private var issuerWords: String {
        plainHTTPOnLoopback ? "an https URL, or an http URL of a loopback address" : "an https URL"
    }

    private mutating func readIssuer(_ node: YAMLNode) -> String? {
        let plain = plainHTTPOnLoopback
        return report.value(node, expected: issuerWords + ", without query or fragment") { text in
            let url = try? EndpointURL(parsing: text, allowPlainHTTPOnLoopback: plain)
            return url.flatMap { $0.hasQuery ? nil : $0.text }
        }
    }

    /// Empty means any domain, and must be asked for with `"*"`.
    private mutating func readDomains(_ section: Section, name: String) -> [DomainName] {
        guard let node = section.required("domains", expected: Expected.domains, &report) else { return [] }
        var result: [DomainName] = []
        let elements = report.elements(node, expected: Expected.domains)
        for element in elements {
            if elements.count == 1, case .scalar("*", _) = element.content {
                openToAny.append(element.position)
                return []
            }
            guard let domain = report.value(element, expected: Expected.domains, { DomainName($0) }) else { continue }
            if let other = domains[domain] {
                report.error(
                    at: element.position,
                    "the domain \(domain) is already given to \(other.provider) on line "
                        + "\(other.position.line); one domain has one identity provider")
                continue
            }
            domains[domain] = (name, element.position)
            result.append(domain)
        }
        return result
    }

    private mutating func readMFA(_ node: YAMLNode, _ name: String) -> MFARule {
        guard let section = Section(node, name: name + ".mfa", keys: ["amr", "acr"], &report) else { return MFARule() }
        let values = ["amr", "acr"].map { key in
            Set(section.node(key).map { report.values($0, expected: "a value of \(key)") { $0 } } ?? [])
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

    private static func parseAdmin(_ text: String) -> AdminSelector? {
        if text.hasPrefix("user:") { return EmailAddress(String(text.dropFirst(5))).map(AdminSelector.user) }
        if text.hasPrefix("group:") { return GroupName(String(text.dropFirst(6))).map(AdminSelector.group) }
        return nil
    }
}

private enum Expected {
    static var id: String { "an id: 1 to 32 of a-z, 0-9 and \"-\"" }
    static var name: String { "the name that people see" }
    static var clientID: String { "the client id that the identity provider gave" }
    static var domains: String { "the e-mail domains of those who may sign in here, or \"*\" for any" }
    static var pem: String { "the path of a PEM file" }
    static var scope: String { "a scope, such as openid" }
    static var groupsClaim: String { "a claim's name, or a JSON pointer such as /realm_access/roles" }
    static var admin: String { "user:ADDRESS or group:NAME" }
}
