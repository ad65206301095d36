package import StrictJSON

/// `ztna why` for people: the answer first, then the rule and the chain to it, or what is missing and what to do.
/// Members: Docs/Wire.md, "Questions".
package enum WhyText {
    package static func lines(_ answer: JSON, time: TimeText, style: TextStyle) -> [String] {
        let row = JSONRow(answer)
        var lines = [headline(row, style: style), ""]
        var fields = Fields()
        fields.add("Rule", row.string("rule").map(SafeText.line))
        fields.add("Because", chain(row))
        fields.add("Until", row.integer("ends_at").map(time.until))
        fields.add("Opens", row.integer("opens_at").map(time.until))
        // In parts it is told below.
        let isTold = row.bool("allowed") == true || !row.rows("near").isEmpty
        fields.add("Why", isTold ? nil : row.string("explanation").map(SafeText.line))
        lines += fields.lines(style: style)
        let grants = row.rows("grants")
        if !grants.isEmpty, row.string("service") == nil {
            lines += [""]
            lines += AnswerTable([
                .init("SERVICE", "service"), .init("RULE", "rule"), .init("UNTIL", "ends_at", .until),
            ]).lines(grants, none: "", time: time, style: style)
        }
        let near = near(row, time: time, style: style)
        if !near.isEmpty { lines += (lines.last == "" ? [] : [""]) + near }
        if row.bool("step_up") == true { lines += ["", "A step-up cures this: " + style.bold("ztna login --step-up")] }
        return lines
    }

    private static func headline(_ row: JSONRow, style: TextStyle) -> String {
        let source = end(row["source"])
        let destination = end(row["destination"])
        let service = row.string("service").map { " on " + SafeText.line($0) } ?? ""
        let allowed = row.bool("allowed") ?? false
        return (allowed ? style.green(style.bold("Yes:")) : style.yellow(style.bold("No:")))
            + " \(source) \(allowed ? "may" : "may not") reach \(style.bold(destination))\(service)."
    }

    /// "alice@example.com on laptop".
    static func end(_ json: JSON?) -> String {
        let row = JSONRow(json ?? .null)
        let names = [row.string("person"), row.string("host")].compactMap(\.self).map(SafeText.line)
        return names.isEmpty ? json.map(AnswerTable.text) ?? "-" : names.joined(separator: " on ")
    }

    /// "group dba (scim) → rule dba-to-db".
    private static func chain(_ row: JSONRow) -> String? {
        let chain = AnswerTable.cell(row["chain"], .chain, time: TimeText(now: 0))
        return chain == "-" ? nil : chain
    }

    private static func near(_ row: JSONRow, time: TimeText, style: TextStyle) -> [String] {
        let misses = row.rows("near")
        guard !misses.isEmpty else { return [] }
        var lines = ["What comes near:"]
        for miss in misses.map(JSONRow.init) {
            let rule = miss.string("rule").map { style.bold(SafeText.line($0)) + ": " } ?? ""
            lines.append("  " + rule + miss.text("reason"))
            if let remedy = miss.string("remedy") { lines.append("    " + SafeText.line(remedy)) }
        }
        return lines
    }
}
