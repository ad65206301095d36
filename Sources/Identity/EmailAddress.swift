/// An e-mail address as an identifier: one "@", a host-like domain, no white space or controls, at most 254 bytes.
///
/// The domain and the local part compare without case: directories do (the standard leaves the local part to the host).
/// Source: RFC 5321 §4.5.3.1, RFC 6531 for non-ASCII local parts.
package struct EmailAddress: Hashable, Sendable, CustomStringConvertible {
    package let text: String
    package let domain: String

    package init?(_ text: String) {
        let lower = text.lowercased()
        guard (3...254).contains(lower.utf8.count), let at = lower.lastIndex(of: "@"), at != lower.startIndex,
            lower.firstIndex(of: "@") == at, let domain = DomainName(String(lower[lower.index(after: at)...])),
            lower.unicodeScalars.allSatisfy({
                $0.value > 0x20 && !(0x7F...0xA0).contains($0.value) && !$0.properties.isWhitespace
                    && $0.properties.generalCategory != .format
            })
        else { return nil }
        self.text = lower
        self.domain = domain.text
    }

    package var description: String { text }
}

/// A DNS name of letters, digits and hyphens, at least two labels, in lower case. Source: RFC 1123 §2.1.
package struct DomainName: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package init?(_ text: String) {
        let lower = text.lowercased()
        let labels = lower.split(separator: ".", omittingEmptySubsequences: false)
        guard lower.utf8.count <= 253, labels.count >= 2, labels.allSatisfy({ HostName.isLabel($0.utf8) }) else {
            return nil
        }
        self.text = lower
    }

    package var description: String { text }
}
