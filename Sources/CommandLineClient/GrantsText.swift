package import StrictJSON

/// Time-limited access, for people.
package enum GrantsText {
    package static func given(_ answer: JSON, time: TimeText, style: TextStyle) -> [String] {
        let row = JSONRow(answer)
        let until = row.integer("ends_at").map { " until " + time.until($0) } ?? ""
        return [
            style.green("Given:")
                + " \(row.text("user")) may reach \(row.text("destination")) on \(row.text("services"))"
                + until + ".",
            "End it sooner with: ztna admin grants revoke " + row.text("grant"),
        ]
            + (answer.objectValue?["warnings"]?.arrayValue ?? []).map { warning in
                style.yellow("!") + " " + AnswerTable.text(warning)
            }
    }

    package static func list(_ answer: JSON, time: TimeText, style: TextStyle) -> [String] {
        AnswerTable([
            .init("GRANT", "grant"), .init("PERSON", "user"), .init("DESTINATION", "destination"),
            .init("SERVICES", "services"), .init("UNTIL", "ends_at", .until), .init("BY", "by"),
            .init("REASON", "reason"),
        ]).lines(answer.arrayValue ?? [], none: "No access is given for a time.", time: time, style: style)
    }
}
