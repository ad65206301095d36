/// What nft says about one of our tables.
enum FilterListing {
    /// The rules of a table as nft lists them, but for the table's name and the flag that makes the canonical one dormant.
    static func rules(_ bytes: [UInt8], of table: String) -> [String] {
        // Newer versions say after a "#" how many members a set has.
        var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
            let rule = line.prefix { $0 != "#" }
            return String(
                rule.prefix(upTo: rule.lastIndex { !$0.isWhitespace }.map(rule.index(after:)) ?? rule.startIndex))
        }
        guard lines.first == "table inet \(table) {" else { return lines }
        lines.removeFirst()
        if table == FilterScript.canonicalTable, lines.first == "\tflags dormant" { lines.removeFirst() }
        return lines
    }
}
