package import StrictJSON

/// An event as JSON: absent members are left out; texts are cut at `AuditText.maximumBytes`.
extension AuditEvent {
    package var json: JSON {
        var members: [String: JSON] = [
            "time": .integer(time), "stream": .string(stream.rawValue), "action": .string(AuditText.cut(action)),
            "outcome": .string(outcome.rawValue),
        ]
        members["actor"] = actor?.json
        members["subject"] = subject?.json
        let texts = [
            "provider": provider, "session": session, "device": device, "host": host, "address": address,
            "ports": ports, "rule": rule, "reason": reason, "revision": revision,
        ]
        for (name, text) in texts { members[name] = text.map { .string(AuditText.cut($0)) } }
        members["source"] = source?.json
        members["destination"] = destination?.json
        members["direction"] = direction.map { .string($0.rawValue) }
        members["protocol"] = protocolNumber.map { .string(IPProtocolName.text($0)) }
        let numbers = [
            "port": port, "count": count, "last": last, "received_at": receivedAt, "clock_offset": clockOffset,
            "device_time": deviceTime, "device_last": deviceLast,
        ]
        for (name, number) in numbers { members[name] = number.map { .integer($0) } }
        return .object(members)
    }

    /// Errors: `unreadable`. Members that this version does not know are passed over.
    package init(json: JSON) throws(AuditError) {
        do {
            let members = try JSONMembers(json)
            guard let stream = Stream(rawValue: try members.string("stream")),
                let outcome = Outcome(rawValue: try members.string("outcome"))
            else { throw AuditError.unreadable }
            self.init(stream, try members.string("action"), outcome, at: try members.integer("time"))
            actor = try members.has("actor") ? AuditActor(members.object("actor")) : nil
            subject = try members.has("subject") ? AuditSubject(members.object("subject")) : nil
            provider = try members.optionalString("provider")
            session = try members.optionalString("session")
            device = try members.optionalString("device")
            host = try members.optionalString("host")
            address = try members.optionalString("address")
            source = try members.has("source") ? AuditEnd(members.object("source")) : nil
            destination = try members.has("destination") ? AuditEnd(members.object("destination")) : nil
            direction = try members.optionalString("direction").flatMap(Direction.init(rawValue:))
            protocolNumber = try members.optionalString("protocol").flatMap(IPProtocolName.number)
            port = try members.optionalInteger("port")
            ports = try members.optionalString("ports")
            rule = try members.optionalString("rule")
            reason = try members.optionalString("reason")
            revision = try members.optionalString("revision")
            count = try members.optionalInteger("count")
            last = try members.optionalInteger("last")
            receivedAt = try members.optionalInteger("received_at")
            clockOffset = try members.optionalInteger("clock_offset")
            deviceTime = try members.optionalInteger("device_time")
            deviceLast = try members.optionalInteger("device_last")
        } catch { throw .unreadable }
    }
}

extension AuditActor {
    fileprivate var json: JSON {
        switch self {
        case .person(let id, let label): AuditText.object(["is": "person", "id": id, "label": label])
        case .administrator(let uid): ["is": "operator", "uid": .integer(uid)]
        case .provisioning(let token): ["is": "provisioning", "id": .string(AuditText.cut(token))]
        case .server: ["is": "server"]
        }
    }

    fileprivate init(_ members: JSONMembers) throws {
        switch try members.string("is") {
        case "person": self = .person(id: try members.optionalString("id"), label: try members.optionalString("label"))
        case "operator": self = .administrator(uid: try members.integer("uid"))
        case "provisioning": self = .provisioning(token: try members.string("id"))
        case "server": self = .server
        default: throw AuditError.unreadable
        }
    }
}

extension AuditSubject {
    fileprivate var json: JSON { AuditText.object(["is": kind.rawValue, "id": id, "label": label]) }

    fileprivate init(_ members: JSONMembers) throws {
        guard let kind = Kind(rawValue: try members.string("is")) else { throw AuditError.unreadable }
        self.init(kind, id: try members.optionalString("id"), label: try members.optionalString("label"))
    }
}

extension AuditEnd {
    fileprivate var json: JSON {
        AuditText.object([
            "person": person, "label": label, "node": node, "device": device, "host": host, "address": address,
        ])
    }

    fileprivate init(_ members: JSONMembers) throws {
        self.init(
            person: try members.optionalString("person"), label: try members.optionalString("label"),
            node: try members.optionalString("node"), device: try members.optionalString("device"),
            host: try members.optionalString("host"), address: try members.optionalString("address"))
    }
}

/// Texts on their way into a record.
enum AuditText {
    /// Longer ones are cut: names come from outside, and evidence must not fill the disk.
    static let maximumBytes = 2048

    static func cut(_ text: String) -> String {
        guard text.utf8.count > maximumBytes else { return text }
        var bytes = 0
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix { scalar in
                    bytes += UTF8.width(scalar)
                    return bytes <= maximumBytes
                }))
    }

    static func object(_ texts: [String: String?]) -> JSON {
        .object(texts.compactMapValues { $0.map { .string(cut($0)) } })
    }
}

/// The protocols that people call by name; others by their number. Source: IANA, Assigned Internet Protocol Numbers.
package enum IPProtocolName {
    package static func text(_ number: UInt8) -> String {
        switch number {
        case 1: "icmp"
        case 6: "tcp"
        case 17: "udp"
        case 58: "ipv6-icmp"
        case 132: "sctp"
        default: String(number)
        }
    }

    static func number(_ text: String) -> UInt8? {
        switch text {
        case "icmp": 1
        case "tcp": 6
        case "udp": 17
        case "ipv6-icmp": 58
        case "sctp": 132
        default: UInt8(text)
        }
    }
}
