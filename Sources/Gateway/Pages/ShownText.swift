/// Text that a page may show: what a stranger chose cannot hide, reorder or break out of anything in it.
///
/// Invisible and direction-changing characters (C0/C1 controls, zero-width characters, bidirectional controls, tags,
/// line separators, unassigned and private characters) become U+FFFD; so does whatever joins one of `< > & " '` into
/// one grapheme cluster: who reads the page by characters would not see that one of these stands there. Piles of
/// combining marks are cut to three, so that they cannot paint over their neighbours. Markup characters themselves stay:
/// `Markup` escapes them.
///
/// Source: UTR #36 §2 (visual security), UAX #29 §3.1.1 (grapheme cluster boundaries).
struct ShownText: Hashable, Sendable {
    let text: String

    init(_ received: String) {
        // Printable ASCII has nothing of the kind.
        if received.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) {
            text = received
            return
        }
        var visible = String.UnicodeScalarView()
        for scalar in received.unicodeScalars {
            visible.append(Self.isVisible(scalar) ? scalar : Self.replacement)
        }
        var shown = String.UnicodeScalarView()
        for character in String(visible) {
            let scalars = character.unicodeScalars.prefix(Self.longestCluster)
            let joinsMarkup = scalars.count > 1 && scalars.contains(where: Self.isMarkup)
            for scalar in scalars {
                shown.append(joinsMarkup && !Self.isMarkup(scalar) ? Self.replacement : scalar)
            }
        }
        text = String(shown)
    }

    /// Text of several lines: each is shown by itself, and a tab as two spaces.
    static func lines(_ received: String) -> ShownText {
        let lines = received.replacing("\r\n", with: "\n").replacing("\t", with: "  ")
            .split(separator: "\n", omittingEmptySubsequences: false)
        return ShownText(shown: lines.map { ShownText(String($0)).text }.joined(separator: "\n"))
    }

    private init(shown text: String) { self.text = text }

    /// A base character and three marks, as much as living orthographies use.
    private static let longestCluster = 4
    private static let replacement: Unicode.Scalar = "\u{FFFD}"

    private static func isMarkup(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "<", ">", "&", "\"", "'": true
        default: false
        }
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default:
            // Variation selectors choose a glyph (U+FE0F makes a heart red) and hide nothing.
            !scalar.properties.isDefaultIgnorableCodePoint || ("\u{FE00}"..."\u{FE0F}").contains(scalar)
        }
    }
}
