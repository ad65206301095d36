import Identity
import IdentityProviders
import OpenIDConnect
import SAML

/// Reads the list of identity providers: what all have in common, and by `type` the rest. Ids and domains must not
/// repeat.
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

    private enum ProviderType: String, CaseIterable {
        case oidc, saml

        var keys: [String] {
            switch self {
            case .oidc: OpenIDProviderReader.keys
            case .saml: SAMLProviderReader.keys
            }
        }

        var other: ProviderType { self == .oidc ? .saml : .oidc }
    }

    private static var commonKeys: [String] {
        ["id", "name", "type", "domains", "admins", "ca_file", "allow_private_addresses", "scim"]
    }

    mutating func providers(_ nodes: [YAMLNode]) -> [IdentityProvider] {
        let providers = nodes.enumerated().compactMap { readProvider($1, "identity_providers[\($0)]") }
        for position in openToAny where nodes.count > 1 {
            report.error(
                at: position, "domains: \"*\" overlaps with every other identity provider",
                expected: "the domains of this provider's people")
        }
        return providers
    }

    private mutating func readProvider(_ node: YAMLNode, _ name: String) -> IdentityProvider? {
        let type = Self.likelyType(of: node)
        let keys = Self.commonKeys + type.keys
        var elsewhere: [String: String] = [:]
        for key in type.other.keys where !keys.contains(key) {
            elsewhere[key] = "\(key) is a key of type: \(type.other.rawValue), and this is type: \(type.rawValue)"
        }
        guard let section = Section(node, name: name, keys: keys, elsewhere: elsewhere, &report) else { return nil }
        let id = section.required("id", expected: Expected.id, &report).flatMap { readID($0) }
        let display = section.required("name", expected: Expected.name, &report)
            .flatMap { report.text($0, expected: Expected.name) }
        let isTyped =
            section.required("type", expected: "oidc or saml", &report)
            .flatMap { report.word($0, among: ProviderType.allCases.map { ($0.rawValue, ()) }) } != nil
        let domains = readDomains(section, name: id?.text ?? name)
        let caFile = section.node("ca_file").flatMap { report.readableFile($0, context, expected: Expected.pem) }
        let privateAddresses = section.node("allow_private_addresses").flatMap { report.bool($0) } ?? false
        let admins = section.node("admins").map { report.values($0, expected: Expected.admin, Self.parseAdmin) } ?? []
        let common = CommonProviderKeys(
            id: id, name: display, domains: domains, admins: admins, caFile: caFile,
            allowPrivateAddresses: privateAddresses, allowPlainHTTPOnLoopback: plainHTTPOnLoopback)
        let provisioning = section.node("scim").flatMap {
            ProvisioningKeysReader().provisioning($0, section.name, &report)
        }
        let provider: IdentityProvider?
        switch type {
        case .oidc:
            var read = OpenIDProviderReader(context: context).provider(section, common, &report)
            read?.provisioning = provisioning
            provider = read.map(IdentityProvider.openIDConnect)
        case .saml:
            var read = SAMLProviderReader(context: context).provider(section, common, &report)
            read?.provisioning = provisioning
            provider = read.map(IdentityProvider.saml)
        }
        return isTyped ? provider : nil
    }

    /// What is written, or else what the keys look like: so that one run finds all that is wrong.
    private static func likelyType(of node: YAMLNode) -> ProviderType {
        guard case .mapping(let entries) = node.content else { return .oidc }
        if case .scalar(let text, _)? = entries.first(where: { $0.key == "type" })?.value.content,
            let word = NearestWord.of(text, among: ProviderType.allCases.map(\.rawValue)),
            let type = ProviderType(rawValue: word)
        {
            return type
        }
        func count(_ type: ProviderType) -> Int {
            entries.count { type.keys.contains($0.key) && !type.other.keys.contains($0.key) }
        }
        return count(.saml) > count(.oidc) ? .saml : .oidc
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

    private static func parseAdmin(_ text: String) -> AdminSelector? {
        if text.hasPrefix("user:") { return EmailAddress(String(text.dropFirst(5))).map(AdminSelector.user) }
        if text.hasPrefix("group:") { return GroupName(String(text.dropFirst(6))).map(AdminSelector.group) }
        return nil
    }
}

/// What every identity provider has, whichever protocol it speaks; nil where something was reported.
struct CommonProviderKeys {
    let id: ProviderID?
    let name: String?
    let domains: [DomainName]
    let admins: [AdminSelector]
    let caFile: String?
    let allowPrivateAddresses: Bool
    let allowPlainHTTPOnLoopback: Bool

    /// How messages name the addresses that are accepted.
    var urlWords: String {
        allowPlainHTTPOnLoopback ? "an https URL, or an http URL of a loopback address" : "an https URL"
    }
}

private enum Expected {
    static var id: String { "an id: 1 to 32 of a-z, 0-9 and \"-\"" }
    static var name: String { "the name that people see" }
    static var domains: String { "the e-mail domains of those who may sign in here, or \"*\" for any" }
    static var pem: String { "the path of a PEM file" }
    static var admin: String { "user:ADDRESS or group:NAME" }
}
