/// JSON for a terminal: what a string holds stays readable, what it commands does not.
extension JSON {
    /// `encodedText()` with invisible characters escaped: the same value, for whoever parses it. Names that devices and
    /// providers chose may hold C1 controls, which terminals obey, and marks that turn the direction of writing.
    /// Source: ECMA-48 §5; UTR #36 §2; RFC 8259 §7.
    package func visibleText() -> String {
        let text = encodedText()
        // C0 and DEL are escaped already.
        guard text.utf8.contains(where: { $0 >= 0x80 }) else { return text }
        var output = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar.isVisible { output.append(scalar) } else { output.append(contentsOf: Self.escaped(scalar)) }
        }
        return String(output)
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String.UnicodeScalarView {
        var output = String.UnicodeScalarView()
        for unit in String(scalar).utf16 {
            let digits = String(unit, radix: 16)
            output.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).unicodeScalars)
        }
        return output
    }
}

extension Unicode.Scalar {
    /// Whether a terminal shows it as itself, and does nothing else: no control (C0, C1, DEL), no direction change, nothing
    /// of no width.
    package var isVisible: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: !properties.isDefaultIgnorableCodePoint
        }
    }
}
