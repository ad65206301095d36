/// An e-mail address as an identifier: one "@", a host-like domain, no white space or controls, at most 254 bytes.
///
/// The domain and the local part compare without case: directories do (the standard leaves the local part to the host).
/// Otherwise byte for byte, as the store does: strings of Swift's are equal when Unicode calls them equivalent.
/// Source: RFC 5321 §4.5.3.1, RFC 6531 for non-ASCII local parts.
package struct EmailAddress: Hashable, Sendable, CustomStringConvertible {
    package let text: String
    package let domain: String

    package init?(_ text: String) {
        let lower = text.lowercased()
        let parts = lower.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard (3...254).contains(lower.utf8.count), parts.count == 2, !parts[0].isEmpty,
            let domain = DomainName(String(decoding: parts[1], as: UTF8.self)),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) || Self.isVisible(lower, from: text)
        else { return nil }
        self.text = lower
        self.domain = domain.text
    }

    /// For an address beyond ASCII.
    private static func isVisible(_ lower: String, from text: String) -> Bool {
        // The Kelvin sign's small letter is a plain "k": no other letter may turn into an ASCII one.
        lower.unicodeScalars.count(where: \.isASCII) == text.unicodeScalars.count(where: \.isASCII)
            && lower.unicodeScalars.allSatisfy {
                $0.value > 0x20 && !(0x7F...0xA0).contains($0.value) && !$0.properties.isWhitespace
                    && $0.properties.generalCategory != .format
            }
    }

    package var description: String { text }

    package static func == (left: EmailAddress, right: EmailAddress) -> Bool { identical(left.text, right.text) }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

/// A DNS name of letters, digits and hyphens, at least two labels, in lower case. Source: RFC 1123 §2.1.
package struct DomainName: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package init?(_ text: String) {
        let lower = text.utf8.map(lowercaseASCII)
        let labels = lower.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard lower.count <= 253, labels.count >= 2, labels.allSatisfy({ HostName.isLabel($0) }) else { return nil }
        self.text = String(decoding: lower, as: UTF8.self)
    }

    package var description: String { text }
}
