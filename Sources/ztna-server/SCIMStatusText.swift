import Gateway
import StrictJSON

/// SCIM's state in words for a terminal. Names come from outside: control characters never reach it.
enum SCIMStatusText {
    static func text(of status: JSON) -> String {
        let members = status.objectValue ?? [:]
        func number(_ name: String) -> String { members[name]?.integerValue.map(String.init) ?? "-" }
        let drift = members["drift"]?.objectValue ?? [:]
        let strangers = drift["signed_in_but_not_in_directory"]?.arrayValue ?? []
        var lines = [
            "\(shown(members["connection"])): \(number("users")) users (\(number("active")) active), "
                + "\(number("groups")) groups, \(number("valid_tokens")) valid tokens",
            "  last contact: \(members["last_contact"]?.integerValue.map(UTCText.text) ?? "never")",
            "  removed within the hour: \(number("removals_last_hour")) people; held above: "
                + (members["hold_removals_above"]?.stringValue ?? "never"),
            "  never signed in: \(drift["never_signed_in"]?.integerValue ?? 0) people",
        ]
        if !strangers.isEmpty {
            lines.append(
                "  signed in, but not in the directory: " + strangers.map { shown($0) }.joined(separator: ", "))
        }
        for hold in members["held"]?.arrayValue ?? [] {
            let hold = hold.objectValue ?? [:]
            let people = "\(hold["people"]?.integerValue ?? 0) of \(hold["of"]?.integerValue ?? 0) people"
            if hold["confirmed_at"]?.integerValue != nil {
                lines.append("  removals confirmed: \(people)")
            } else {
                lines.append(
                    "  HELD: removals of \(people). If they are meant: ztna-server scim confirm \(shown(hold["hold"]))")
            }
        }
        return lines.joined(separator: "\n")
    }

    static func line(of entry: JSON) -> String {
        let members = entry.objectValue ?? [:]
        let head = [
            members["at"]?.integerValue.map(UTCText.text) ?? "-", shown(members["method"]), shown(members["path"]),
            members["status"]?.integerValue.map(String.init) ?? "-",
        ].joined(separator: " ")
        let refusal = members["refusal"]?.stringValue == nil ? [] : ["refused: " + shown(members["refusal"])]
        let rest =
            (members["changes"]?.arrayValue ?? []).map { shown($0) } + refusal
            + (members["notes"]?.arrayValue ?? []).map { "(" + shown($0) + ")" }
        return rest.isEmpty ? head : head + "  " + rest.joined(separator: ", ")
    }

    static func person(_ entry: JSON) -> String {
        let members = entry.objectValue ?? [:]
        var lines = ["\(shown(members["name"])) at \(shown(members["connection"]))"]
        for (name, fact) in (members["facts"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            let fact = fact.objectValue ?? [:]
            lines.append("  \(shown(.string(name))): \(shown(fact["value"]))  [\(shown(fact["source"]))]")
        }
        for group in members["groups"]?.arrayValue ?? [] {
            let sources = (group.objectValue?["sources"]?.arrayValue ?? []).map { shown($0) }.joined(separator: ", ")
            lines.append("  group \(shown(group.objectValue?["group"]))  [\(sources)]")
        }
        if let sessions = members["open_sessions"]?.integerValue { lines.append("  open sessions: \(sessions)") }
        return lines.joined(separator: "\n")
    }

    private static func shown(_ value: JSON?) -> String {
        switch value {
        case nil, .null?: return "-"
        case .string(let text)?:
            return String(String.UnicodeScalarView(text.unicodeScalars.filter(\.isVisible)))
        case let other?: return shown(.string(other.encodedText()))
        }
    }
}
