package import StrictJSON

/// A list of the server as a table: columns by the names of members.
package struct AnswerTable: Sendable {
    package enum Format: Sendable {
        /// Text, a number, or a list of them.
        case plain
        /// "yes" or "no".
        case flag
        case moment
        /// With how far away it is.
        case until
        /// Steps, each leading to the next.
        case chain
    }

    package struct Column: Sendable {
        let heading: String
        let member: String
        let format: Format

        package init(_ heading: String, _ member: String, _ format: Format = .plain) {
            self.heading = heading
            self.member = member
            self.format = format
        }
    }

    private let columns: [Column]

    package init(_ columns: [Column]) { self.columns = columns }

    /// A column that no row has anything for is left out.
    package func lines(_ rows: [JSON], none: String, time: TimeText, style: TextStyle) -> [String] {
        guard !rows.isEmpty else { return [none] }
        let cells = rows.map { row in columns.map { Self.cell(row.objectValue?[$0.member], $0.format, time: time) } }
        let kept = columns.indices.filter { index in cells.contains { $0[index] != "-" } }
        var table = Table(kept.map { columns[$0].heading })
        for row in cells { table.add(kept.map { row[$0] }) }
        return table.lines(style: style)
    }

    package static func cell(_ value: JSON?, _ format: Format = .plain, time: TimeText) -> String {
        switch (format, value ?? .null) {
        case (_, .null): "-"
        case (.moment, .integer(let moment)): time.moment(moment)
        case (.until, .integer(let moment)): time.until(moment)
        case (.chain, .array(let steps)): steps.isEmpty ? "-" : steps.map(text).joined(separator: " → ")
        case (_, let value): text(value)
        }
    }

    /// What a member says, in one line and harmless.
    package static func text(_ value: JSON) -> String {
        switch value {
        case .string(let text): text.isEmpty ? "-" : SafeText.line(text)
        case .array(let elements): elements.isEmpty ? "-" : elements.map(text).joined(separator: ", ")
        case .object(let members): named(members)
        case .bool(let flag): flag ? "yes" : "no"
        case .null: "-"
        case .integer, .number: value.encodedText()
        }
    }

    /// A group with the sources that say so: "dba (scim)".
    private static func named(_ members: [String: JSON]) -> String {
        let name = ["group", "selector", "name", "label", "id"].lazy.compactMap { members[$0] }.first ?? .null
        guard let sources = members["sources"] ?? members["source"], text(sources) != "-" else { return text(name) }
        return "\(text(name)) (\(text(sources)))"
    }
}
