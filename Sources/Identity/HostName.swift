/// A device's name in the mesh: one DNS label of 1…63 letters, digits and inner hyphens, in lower case.
///
/// What a device calls itself is a wish; the coordinator makes it unique. Source: RFC 1123 §2.1.
package struct HostName: Hashable, Sendable, CustomStringConvertible, Comparable {
    package let text: String

    /// Exactly a label; nothing is repaired.
    package init?(_ text: String) {
        let lower = text.utf8.map(lowercaseASCII)
        guard Self.isLabel(lower) else { return nil }
        self.text = String(decoding: lower, as: UTF8.self)
    }

    /// The nearest label to what an operating system calls itself: its first label, odd characters as hyphens.
    /// Nil when nothing usable is left or the text holds control characters.
    package init?(nearest text: String) {
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else { return nil }
        let first = text.lowercased().split(separator: ".").first ?? ""
        let cleaned = first.utf8.map { Self.isLetterOrDigit($0) ? $0 : UInt8(ascii: "-") }
        let label = cleaned.prefix(63).drop { $0 == UInt8(ascii: "-") }
        var trimmed = Array(label)
        while trimmed.last == UInt8(ascii: "-") { trimmed.removeLast() }
        self.init(String(decoding: trimmed, as: UTF8.self))
    }

    package var description: String { text }
    package static func < (left: HostName, right: HostName) -> Bool { left.text < right.text }

    static func isLabel(_ label: some Collection<UInt8>) -> Bool {
        let bytes = Array(label)
        guard (1...63).contains(bytes.count), bytes.first != UInt8(ascii: "-"), bytes.last != UInt8(ascii: "-") else {
            return false
        }
        return bytes.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

/// "A"…"Z" in lower case, every other byte as it is: Unicode's rules would turn the Kelvin sign into a plain "k".
func lowercaseASCII(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}
