/// A place in a file: both counted from one, columns in Unicode scalars.
package struct Position: Hashable, Sendable, Comparable {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (left: Position, right: Position) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// One thing wrong with a file, or unwise in it: where, what was found, what was expected, and the nearest right word.
///
/// Holds no secret: the source line is masked where it may hold one (`SecretMask`).
package struct Diagnostic: Hashable, Sendable, CustomStringConvertible {
    package enum Severity: String, Hashable, Sendable { case error, warning }

    package let severity: Severity
    package let file: String
    package let position: Position
    /// What is wrong, as one sentence without its final stop.
    package let message: String
    /// What stands there, described; nil where showing it could show a secret.
    package let found: String?
    package let expected: String?
    /// The valid key or value nearest to what was found.
    package let suggestion: String?
    /// The line as it may be shown.
    package let sourceLine: String?

    package var line: Int { position.line }
    package var column: Int { position.column }

    /// `ztna.yaml:12:3: error: …`, in one line.
    package var summary: String {
        var text = "\(file):\(line):\(column): \(severity.rawValue): \(message)"
        if let found { text += "; found \(found)" }
        if let expected { text += "; expected \(expected)" }
        if let suggestion { text += "; did you mean \"\(suggestion)\"?" }
        return text
    }

    /// The summary, then the line and a caret below the place.
    package var description: String {
        guard let sourceLine, !sourceLine.isEmpty else { return summary }
        return summary + "\n  \(sourceLine)\n  " + String(repeating: " ", count: max(0, min(column, 200) - 1)) + "^"
    }
}
