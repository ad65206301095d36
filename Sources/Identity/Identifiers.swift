/// Names one identity provider of this organisation, as the administrator wrote it: 1…32 bytes of `[a-z0-9-]`.
package struct ProviderID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package init?(_ text: String) {
        guard (1...32).contains(text.utf8.count), text.utf8.allSatisfy(LabelAlphabet.contains) else { return nil }
        self.text = text
    }

    package var description: String { text }
}

/// A record's own random name: 22 base64url characters (128 bits), made by us, never by a caller.
package struct RecordID: Hashable, Sendable, CustomStringConvertible, Comparable {
    package let text: String

    /// Accepts what `Randomness.token(16)` makes: 22 characters of the base64url alphabet.
    package init?(_ text: String) {
        guard text.utf8.count == 22, text.utf8.allSatisfy(Self.isBase64URL) else { return nil }
        self.text = text
    }

    package var description: String { text }
    package static func < (left: RecordID, right: RecordID) -> Bool { left.text < right.text }

    private static func isBase64URL(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

package typealias PersonID = RecordID
package typealias SessionID = RecordID
package typealias NodeID = RecordID
