/// How received text is compared, shown and put into addresses.
package enum SCIMText {
    /// What two values that differ only in case share; a store indexes this. Unicode default lower case.
    package static func folded(_ text: String) -> String { text.lowercased() }

    /// For messages and logs: at most `limit` characters, control and formatting characters as `?`.
    package static func printable(_ text: String, limit: Int = 80) -> String {
        var shown = ""
        var count = 0
        for scalar in text.unicodeScalars {
            guard count < limit else { return shown + "…" }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: shown.append("?")
            default: shown.unicodeScalars.append(scalar)
            }
            count += 1
        }
        return shown
    }

    /// Whether a stored value may hold it: no control characters but tab and line ends.
    package static func isStorable(_ text: String) -> Bool {
        text.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
    }

    /// Whether one of our own identifiers could look like this; anything else is not looked up at all.
    package static func isIdentifier(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && text.utf8.allSatisfy(isUnreserved)
    }

    /// One path segment. Source: RFC 3986 §2.1, §2.3.
    package static func percentEncoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            if isUnreserved(byte) {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += digits.utf8.count == 1 ? "%0" + digits : "%" + digits
            }
        }
        return encoded
    }

    static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: "~")
        }
    }
}
