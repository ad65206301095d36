/// Which parts of a file's lines may be shown, so that no diagnostic shows a secret.
///
/// It reads lines, not YAML: it must hold for files that are not YAML at all, and for secrets under a misspelt key or
/// in the wrong place. So it hides more than the secrets: everything after a key that looks like `client_secret` (or a
/// password), whatever follows it with deeper indentation, and an open quotation to its end.
struct SecretMask: Sendable {
    /// The lines as they may be shown.
    let lines: [String]

    /// `unknownKeys` are places of keys that mean nothing: what stands under them may be anything.
    init(_ source: [String], unknownKeys: [Position] = []) {
        var result: [String] = []
        var hiding: Hiding?
        for (index, line) in source.enumerated() {
            if let current = hiding {
                if current.covers(line) {
                    hiding = current.after(line)
                    result.append("")
                    continue
                }
                hiding = nil
            }
            let columns = unknownKeys.filter { $0.line == index + 1 }.map { $0.column - 1 }
            guard let key = Self.secretKey(in: line, unknownColumns: columns) else {
                result.append(line)
                continue
            }
            result.append(String(line[..<key.end]) + " …")
            hiding = Hiding(keyColumn: key.column, value: line[key.end...])
        }
        lines = result
    }

    /// What follows a key on the next lines, as long as it may belong to the key's value.
    private struct Hiding {
        let keyColumn: Int
        let openQuote: Character?

        init(keyColumn: Int, value: Substring) {
            self.keyColumn = keyColumn
            let trimmed = value.drop { $0 == " " || $0 == "\t" }
            openQuote =
                trimmed.first.flatMap { $0 == "\"" || $0 == "'" ? $0 : nil }
                .flatMap { trimmed.dropFirst().contains($0) ? nil : $0 }
        }

        private init(keyColumn: Int, openQuote: Character?) {
            self.keyColumn = keyColumn
            self.openQuote = openQuote
        }

        /// Only a line that looks like another key of the same mapping, or of one above it, ends the value.
        func covers(_ line: String) -> Bool {
            if openQuote != nil { return true }
            let indentation = line.prefix { $0 == " " || $0 == "\t" || $0 == "-" }.count
            guard indentation <= keyColumn else { return true }
            let name = line.dropFirst(indentation).prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
            return name.isEmpty || line.dropFirst(indentation + name.count).first != ":"
        }

        func after(_ line: String) -> Hiding {
            guard let openQuote, line.contains(openQuote) else { return self }
            return Hiding(keyColumn: keyColumn, openQuote: nil)
        }
    }

    /// The first key of a line whose value must not be shown, and where its value begins.
    private static func secretKey(in line: String, unknownColumns: [Int]) -> (column: Int, end: String.Index)? {
        var column = 0
        var word = ""
        var wordColumn = 0
        for index in line.indices {
            let character = line[index]
            if character.isLetter || character.isNumber || character == "_" || character == "-" {
                if word.isEmpty { wordColumn = column }
                word.append(character)
            } else if character == ":" || character == "=" {
                let isUnknown = unknownColumns.contains { $0 <= column }
                if isUnknown || looksSecret(word) {
                    return (wordColumn, line.index(after: index))
                }
                word = ""
            } else if character != " " && character != "\"" && character != "'" {
                word = ""
            } else if character == " " {
                // "key :" is a key too, so a blank ends the word only when another word begins.
                let next = line[index...].first { $0 != " " }
                if next != ":" { word = "" }
            }
            column += character.unicodeScalars.count
        }
        // "? key" alone on its line: the value follows on the next.
        return line.contains("?") && looksSecret(word) ? (wordColumn, line.endIndex) : nil
    }

    private static func looksSecret(_ word: String) -> Bool {
        let lower = word.lowercased()
        return lower.contains("secr") || lower.contains("passw") || lower.contains("credential")
            || lower.contains("token_f")
            || (6...24).contains(lower.utf8.count) && NearestWord.distance(lower, "client_secret") <= 4
    }
}
