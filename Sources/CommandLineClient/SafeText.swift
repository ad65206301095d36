package import StrictJSON

/// Text of the agent or the server, made harmless for a terminal: what it says stays readable, what it commands does not.
///
/// Controls (C0, C1, DEL), direction changes, zero-width and other invisible characters become visible escapes, so a host
/// name cannot move the cursor, recolour the screen or hide what follows. Source: ECMA-48 §5; UTR #36 §2.
package enum SafeText {
    /// Longer text is cut, so that one member cannot fill the screen.
    package static let maximumCharacters = 2000

    package static func line(_ received: String) -> String {
        var output = String.UnicodeScalarView()
        var marks = 0
        for scalar in received.unicodeScalars.prefix(maximumCharacters) {
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark, .spacingMark: marks += 1
            default: marks = 0
            }
            // A base and three marks, as much as living orthographies use; piles would paint over other lines.
            if marks > 3 { continue }
            if scalar.isVisible { output.append(scalar) } else { output.append(contentsOf: escape(scalar)) }
        }
        if received.unicodeScalars.count > maximumCharacters { output.append("…") }
        return String(output)
    }

    /// A JSON text whose invisible characters are escaped; it means the same. Only strings can hold them.
    package static func json(_ value: JSON) -> String { value.visibleText() }

    private static func escape(_ scalar: Unicode.Scalar) -> String.UnicodeScalarView {
        ("\\u{" + String(scalar.value, radix: 16) + "}").unicodeScalars
    }
}

/// How many columns text takes on a terminal.
package enum DisplayWidth {
    package static func of(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + columns(of: $1) }
    }

    /// The longest beginning of `text` within `columns`, with an ellipsis where something was cut.
    package static func cut(_ text: String, to columns: Int) -> String {
        guard of(text) > columns, columns > 0 else { return columns > 0 ? text : "" }
        var output = ""
        var used = 0
        for character in text {
            let width = of(String(character))
            guard used + width < columns else { break }
            output.append(character)
            used += width
        }
        return output + "…"
    }

    package static func pad(_ text: String, to columns: Int) -> String {
        text + String(repeating: " ", count: max(0, columns - of(text)))
    }

    /// Source: UAX #11 (the wide and fullwidth blocks).
    private static func columns(of scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        return wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }

    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1FAFF,
        0x20000...0x3FFFD,
    ]
}
