package import StrictJSON

/// `ztna admin matrix`: groups in rows, destinations in columns, services in the cells. Members: Docs/Wire.md, "Questions".
package enum MatrixText {
    package static func lines(_ answer: JSON, style: TextStyle) -> [String] {
        let matrix = Matrix(answer)
        guard !matrix.columns.isEmpty, !matrix.rows.isEmpty else {
            return ["There are no groups, or nothing that they could reach."]
        }
        var table = Table(["GROUP"] + matrix.columns.map(SafeText.line))
        for row in matrix.rows {
            table.add([SafeText.line(row.name)] + row.cells.map { $0.isEmpty ? "·" : SafeText.line($0) })
        }
        // As wide as it is: a matrix that is cut says nothing.
        return table.lines(style: TextStyle(colours: style.colours, width: nil))
    }

    /// Source: RFC 4180. A cell that a spreadsheet would take for a formula is given a quote before it.
    package static func commaSeparated(_ answer: JSON) -> [String] {
        let matrix = Matrix(answer)
        let rows = [["group"] + matrix.columns] + matrix.rows.map { [$0.name] + $0.cells }
        return rows.map { row in row.map(field).joined(separator: ",") + "\r" }
    }

    static func field(_ text: String) -> String {
        var safe = SafeText.line(text)
        if let first = safe.unicodeScalars.first, "=+-@\t".unicodeScalars.contains(first) { safe = "'" + safe }
        guard safe.contains(where: { $0 == "," || $0 == "\"" }) else { return safe }
        return "\"" + safe.replacing("\"", with: "\"\"") + "\""
    }

    private struct Matrix {
        let columns: [String]
        let rows: [(name: String, cells: [String])]

        init(_ answer: JSON) {
            let row = JSONRow(answer)
            let columns = row.rows("destinations").compactMap(\.stringValue)
            self.columns = columns
            rows = row.rows("rows").map(JSONRow.init).map { row in
                let cells = row.rows("cells").map { cell in
                    (cell.arrayValue ?? []).compactMap(\.stringValue).joined(separator: " ")
                }
                return (
                    row.string("group") ?? "",
                    columns.indices.map { $0 < cells.count ? cells[$0] : "" }
                )
            }
        }
    }
}
