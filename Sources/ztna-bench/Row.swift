import ArgumentParser
import StrictJSON

/// One measured figure and the reference measured beside it.
struct Row {
    var name: String
    var value: Double
    var unit: String
    var reference: String
    var referenceValue: Double

    var ratio: Double { referenceValue == 0 ? 0 : value / referenceValue }

    var json: JSON {
        [
            "name": .string(name), "value": .number(value), "unit": .string(unit), "reference": .string(reference),
            "reference_value": .number(referenceValue), "ratio": .number(ratio),
        ]
    }
}

/// What every bench takes, and how it answers.
struct Output: ParsableArguments {
    @Flag(help: "Print an array of rows in JSON instead of a table.")
    var json = false

    /// `notes` say how it was measured; they are for people alone.
    func show(_ rows: [Row], notes: [String] = []) {
        guard !json else { return print(JSON.array(rows.map(\.json)).encodedText()) }
        print(Table.text(rows))
        for note in notes { print(note) }
    }
}

enum Table {
    static func text(_ rows: [Row]) -> String {
        let head = ["name", "value", "unit", "reference", "reference value", "ratio"]
        let lines =
            [head]
            + rows.map {
                [$0.name, number($0.value), $0.unit, $0.reference, number($0.referenceValue), number($0.ratio)]
            }
        let widths = head.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        let isNumber = [1, 4, 5]
        return lines.map { line in
            line.enumerated().map { column, cell in
                let gap = String(repeating: " ", count: widths[column] - cell.count)
                return isNumber.contains(column) ? gap + cell : cell + gap
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    /// Three digits that mean something, thousands grouped.
    static func number(_ value: Double) -> String {
        let magnitude = abs(value)
        guard magnitude < 100 else { return grouped(Int(value.rounded())) }
        let scale: Double = magnitude < 10 ? 100 : 10
        let scaled = Int((value * scale).rounded())
        let fraction = String(abs(scaled) % Int(scale))
        let padding = String(repeating: "0", count: (scale == 100 ? 2 : 1) - fraction.count)
        return "\(scaled / Int(scale)).\(padding)\(fraction)"
    }

    static func grouped(_ value: Int) -> String {
        var digits = String(abs(value))
        var groups: [Substring] = []
        while digits.count > 3 {
            groups.insert(digits.suffix(3), at: 0)
            digits = String(digits.dropLast(3))
        }
        return (value < 0 ? "-" : "") + ([digits[...]] + groups).joined(separator: ",")
    }
}
