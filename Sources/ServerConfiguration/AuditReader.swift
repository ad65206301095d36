import Audit
import WebAddresses

/// Reads `audit:` of `ztna.yaml`.
struct AuditReader {
    let context: FileContext

    static var keys: [String] { ["keep", "maximum_size", "pseudonymise", "exports"] }
    static var exportKeys: [String] {
        ["name", "file", "syslog", "webhook", "ca_file", "token_file", "format", "streams"]
    }

    func audit(_ node: YAMLNode, _ report: inout Report) -> AuditConfiguration {
        var audit = AuditConfiguration()
        guard let section = Section(node, name: "audit", keys: Self.keys, &report) else { return audit }
        if let keep = section.node("keep"),
            let lifetime = report.duration(
                keep, within: .seconds(86_400)...(.seconds(3650 * 86_400)), words: "1d to 3650d")
        {
            audit.lifetime = Int(lifetime.components.seconds)
        }
        if let size = section.node("maximum_size"),
            let bytes = report.value(size, expected: "a size such as 500MB or 20GB, 10MB to 1000GB", Self.size)
        {
            audit.maximumBytes = bytes
        }
        if let node = section.node("pseudonymise") { audit.isPseudonymous = report.bool(node) ?? false }
        if let node = section.node("exports") { audit.exports = exports(node, &report) }
        return audit
    }

    private func exports(_ node: YAMLNode, _ report: inout Report) -> [AuditExport] {
        guard case .list = node.content else {
            report.error(
                at: node.position, "audit: exports must be a list", found: node.description,
                expected: "a list of exports")
            return []
        }
        var names: [String: Position] = [:]
        var exports: [AuditExport] = []
        for (index, element) in report.elements(node, expected: "a list of exports", maximum: 20).enumerated() {
            guard
                let section = Section(
                    element, name: "audit.exports[\(index)]", keys: Self.exportKeys, &report)
            else { continue }
            let nameNode = section.required("name", expected: Self.nameWords, &report)
            let name = nameNode.flatMap { report.value($0, expected: Self.nameWords, Self.name) }
            if let name, let nameNode {
                if let first = names[name] {
                    report.error(
                        at: nameNode.position, "the name \"\(name)\" is used twice; it was first on line \(first.line)")
                } else {
                    names[name] = nameNode.position
                }
            }
            guard let target = target(section, &report), let name else { continue }
            var export = AuditExport(name: name, target: target)
            if let node = section.node("format"),
                let format = report.word(node, among: AuditExport.Format.allCases.map { ($0.rawValue, $0) })
            {
                export.format = format
            }
            if let node = section.node("streams") {
                let words = AuditEvent.Stream.allCases.map(\.rawValue).joined(separator: ", ")
                export.streams = Set(
                    report.values(node, expected: "some of " + words) { AuditEvent.Stream(rawValue: $0) })
            }
            exports.append(export)
        }
        return exports
    }

    /// Exactly one of `file`, `syslog` and `webhook`, with the keys that belong to it.
    private func target(_ section: Section, _ report: inout Report) -> AuditExport.Target? {
        let kinds = ["file", "syslog", "webhook"].filter { section.node($0) != nil }
        guard let kind = kinds.first, kinds.count == 1, let node = section.node(kind) else {
            report.error(
                at: kinds.dropFirst().first.flatMap(section.keyPosition) ?? section.position,
                "\(section.name): " + (kinds.isEmpty ? "the target is missing" : "an export has one target"),
                expected: "one of file, syslog and webhook")
            return nil
        }
        let foreign = kind == "file" ? ["ca_file", "token_file"] : kind == "syslog" ? ["token_file"] : []
        for key in foreign {
            guard let position = section.keyPosition(key) else { continue }
            report.error(at: position, "\(section.name): \(key) has no meaning for \(kind)")
        }
        let caFile = section.node("ca_file")
            .flatMap { report.readableFile($0, context, expected: "the path of a PEM file") }
        switch kind {
        case "file":
            guard let path = report.text(node, expected: "the path of a file").map(context.resolve) else { return nil }
            if let reason = context.trials.append(path) { report.error(at: node.position, reason) }
            return .file(path: path)
        case "syslog":
            return report.value(node, expected: "a host and port such as siem.example.com:6514", Self.host)
                .map { .syslog(host: $0.host, port: $0.port, caFile: caFile) }
        default:
            let token = section.node("token_file").flatMap { node -> String? in
                let expected = "the path of a file that holds the bearer token"
                guard case .scalar(let text, _) = node.content, !text.isEmpty, !text.utf8.contains(0) else {
                    report.error(at: node.position, "this value is wrong", expected: expected)
                    return nil
                }
                return report.secretFile(
                    named: text, at: node.position, context, expected: expected, atMost: FileContext.maximumBytes)?.path
            }
            return report.value(node, expected: "an https URL, or an http URL of a loopback address") {
                try? EndpointURL(parsing: $0, allowPlainHTTPOnLoopback: true)
            }.map { .webhook(url: $0.text, caFile: caFile, tokenFile: token) }
        }
    }

    private static var nameWords: String { "1 to 32 of a-z, 0-9 and hyphen" }

    private static func name(_ text: String) -> String? {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
            ? text : nil
    }

    /// Without a port it is 6514 (RFC 5425 §7); an IPv6 address stands in brackets.
    private static func host(_ text: String) -> (host: String, port: Int)? {
        guard let url = try? EndpointURL(parsing: "https://" + text), url.text == "https://" + text,
            !text.utf8.contains(UInt8(ascii: "/")), !url.hasQuery
        else { return nil }
        let hasPort =
            text.utf8.last.map { (0x30...0x39).contains($0) } ?? false && url.port != 443 || text.hasSuffix(":443")
        return (url.host, hasPort ? url.port : 6514)
    }

    private static func size(_ text: String) -> Int? {
        for (unit, factor) in [("GB", 1_000_000_000), ("MB", 1_000_000)] where text.hasSuffix(unit) {
            guard let count = Int(text.dropLast(2)), text.first != "+", (1...1_000_000).contains(count),
                (10_000_000...1_000_000_000_000).contains(count * factor)
            else { return nil }
            return count * factor
        }
        return nil
    }
}
