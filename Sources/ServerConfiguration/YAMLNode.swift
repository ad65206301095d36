/// A YAML value with its place in the file.
struct YAMLNode: Sendable {
    indirect enum Content: Sendable {
        /// `isPlain`: written without quotation marks.
        case scalar(String, isPlain: Bool)
        case list([YAMLNode])
        case mapping([Entry])
        /// Something was wrong with it, and was reported; readers pass over it.
        case unreadable
    }

    struct Entry: Sendable {
        let key: String
        let position: Position
        let value: YAMLNode
    }

    let content: Content
    let position: Position

    /// `key:` with nothing behind it, `~` or `null`.
    var isNothing: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return ["", "~", "null"].contains(text)
    }

    var isUnreadable: Bool { if case .unreadable = content { true } else { false } }

    /// What stands here, for a diagnostic.
    var description: String {
        switch content {
        case .scalar(let text, _):
            isNothing ? "nothing" : text.unicodeScalars.count > 60 ? "a long text" : "\"\(Self.printable(text))\""
        case .list: "a list"
        case .mapping: "a mapping"
        case .unreadable: "something unreadable"
        }
    }

    private static func printable(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            result.append(scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) ? "\u{FFFD}" : scalar)
        }
        return String(result)
    }
}
