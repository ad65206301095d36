internal import Identity

/// The name an administrator gave a rule: 1…64 bytes of `[a-z0-9-]`.
package struct RuleName: Hashable, Sendable, CustomStringConvertible, Comparable {
    package let text: String

    package init(_ text: String) throws(PolicyError) {
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(LabelAlphabet.contains) else {
            throw .ruleName(text)
        }
        self.text = text
    }

    package var description: String { text }
    package static func < (left: RuleName, right: RuleName) -> Bool { left.text < right.text }
}
