internal import Cryptography
package import StrictJSON

/// A record in the field names of the Open Cybersecurity Schema Framework, version 1.3.
///
/// Sign-ins are Authentication (3002), connection attempts Network Activity (4001) with the Security Control profile,
/// administration is API Activity (6003). Times are milliseconds. Source: schema.ocsf.io/1.3.0.
package enum OCSF {
    package static let version = "1.3.0"

    /// Errors: `unreadable`. `server` is our host name.
    package static func json(_ record: AuditRecord, server: String) throws(AuditError) -> JSON {
        let event = try record.event()
        var members: [String: JSON] = [
            "time": milliseconds(event.time), "message": .string(message(event)),
            "metadata": metadata(record, event, server), "count": .integer(event.count ?? 1),
            "status_id": isGood(event) ? 1 : 2, "status": isGood(event) ? "Success" : "Failure",
            "severity_id": severity(event),
        ]
        if let reason = event.reason { members["status_detail"] = .string(reason) }
        if let last = event.last {
            members["start_time"] = milliseconds(event.time)
            members["end_time"] = milliseconds(last)
        }
        let own =
            switch event.stream {
            case .signIn: authentication(event, server)
            case .connection: networkActivity(event)
            case .administration: apiActivity(event)
            }
        members.merge(own) { _, own in own }
        return .object(members)
    }

    /// `type_uid` is made of both: class × 100 + activity.
    private static func classified(
        category: Int, _ categoryName: String, class number: Int, _ name: String, activity: Int, _ activityName: String
    ) -> [String: JSON] {
        [
            "category_uid": .integer(category), "category_name": .string(categoryName), "class_uid": .integer(number),
            "class_name": .string(name), "activity_id": .integer(activity), "activity_name": .string(activityName),
            "type_uid": .integer(number * 100 + activity), "type_name": .string("\(name): \(activityName)"),
        ]
    }

    private static func authentication(_ event: AuditEvent, _ server: String) -> [String: JSON] {
        let isEnd = event.action == "session-ended"
        var members = classified(
            category: 3, "Identity & Access Management", class: 3002, "Authentication",
            activity: isEnd ? 2 : 1, isEnd ? "Logoff" : "Logon")
        members["user"] = user(event)
        members["service"] = ["name": "ztna"]
        members["dst_endpoint"] = ["hostname": .string(server)]
        members["src_endpoint"] = endpoint(AuditEnd(device: event.device, host: event.host, address: event.address))
        members["is_remote"] = true
        if let session = event.session { members["session"] = ["uid": .string(session)] }
        if let provider = event.provider { members["unmapped"] = ["provider": .string(provider)] }
        return members
    }

    private static func networkActivity(_ event: AuditEvent) -> [String: JSON] {
        let isAllowed = event.outcome == .allow
        var members = classified(
            category: 4, "Network Activity", class: 4001, "Network Activity", activity: isAllowed ? 1 : 5,
            isAllowed ? "Open" : "Refuse")
        members["action_id"] = isAllowed ? 1 : 2
        members["action"] = isAllowed ? "Allowed" : "Denied"
        members["disposition_id"] = isAllowed ? 1 : 2
        members["disposition"] = isAllowed ? "Allowed" : "Blocked"
        members["src_endpoint"] = endpoint(event.source)
        members["dst_endpoint"] = endpoint(event.destination, port: event.port)
        members["device"] = device(event)
        if let source = event.source, source.person != nil || source.label != nil {
            members["actor"] = ["user": user(id: source.person, label: source.label)]
        }
        var connection: [String: JSON] = [
            "direction_id": event.direction == .outbound ? 2 : 1,
            "direction": event.direction == .outbound ? "Outbound" : "Inbound",
        ]
        if let number = event.protocolNumber {
            connection["protocol_num"] = .integer(Int(number))
            connection["protocol_name"] = .string(IPProtocolName.text(number))
        }
        members["connection_info"] = .object(connection)
        if let rule = event.rule { members["firewall_rule"] = ["name": .string(rule)] }
        if let revision = event.revision { members["policy"] = ["name": "ztna", "version": .string(revision)] }
        if let ports = event.ports { members["unmapped"] = ["ports": .string(ports)] }
        return members
    }

    private static func apiActivity(_ event: AuditEvent) -> [String: JSON] {
        let (activity, name) = crud(event.action)
        var members = classified(
            category: 6, "Application Activity", class: 6003, "API Activity", activity: activity, name)
        members["actor"] = actor(event)
        members["api"] = ["operation": .string(event.action), "service": ["name": "ztna"]]
        members["src_endpoint"] =
            event.address.map { ["ip": .string($0)] } ?? ["svc_name": .string(isLocal(event) ? "control.sock" : "ztna")]
        if let subject = event.subject {
            var resource: [String: JSON] = ["type": .string(subject.kind.rawValue)]
            resource["uid"] = subject.id.map { .string($0) }
            resource["name"] = subject.label.map { .string($0) }
            members["resources"] = [.object(resource)]
        }
        if let revision = event.revision { members["unmapped"] = ["policy_revision": .string(revision)] }
        return members
    }

    private static func isLocal(_ event: AuditEvent) -> Bool {
        if case .administrator? = event.actor { true } else { false }
    }

    private static func crud(_ action: String) -> (Int, String) {
        let last = action.split(separator: "-").last.map(String.init) ?? ""
        return switch last {
        case "create", "created", "add", "grant", "granted", "provisioned": (1, "Create")
        case "list", "show", "status", "export", "test", "url": (2, "Read")
        case "end", "ended", "delete", "deleted", "revoke", "revoked", "lost", "expired": (4, "Delete")
        case "tag", "rotate", "reload", "apply", "rollback", "confirm", "update", "updated", "changed": (3, "Update")
        default: (99, "Other")
        }
    }

    private static func metadata(_ record: AuditRecord, _ event: AuditEvent, _ server: String) -> JSON {
        var members: [String: JSON] = [
            "version": .string(version), "product": ["name": "ztna", "vendor_name": "ztna"],
            "uid": .string(Hexadecimal.encode(record.hash)), "sequence": .integer(record.sequence),
            "log_name": .string(event.stream.rawValue), "log_provider": .string(server),
            "event_code": .string(event.action),
        ]
        if event.stream == .connection { members["profiles"] = ["host", "security_control"] }
        if let receivedAt = event.receivedAt { members["logged_time"] = milliseconds(receivedAt) }
        if let deviceTime = event.deviceTime { members["original_time"] = .string(String(deviceTime)) }
        return .object(members)
    }

    /// Authentication demands one, so somebody unknown is one too.
    private static func user(_ event: AuditEvent) -> JSON {
        if case .person(let id, let label)? = event.actor { return user(id: id, label: label) }
        return ["name": "unknown", "type_id": 0]
    }

    private static func user(id: String?, label: String?) -> JSON {
        var members: [String: JSON] = ["type_id": 1]
        members["uid"] = id.map { .string($0) }
        if let label {
            members["name"] = .string(label)
            if label.utf8.contains(UInt8(ascii: "@")) { members["email_addr"] = .string(label) }
        }
        if members.count == 1 { members["name"] = "unknown" }
        return .object(members)
    }

    private static func actor(_ event: AuditEvent) -> JSON {
        switch event.actor {
        case .person?: ["user": user(event)]
        case .administrator(let uid)?:
            ["user": ["uid": .string(String(uid)), "name": .string("uid \(uid)"), "type_id": 2]]
        case .provisioning(let token)?: ["app_uid": .string(token), "app_name": "SCIM"]
        case .server?, nil: ["app_name": "ztna-server"]
        }
    }

    private static func endpoint(_ end: AuditEnd?, port: Int? = nil) -> JSON {
        var members: [String: JSON] = [:]
        members["ip"] = end?.address.map { .string($0) }
        members["hostname"] = end?.host.map { .string($0) }
        members["uid"] = (end?.node ?? end?.device).map { .string($0) }
        members["port"] = port.map { .integer($0) }
        if let end, end.person != nil || end.label != nil { members["owner"] = user(id: end.person, label: end.label) }
        if members.isEmpty { members["name"] = "unknown" }
        return .object(members)
    }

    /// Who reports it (profile `host`).
    private static func device(_ event: AuditEvent) -> JSON {
        var members: [String: JSON] = ["type_id": 0]
        members["uid"] = event.device.map { .string($0) }
        members["hostname"] = event.host.map { .string($0) }
        return .object(members)
    }

    private static func isGood(_ event: AuditEvent) -> Bool { event.outcome == .success || event.outcome == .allow }

    private static func severity(_ event: AuditEvent) -> JSON {
        switch event.outcome {
        case .success, .allow: 1
        case .refused, .deny: 2
        case .failure: 3
        }
    }

    private static func message(_ event: AuditEvent) -> String {
        event.stream.rawValue + " " + event.action + ": " + event.outcome.rawValue
    }

    private static func milliseconds(_ seconds: Int) -> JSON {
        .integer(seconds.multipliedReportingOverflow(by: 1000).partialValue)
    }
}
