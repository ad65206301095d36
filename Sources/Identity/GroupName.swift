/// A group as its identity provider names it: 1…256 bytes of text without controls.
///
/// Compared byte for byte, as the store does: strings of Swift's are equal when Unicode calls them equivalent.
package struct GroupName: Hashable, Sendable, CustomStringConvertible, Comparable {
    package let text: String

    package init?(_ text: String) {
        guard (1...256).contains(text.utf8.count),
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }),
            text.first?.isWhitespace == false, text.last?.isWhitespace == false
        else { return nil }
        self.text = text
    }

    package var description: String { text }

    package static func == (left: GroupName, right: GroupName) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    package static func < (left: GroupName, right: GroupName) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

/// A role an administrator gave to a node: 1…64 bytes of `[a-z0-9-]`, written `tag:prod-db` in a policy.
package struct TagName: Hashable, Sendable, CustomStringConvertible, Comparable {
    package let text: String

    package init?(_ text: String) {
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(LabelAlphabet.contains) else { return nil }
        self.text = text
    }

    package var description: String { text }
    package static func < (left: TagName, right: TagName) -> Bool { left.text < right.text }
}
