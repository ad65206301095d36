/// How text may look where it is going: colours only on a terminal whose owner did not set `NO_COLOR`.
package struct TextStyle: Hashable, Sendable {
    package var colours: Bool
    /// Columns; nil when the output is no terminal, and nothing is cut then.
    package var width: Int?

    package init(colours: Bool = false, width: Int? = nil) {
        self.colours = colours
        self.width = width
    }

    package func bold(_ text: String) -> String { wrap(text, "1") }
    package func dim(_ text: String) -> String { wrap(text, "2") }
    package func red(_ text: String) -> String { wrap(text, "31") }
    package func green(_ text: String) -> String { wrap(text, "32") }
    package func yellow(_ text: String) -> String { wrap(text, "33") }

    private func wrap(_ text: String, _ code: String) -> String {
        colours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}

/// Names and values in two columns.
package struct Fields {
    private var rows: [(name: String, value: String)] = []

    package init() {}

    package mutating func add(_ name: String, _ value: String?) {
        if let value { rows.append((name, value)) }
    }

    /// Lines with two spaces before each name. Values are printed as they are: make them safe first.
    package func lines(style: TextStyle) -> [String] {
        let column = (rows.map { DisplayWidth.of($0.name) }.max() ?? 0) + 3
        return rows.map { "  " + style.dim(DisplayWidth.pad($0.name, to: column)) + $0.value }
    }
}

/// Rows under headings, aligned; on a terminal the widest columns give way until a row fits.
package struct Table {
    private let headings: [String]
    private var rows: [[String]] = []

    package init(_ headings: [String]) { self.headings = headings }

    /// Cells beyond the headings are left out. Cells are printed as they are: make them safe first.
    package mutating func add(_ cells: [String]) { rows.append(Array(cells.prefix(headings.count))) }

    /// One row an element; the headings are those of the first.
    package static func lines<Element>(
        of elements: [Element], style: TextStyle, cells: (Element) -> [(heading: String, cell: String)]
    ) -> [String] {
        let rows = elements.map(cells)
        var table = Table(rows.first?.map(\.heading) ?? [])
        for row in rows { table.add(row.map(\.cell)) }
        return table.lines(style: style)
    }

    package func lines(style: TextStyle) -> [String] {
        var widths = headings.map(DisplayWidth.of)
        for row in rows {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], DisplayWidth.of(cell)) }
        }
        if let available = style.width { shrink(&widths, to: available) }
        let format = { (row: [String]) in
            let cells = row.enumerated().map { index, cell in
                let shown = DisplayWidth.cut(cell, to: widths[index])
                return index == headings.count - 1 ? shown : DisplayWidth.pad(shown, to: widths[index])
            }
            return cells.joined(separator: "  ")
        }
        return [style.dim(format(headings))] + rows.map(format)
    }

    /// Eight columns are the least that a cell keeps.
    private func shrink(_ widths: inout [Int], to available: Int) {
        let gaps = 2 * max(0, widths.count - 1)
        while widths.reduce(gaps, +) > available {
            guard let widest = widths.indices.max(by: { widths[$0] < widths[$1] }), widths[widest] > 8 else { return }
            widths[widest] -= 1
        }
    }
}
