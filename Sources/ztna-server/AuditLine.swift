import Audit
import StrictJSON

/// One record as a line for people.
enum AuditLine {
    static func text(_ json: JSON) -> String {
        guard let event = try? AuditEvent(json: json) else { return ControlOptions.text(.string(json.encodedText())) }
        var words = [RFC3339.text(event.time), event.stream.rawValue, event.outcome.rawValue]
        if event.stream == .connection, event.source != nil {
            words.append(end(event.source) + " → " + end(event.destination) + " " + service(event))
        } else {
            words.append(event.action)
            if let actor = event.actor { words.append("by " + Self.actor(actor)) }
            if let subject = event.subject, let name = subject.label ?? subject.id {
                words.append("\(subject.kind.rawValue) \(name)")
            }
            if event.subject?.kind != .node, let host = event.host { words.append("on " + host) }
            if let address = event.address { words.append("from " + address) }
        }
        if let count = event.count { words.append("×\(count)") }
        if let rule = event.rule { words.append("rule \(rule)") }
        if let reason = event.reason { words.append("(\(reason))") }
        if let offset = event.clockOffset { words.append("[clock off by \(offset) s]") }
        if let said = event.deviceTime { words.append("[the device says at \(said)]") }
        return ControlOptions.text(.string(words.joined(separator: "  ")))
    }

    private static func end(_ end: AuditEnd?) -> String {
        let host = end?.host ?? end?.address ?? "?"
        return (end?.label ?? end?.person).map { "\($0) (\(host))" } ?? host
    }

    private static func service(_ event: AuditEvent) -> String {
        let name = event.protocolNumber.map(IPProtocolName.text) ?? ""
        return name + ((event.ports ?? event.port.map(String.init)).map { "/" + $0 } ?? "")
    }

    private static func actor(_ actor: AuditActor) -> String {
        switch actor {
        case .person(let id, let label): label ?? id ?? "somebody"
        case .administrator(let uid): "operator \(uid)"
        case .provisioning(let token): "SCIM token \(token)"
        case .server: "the server"
        }
    }
}
