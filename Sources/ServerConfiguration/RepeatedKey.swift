/// Where a mapping gives a key the second time, found in the text because the YAML library tells only the first place.
struct RepeatedKey {
    let position: Position
    /// Scalars to rename, quotation marks included.
    let length: Int

    /// The first place after `first` where the same mapping can give `key` again.
    static func second(_ key: String, first: Position, in lines: [String]) -> RepeatedKey? {
        guard first.line <= lines.count, !key.isEmpty else { return nil }
        let line = Array(lines[first.line - 1].unicodeScalars)
        let isBlock = line.prefix(first.column - 1).allSatisfy { $0 == " " || $0 == "-" || $0 == "?" }
        return isBlock ? inBlock(key, first, lines) : inFlow(key, first, lines)
    }

    /// The text with the key under another name of the same length, which no file that we accept can hold.
    static func replacing(_ place: RepeatedKey, in lines: [String], number: Int) -> String {
        var lines = lines
        var scalars = Array(lines[place.position.line - 1].unicodeScalars)
        let start = place.position.column - 1
        guard start + place.length <= scalars.count else { return lines.joined(separator: "\n") }
        for index in start..<(start + place.length) { scalars[index] = "\u{E000}" }
        // One scalar must tell the repetitions of one mapping apart, even where the key is one letter long.
        scalars[start] = Unicode.Scalar(0xE001 + UInt32(clamping: min(number, 6000))) ?? "\u{E001}"
        lines[place.position.line - 1] = String(String.UnicodeScalarView(scalars))
        return lines.joined(separator: "\n")
    }

    /// Private-use characters are refused in files, so this name can only be ours.
    static func isReplacement(_ key: String) -> Bool {
        key.unicodeScalars.first.map { (0xE001...0xF8FF).contains($0.value) } ?? false
    }

    /// In a block mapping all keys stand in one column, until a line that begins further left.
    private static func inBlock(_ key: String, _ first: Position, _ lines: [String]) -> RepeatedKey? {
        for index in lines.indices.dropFirst(first.line) {
            let scalars = Array(lines[index].unicodeScalars)
            guard let start = scalars.firstIndex(where: { $0 != " " }), scalars[start] != "#" else { continue }
            if start < first.column - 1 { return nil }
            if start == first.column - 1, let length = keyLength(key, at: start, in: scalars) {
                return RepeatedKey(position: Position(line: index + 1, column: start + 1), length: length)
            }
        }
        return nil
    }

    /// In a flow mapping keys stand at the same depth of brackets, until the bracket closes.
    private static func inFlow(_ key: String, _ first: Position, _ lines: [String]) -> RepeatedKey? {
        var depth = 0
        var quote: Unicode.Scalar?
        var start = first.column - 1
        for index in lines.indices.dropFirst(first.line - 1) {
            let scalars = Array(lines[index].unicodeScalars)
            for column in scalars.indices.dropFirst(start) {
                let scalar = scalars[column]
                let isFirst = index == first.line - 1 && column == first.column - 1
                if quote == nil, depth == 0, !isFirst, let length = keyLength(key, at: column, in: scalars),
                    scalars[..<column].last(where: { $0 != " " }).map({ $0 == "," || $0 == "{" }) ?? true
                {
                    return RepeatedKey(position: Position(line: index + 1, column: column + 1), length: length)
                }
                switch scalar {
                case "\"", "'":
                    if quote == scalar { quote = nil } else if quote == nil { quote = scalar }
                case "{", "[": depth += quote == nil ? 1 : 0
                case "}", "]": depth -= quote == nil ? 1 : 0
                default: break
                }
                if depth < 0 { return nil }
            }
            start = 0
        }
        return nil
    }

    /// How many scalars the key takes here, plain or quoted, if it stands here and a colon follows.
    private static func keyLength(_ key: String, at start: Int, in scalars: [Unicode.Scalar]) -> Int? {
        for quote in ["", "\"", "'"] {
            let written = Array((quote + key + quote).unicodeScalars)
            guard scalars[start...].starts(with: written) else { continue }
            let rest = scalars[(start + written.count)...].drop { $0 == " " }
            if rest.first == ":" { return written.count }
        }
        return nil
    }
}
