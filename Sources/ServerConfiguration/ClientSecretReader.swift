import Cryptography
import OpenIDConnect

/// Finds a provider's client secret in exactly one of its three places. Nothing it reports shows a value.
struct ClientSecretReader {
    var report: Report
    private let context: FileContext

    init(report: Report, context: FileContext) {
        self.report = report
        self.context = context
    }

    private static var keys: [String] { ["client_secret_file", "client_secret_env", "client_secret"] }
    private static var expected: String { "one of " + keys.joined(separator: ", ") }

    /// Nil for a public client, which has none, and where something was reported.
    mutating func secret(of section: Section, isPublicClient: Bool) -> ClientSecret? {
        let given = Self.keys.compactMap { key in section.node(key).map { (key: key, node: $0) } }
        for repeated in given.dropFirst() {
            report.error(
                at: section.keyPosition(repeated.key) ?? repeated.node.position,
                "\(section.name): the secret is given twice", expected: Self.expected)
        }
        guard let first = given.first else {
            if !isPublicClient {
                report.error(
                    at: section.position, "\(section.name): the client secret is missing",
                    expected: Self.expected + ", or token_endpoint_auth_method: none")
            }
            return nil
        }
        if isPublicClient {
            report.error(
                at: section.keyPosition(first.key) ?? first.node.position,
                "\(section.name): token_endpoint_auth_method is none, so there is no secret")
            return nil
        }
        guard case .scalar(let text, _) = first.node.content, !text.isEmpty else {
            report.error(at: first.node.position, "\(section.name): \(first.key) must be a text")
            return nil
        }
        guard var bytes = bytes(first.key, text, first.node.position) else { return nil }
        // Editors end a file with a line break, which is not part of the secret.
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        defer { wipe(&bytes) }
        guard let secret = try? ClientSecret(taking: &bytes) else {
            report.error(
                at: first.node.position, "\(section.name): the secret is unusable", expected: "UTF-8 text, not empty")
            return nil
        }
        return secret
    }

    private mutating func bytes(_ key: String, _ text: String, _ position: Position) -> [UInt8]? {
        switch key {
        case "client_secret_file":
            guard !text.utf8.contains(0) else { break }
            return report.secretFile(
                named: text, at: position, context, expected: "the path of a file that holds the secret",
                atMost: 64 * 1024)?.bytes
        case "client_secret_env":
            guard !text.utf8.contains(0), !text.utf8.contains(UInt8(ascii: "=")) else { break }
            if let value = context.files.environment(text) { return Array(value.utf8) }
            report.error(
                at: position, "this environment variable is not set",
                expected:
                    "the name of a variable that holds the secret; one of a systemd unit's is set in the unit only")
            return nil
        default:
            if context.isPrivate { return Array(text.utf8) }
            report.error(
                at: position, "a secret may stand in this file only while nobody else can read the file",
                found: context.files.isForeign(context.path)
                    ? "a file of another user than root and the server's" : nil,
                expected: "client_secret_file or client_secret_env, or the file's mode to be 0600")
            return nil
        }
        report.error(at: position, "\(key) holds a character that a name cannot have")
        return nil
    }
}
