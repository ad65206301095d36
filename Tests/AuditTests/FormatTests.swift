import Audit
import StrictJSON
import Testing

@Suite struct `A record for another program` {
    private static func ocsf(_ event: AuditEvent) throws -> [String: JSON] {
        var chain = AuditChain()
        return try #require(OCSF.json(chain.append(event), server: "ztna.example.com").objectValue)
    }

    @Test func `is Authentication when somebody signs in`() throws {
        let json = try Self.ocsf(Samples.signIn)
        let expected: [String: JSON] = [
            "class_uid": 3002, "category_uid": 3, "activity_id": 1, "type_uid": 300_201, "time": 1_763_731_840_000,
            "status_id": 2, "status_detail": "person-inactive", "severity_id": 2,
            "user": [
                "uid": "p1", "name": "Alice@Example.com", "email_addr": "Alice@Example.com", "type_id": 1,
            ],
            "src_endpoint": ["ip": "192.0.2.7", "hostname": "alice-laptop", "uid": "d1"], "session": ["uid": "s1"],
            "dst_endpoint": ["hostname": "ztna.example.com"], "service": ["name": "ztna"], "is_remote": true,
        ]
        for (name, value) in expected { #expect(json[name] == value, "\(name)") }
        let end = try Self.ocsf(AuditEvent(.signIn, "session-ended", .success, at: 1))
        #expect(end["activity_id"] == 2)
        #expect(end["type_uid"] == 300_202)
        #expect(end["user"] == ["name": "unknown", "type_id": 0])
    }

    @Test func `is Network Activity when it is an attempt`() throws {
        let json = try Self.ocsf(Samples.connection)
        let expected: [String: JSON] = [
            "class_uid": 4001, "category_uid": 4, "activity_id": 5, "type_uid": 400_105, "action_id": 2,
            "disposition_id": 2, "count": 3, "start_time": 1_763_735_440_000, "end_time": 1_763_735_445_000,
            "connection_info": [
                "direction_id": 1, "direction": "Inbound", "protocol_num": 6, "protocol_name": "tcp",
            ],
            "src_endpoint": [
                "ip": "100.64.0.2", "hostname": "alice-laptop", "uid": "n2",
                "owner": [
                    "uid": "p1", "name": "alice@example.com", "email_addr": "alice@example.com", "type_id": 1,
                ],
            ],
            "firewall_rule": ["name": "dba-to-db"], "policy": ["name": "ztna", "version": "r7"],
            "device": ["type_id": 0, "uid": "d2", "hostname": "db-1"],
        ]
        for (name, value) in expected { #expect(json[name] == value, "\(name)") }
        #expect(json["dst_endpoint"]?.objectValue?["port"] == 5432)
        #expect(json["metadata"]?.objectValue?["profiles"] == ["host", "security_control"])
        #expect(json["metadata"]?.objectValue?["logged_time"] == 1_763_731_845_000)
        var allowed = Samples.connection
        allowed.outcome = .allow
        #expect(try Self.ocsf(allowed)["type_uid"] == 400_101)
        #expect(try Self.ocsf(allowed)["disposition_id"] == 1)
    }

    @Test func `is API Activity when it is administration`() throws {
        let json = try Self.ocsf(Samples.administration)
        let expected: [String: JSON] = [
            "class_uid": 6003, "category_uid": 6, "activity_id": 3, "type_uid": 600_303, "status_id": 1,
            "api": ["operation": "nodes-tag", "service": ["name": "ztna"]],
            "actor": ["user": ["uid": "0", "name": "uid 0", "type_id": 2]],
            "src_endpoint": ["svc_name": "control.sock"],
            "resources": [["type": "node", "uid": "n1", "name": "db-1"]],
        ]
        for (name, value) in expected { #expect(json[name] == value, "\(name)") }
    }

    @Test(arguments: Samples.all)
    func `has what every class demands`(_ event: AuditEvent) throws {
        let json = try Self.ocsf(event)
        for name in ["class_uid", "category_uid", "activity_id", "type_uid", "time", "severity_id", "metadata"] {
            #expect(json[name] != nil, "\(name)")
        }
        #expect(json["metadata"]?.objectValue?["version"] == .string(OCSF.version))
        #expect(json["metadata"]?.objectValue?["sequence"] == 1)
        let number = try #require(json["class_uid"]?.integerValue)
        #expect(json["type_uid"] == .integer(number * 100 + (json["activity_id"]?.integerValue ?? 0)))
    }

    @Test func `is one syslog message, framed by its length`() throws {
        var chain = AuditChain()
        let record = chain.append(Samples.connection)
        let message = SyslogMessage.bytes(record, Samples.connection, body: Array("{}".utf8), host: "ztna.example.com")
        #expect(
            String(decoding: message, as: UTF8.self)
                == "<109>1 2025-11-21T14:30:40Z ztna.example.com ztna-server - connection [meta sequenceId=\"1\"] {}")
        #expect(SyslogMessage.framed(message) == Array("\(message.count) ".utf8) + message)
        let odd = SyslogMessage.bytes(
            AuditRecord(sequence: 2_147_483_648, body: [], hash: []), Samples.administration, body: [], host: " \n")
        #expect(String(decoding: odd, as: UTF8.self).hasPrefix("<110>1 2025-11-21T13:30:41Z - ztna-server - admin "))
        #expect(String(decoding: odd, as: UTF8.self).contains("sequenceId=\"1\""))
    }
}
