package import StrictJSON

/// `ztna admin audit` for people: one record of evidence a line, and its reason below. Members: Docs/Audit.md.
package enum AuditText {
    package static func lines(_ records: [JSON], time: TimeText, style: TextStyle) -> [String] {
        records.flatMap { record(JSONRow($0), time: time, style: style) }
    }

    private static func record(_ row: JSONRow, time: TimeText, style: TextStyle) -> [String] {
        let at = row.integer("time").map(time.second) ?? "-"
        var words = [style.dim(at), verdict(row, style: style)]
        if row.string("stream") == "connection" {
            words += [end(row["source"]), "to", end(row["destination"]), style.bold(service(row))]
        } else {
            words.append(style.bold(row.text("action")))
            if let actor = actor(row["actor"]) { words += ["by", actor] }
            if let subject = subject(row["subject"]) { words.append(subject) }
            if let address = row.string("address") { words += ["from", SafeText.line(address)] }
        }
        if let count = row.integer("count"), count > 1 { words.append("(\(count) times)") }
        var lines = [
            words.joined(separator: "  ").replacing("  to  ", with: " to ").replacing("  by  ", with: " by ")
                .replacing("  from  ", with: " from ")
        ]
        var because: [String] = []
        if let rule = row.string("rule") { because.append("rule " + SafeText.line(rule)) }
        if let reason = row.string("reason") { because.append(SafeText.line(reason)) }
        if let offset = row.integer("clock_offset") { because.append("the device's clock is \(offset) s off") }
        if let said = row.integer("device_time") { because.append("the device says that it was at \(said)") }
        if !because.isEmpty { lines.append("          " + because.joined(separator: ": ")) }
        return lines
    }

    private static func verdict(_ row: JSONRow, style: TextStyle) -> String {
        let outcome = row.text("outcome")
        let padded = DisplayWidth.pad(outcome, to: 7)
        return switch outcome {
        case "allow", "success": style.green(padded)
        case "deny", "refused", "failure": style.yellow(padded)
        default: padded
        }
    }

    private static func service(_ row: JSONRow) -> String {
        let transport = row.text("protocol")
        if let ports = row.string("ports") { return "\(transport)/\(SafeText.line(ports))" }
        return row.integer("port").map { "\(transport)/\($0)" } ?? transport
    }

    /// "alice@example.com on laptop".
    private static func end(_ json: JSON?) -> String {
        let row = JSONRow(json ?? .null)
        let known = [row.string("label"), row.string("host").map { "on " + $0 }].compactMap(\.self).map(SafeText.line)
        return known.isEmpty ? row.text("address") : known.joined(separator: " ")
    }

    private static func actor(_ json: JSON?) -> String? {
        let row = JSONRow(json ?? .null)
        switch row.string("is") {
        case "person": return row.string("label").map(SafeText.line)
        case "operator": return "operator " + row.text("uid")
        case "provisioning": return "provisioning " + row.text("id")
        case "server": return "the server"
        default: return nil
        }
    }

    private static func subject(_ json: JSON?) -> String? {
        let row = JSONRow(json ?? .null)
        guard let kind = row.string("is") else { return nil }
        return SafeText.line(kind) + " " + SafeText.line(row.string("label") ?? row.string("id") ?? "")
    }
}

/// Members of an answer that may or may not be there.
struct JSONRow {
    private let members: [String: JSON]

    init(_ json: JSON) { members = json.objectValue ?? [:] }

    subscript(_ name: String) -> JSON? { members[name] }
    func string(_ name: String) -> String? { members[name]?.stringValue }
    func integer(_ name: String) -> Int? { members[name]?.integerValue }
    func bool(_ name: String) -> Bool? { members[name]?.boolValue }
    func rows(_ name: String) -> [JSON] { members[name]?.arrayValue ?? [] }
    /// Harmless, "-" where there is nothing.
    func text(_ name: String) -> String { members[name].map(AnswerTable.text) ?? "-" }
}
