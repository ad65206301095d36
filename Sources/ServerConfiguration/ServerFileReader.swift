import Audit
import IdentityProviders
import NetworkAddresses
import WebAddresses

/// Turns the document of `ztna.yaml` into a `ServerConfiguration`, section by section.
struct ServerFileReader {
    var report: Report
    /// The policy file, as soon as it is known to be readable: whatever else is wrong, it can be read too.
    private(set) var policyFile: String?
    /// Whether a database of places is named, a good one or not.
    private(set) var namesPlaces = false
    private let context: FileContext

    init(report: Report, context: FileContext) {
        self.report = report
        self.context = context
    }

    /// Nil, or a value that must not be used, when something was reported.
    mutating func configuration() -> ServerConfiguration? {
        guard let root = report.root(expected: "server, organisation, state, policy and identity_providers"),
            let file = Section(
                root, name: "the configuration",
                keys: [
                    "server", "organisation", "state", "policy", "network", "sessions", "node_authorizations",
                    "administration", "identity_providers", "saml", "audit", "places", "fixtures",
                ], &report)
        else { return nil }
        let server = readServer(file)
        let organisation = file.required("organisation", expected: "the organisation's name", &report)
            .flatMap { report.text($0, expected: "the organisation's name") }
        let state = file.required("state", expected: "the path of a folder", &report)
            .flatMap { readState($0) }
        policyFile = file.required("policy", expected: "the path of the policy file", &report)
            .flatMap { report.readableFile($0, context, expected: "the policy file") }
        let network = readNetwork(file)
        let sessions = readLifetime("sessions", of: file, upTo: .seconds(30 * 86_400), words: "5m to 30d")
        let authorizations = readLifetime("node_authorizations", of: file, upTo: .seconds(86_400), words: "5m to 24h")
        let administratorsMFA = readAdministration(file)
        namesPlaces = file.node("places") != nil
        let places = readPlaces(file)
        let plainHTTP = readFixtures(file)
        let providers = readProviders(file, plainHTTP)
        let audit = file.node("audit").map { AuditReader(context: context).audit($0, &report) }
        let samlKey = file.node("saml").flatMap { SAMLKeyReader(context: context).files($0, &report) }
        guard let server, let organisation, let state, let policyFile, let overlayIPv4 = network.ipv4 else {
            return nil
        }
        return ServerConfiguration(
            url: server.url, listen: server.listen, tls: server.tls, trustedProxies: server.trustedProxies,
            organisation: organisation, stateDirectory: state, policyFile: policyFile,
            overlayIPv4: overlayIPv4, overlayIPv6: network.ipv6,
            sessionLifetime: sessions ?? .seconds(30 * 86_400),
            nodeAuthorizationLifetime: authorizations ?? .seconds(3600), administratorsMFA: administratorsMFA,
            placesDatabase: places, providers: providers, samlKey: samlKey, audit: audit ?? AuditConfiguration(),
            plainHTTPOnLoopback: plainHTTP)
    }

    private mutating func readState(_ node: YAMLNode) -> String? {
        guard let path = report.text(node, expected: "the path of a folder").map(context.resolve) else { return nil }
        if let reason = context.trials.state(path) { report.error(at: node.position, reason) }
        return path
    }

    private struct Server {
        let url: EndpointURL
        let listen: Endpoint
        let tls: ServerConfiguration.TLSFiles?
        let trustedProxies: [IPPrefix]
    }

    private mutating func readServer(_ file: Section) -> Server? {
        guard let node = file.required("server", expected: "a mapping with url", &report),
            let section = Section(node, name: "server", keys: ["url", "listen", "tls", "trusted_proxies"], &report)
        else { return nil }
        let urlNode = section.required("url", expected: Expected.url, &report)
        let url = urlNode.flatMap { node in report.value(node, expected: Expected.url, Self.serverURL) }
        let listenNode = section.node("listen")
        let listen =
            listenNode.map { node in report.value(node, expected: Expected.listen) { Endpoint($0) } }
            ?? Endpoint("127.0.0.1:8443")
        let tls = section.node("tls").flatMap { readTLS($0) }
        let proxies = section.node("trusted_proxies").map { node in
            report.values(node, expected: Expected.prefix) { IPPrefix($0) }
        }
        guard let url, let listen else { return nil }
        if !Loopback.contains(listen.address), section.node("tls") == nil {
            report.error(
                at: listenNode?.position ?? section.position,
                "server: tls is missing, and \(listen) is not a loopback "
                    + "address", expected: "tls: { certificate: FILE, key: FILE }")
        }
        if !url.isSecure, section.node("tls") != nil, let urlNode {
            report.error(
                at: urlNode.position, "server: url is http, but tls is configured", found: urlNode.description,
                expected: "an https URL")
        }
        return Server(url: url, listen: listen, tls: tls, trustedProxies: proxies ?? [])
    }

    /// An origin: scheme, host and port; a lone final slash is dropped.
    private static func serverURL(_ text: String) -> EndpointURL? {
        let origin = text.hasSuffix("/") ? String(text.dropLast()) : text
        guard let url = try? EndpointURL(parsing: origin, allowPlainHTTPOnLoopback: true), !url.hasQuery,
            origin.utf8.filter({ $0 == UInt8(ascii: "/") }).count == 2
        else { return nil }
        return url
    }

    private mutating func readTLS(_ node: YAMLNode) -> ServerConfiguration.TLSFiles? {
        guard let section = Section(node, name: "server.tls", keys: ["certificate", "key"], &report) else { return nil }
        let certificate = section.required("certificate", expected: Expected.pem, &report)
            .flatMap { report.readableFile($0, context, expected: Expected.pem) }
        let key = section.required("key", expected: Expected.pem, &report)
            .flatMap { report.readableFile($0, context, expected: Expected.pem) }
        guard let certificate, let key else { return nil }
        let position = section.node("key")?.position ?? section.position
        report.remarkOnSecret(key, at: position, context)
        if let reason = context.trials.tls(certificate, key) { report.error(at: section.position, reason) }
        return ServerConfiguration.TLSFiles(certificate: certificate, key: key)
    }

    private mutating func readNetwork(_ file: Section) -> (ipv4: IPPrefix?, ipv6: IPPrefix?) {
        let ipv4 = IPPrefix("100.64.0.0/10")
        guard let node = file.node("network"),
            let section = Section(node, name: "network", keys: ["ipv4", "ipv6"], &report)
        else { return (ipv4, nil) }
        let chosen = section.node("ipv4").flatMap { node in
            report.value(node, expected: Expected.overlayIPv4, OverlayRange.ipv4)
        }
        let ipv6 = section.node("ipv6").flatMap { node in
            report.value(node, expected: Expected.overlayIPv6, OverlayRange.ipv6)
        }
        return (chosen ?? ipv4, ipv6)
    }

    private mutating func readLifetime(_ key: String, of file: Section, upTo: Duration, words: String) -> Duration? {
        guard let node = file.node(key), let section = Section(node, name: key, keys: ["lifetime"], &report),
            let lifetime = section.node("lifetime")
        else { return nil }
        return report.duration(lifetime, within: .seconds(300)...upTo, words: words)
    }

    private mutating func readAdministration(_ file: Section) -> Duration? {
        guard let node = file.node("administration"),
            let section = Section(node, name: "administration", keys: ["mfa"], &report),
            let age = section.node("mfa")
        else { return nil }
        return report.duration(age, within: .seconds(60)...(.seconds(30 * 86_400)), words: "1m to 30d")
    }

    private mutating func readPlaces(_ file: Section) -> String? {
        let expected = "the path of a MaxMind DB with countries, such as GeoLite2-Country.mmdb"
        guard let node = file.node("places"),
            let section = Section(node, name: "places", keys: ["database"], &report)
        else { return nil }
        guard let file = section.required("database", expected: expected, &report),
            let path = report.readableFile(file, context, expected: expected, atMost: 1 << 30)
        else { return nil }
        if let reason = context.trials.places(path) {
            report.error(at: file.position, reason, found: "\"\(path)\"", expected: expected)
        }
        return path
    }

    private mutating func readFixtures(_ file: Section) -> Bool {
        guard let node = file.node("fixtures"),
            let section = Section(node, name: "fixtures", keys: ["plain_http_on_loopback"], &report),
            let value = section.node("plain_http_on_loopback")
        else { return false }
        return report.bool(value) ?? false
    }

    private mutating func readProviders(_ file: Section, _ plainHTTP: Bool) -> [IdentityProvider] {
        let expected = "a list of identity providers"
        guard let node = file.required("identity_providers", expected: expected, &report) else { return [] }
        guard case .list = node.content else {
            report.error(
                at: node.position, "identity_providers must be a list", found: node.description, expected: expected)
            return []
        }
        let nodes = report.elements(node, expected: expected, maximum: 100)
        var reader = ProviderReader(report: report, context: context, plainHTTPOnLoopback: plainHTTP)
        let providers = reader.providers(nodes)
        report = reader.report
        return providers
    }
}

private enum Expected {
    static var url: String { "an https URL without a path, or an http URL of a loopback address" }
    static var listen: String { "an address and port such as 0.0.0.0:443 or [::]:443" }
    static var prefix: String { "an address or a range such as 192.0.2.0/24" }
    static var pem: String { "the path of a PEM file" }
    static var overlayIPv4: String { "a private range such as 100.64.0.0/10, between /8 and /24" }
    static var overlayIPv6: String { "a unique local range such as fd12:3456:789a::/48, between /48 and /64" }
}

/// Addresses that never leave this machine. Source: RFC 1122 §3.2.1.3 (g); RFC 4291 §2.5.3.
private enum Loopback {
    static func contains(_ address: IPAddress) -> Bool {
        [IPPrefix("127.0.0.0/8"), IPPrefix("::1/128")].contains { $0?.contains(address) ?? false }
    }
}

/// Ranges that an overlay may use without taking addresses away from the Internet.
private enum OverlayRange {
    /// Source: RFC 1918 §3; RFC 6598 §7.
    static func ipv4(_ text: String) -> IPPrefix? {
        guard let prefix = IPPrefix(text), prefix.address.isV4, (8...24).contains(prefix.length) else { return nil }
        let allowed = ["100.64.0.0/10", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].compactMap { IPPrefix($0) }
        return allowed.contains { $0.contains(prefix.address) && prefix.length >= $0.length } ? prefix : nil
    }

    /// Source: RFC 4193 §3.1: locally assigned.
    static func ipv6(_ text: String) -> IPPrefix? {
        guard let prefix = IPPrefix(text), (48...64).contains(prefix.length),
            IPPrefix("fd00::/8")?.contains(prefix.address) ?? false
        else { return nil }
        return prefix
    }
}
