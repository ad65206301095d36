package import StrictJSON

/// Who reaches what, for people. Members: Docs/Wire.md, "Questions".
package enum ReachText {
    /// `who-can-reach`: one line a person and service, with the chain to the rule.
    package static func who(_ answer: JSON, time: TimeText, style: TextStyle) -> [String] {
        let row = JSONRow(answer)
        let place = WhyText.end(row["destination"]) + (row.string("service").map { " on " + SafeText.line($0) } ?? "")
        return reach(
            row.rows("people"), first: .init("PERSON", "person"), heading: "\(place) can be reached by:",
            none: "Nobody can reach \(place).", time: time, style: style)
    }

    /// `what-can`.
    package static func what(_ answer: JSON, time: TimeText, style: TextStyle) -> [String] {
        let row = JSONRow(answer)
        let who = row.text("who")
        return reach(
            row.rows("destinations"), first: .init("DESTINATION", "destination"), heading: "\(who) can reach:",
            none: "\(who) can reach nothing.", time: time, style: style)
    }

    private static func reach(
        _ rows: [JSON], first: AnswerTable.Column, heading: String, none: String, time: TimeText, style: TextStyle
    ) -> [String] {
        guard !rows.isEmpty else { return [none] }
        let table = AnswerTable([
            first, .init("SERVICES", "services"), .init("THROUGH", "through", .chain), .init("RULE", "rule"),
            .init("WHEN", "when"), .init("NOW", "now", .flag), .init("UNTIL", "ends_at", .until),
            .init("WHY NOT NOW", "why_not"),
        ])
        return [heading, ""] + table.lines(rows.map(withReasons), none: none, time: time, style: style)
    }

    /// What keeps each of the person's devices from it now.
    private static func withReasons(_ row: JSON) -> JSON {
        guard var members = row.objectValue, members["now"] == false else { return row }
        let reasons = (members["devices"]?.arrayValue ?? []).map(JSONRow.init).compactMap { device in
            device.string("reason").map { (device.string("host").map { $0 + ": " } ?? "") + $0 }
        }
        if !reasons.isEmpty { members["why_not"] = .array(reasons.map { .string($0) }) }
        return .object(members)
    }

    /// `what-if`: what is gained and lost.
    package static func change(_ answer: JSON, time: TimeText, style: TextStyle) -> [String] {
        let row = JSONRow(answer)
        let (gained, lost) = (row.rows("gained"), row.rows("lost"))
        guard !gained.isEmpty || !lost.isEmpty else { return ["Nothing would change."] }
        func table(_ rows: [JSON]) -> [String] {
            AnswerTable([
                .init("PERSON", "person"), .init("DESTINATION", "destination"), .init("SERVICES", "services"),
                .init("RULE", "rule"), .init("WHEN", "when"),
            ]).lines(rows, none: "", time: time, style: style).map { "  " + $0 }
        }
        var lines: [String] = []
        if !lost.isEmpty { lines += [style.yellow(style.bold("Would be lost:"))] + table(lost) }
        if !gained.isEmpty {
            lines += (lines.isEmpty ? [] : [""]) + [style.green(style.bold("Would be gained:"))] + table(gained)
        }
        return lines
    }
}
