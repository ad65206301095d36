package import StrictJSON

/// Where a provider puts a person's groups: a claim's name (plain or a namespaced URL), or a JSON pointer to it.
///
/// A leading `/` makes it a pointer, since no claim in use starts with one: `groups`, `https://example.com/groups`,
/// `/realm_access/roles`. 1…256 bytes. Source: RFC 6901 §3, §4; OpenID Connect Core 1.0 §5.1.2.
package struct GroupsClaim: Hashable, Sendable, CustomStringConvertible {
    package let text: String
    private let path: [String]

    package init?(_ text: String) {
        guard (1...256).contains(text.utf8.count) else { return nil }
        self.text = text
        guard text.utf8.first == UInt8(ascii: "/") else {
            path = [text]
            return
        }
        var path: [String] = []
        for token in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let name = Self.unescape(token) else { return nil }
            path.append(name)
        }
        self.path = path
    }

    package var description: String { text }

    /// The claim that the first step of the path names.
    var topLevelName: String { path.first ?? text }

    /// Nil when any step is absent.
    package func value(in claims: JSONMembers) -> JSON? {
        var current = JSON.object(claims.members)
        for name in path {
            switch current {
            case .object(let members):
                guard let next = members[name] else { return nil }
                current = next
            case .array(let elements):
                // RFC 6901 §4: digits without leading zeros.
                guard let index = Int(name), String(index) == name, elements.indices.contains(index) else {
                    return nil
                }
                current = elements[index]
            default: return nil
            }
        }
        return current
    }

    /// RFC 6901 §3: `~1` is `/`, `~0` is `~`, any other `~` is an error.
    private static func unescape(_ token: Substring.UTF8View.SubSequence) -> String? {
        var output: [UInt8] = []
        var rest = token[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "~") else {
                output.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "0"): output.append(UInt8(ascii: "~"))
            case UInt8(ascii: "1"): output.append(UInt8(ascii: "/"))
            default: return nil
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}
