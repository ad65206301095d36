import Identity
import NetworkAddresses
import StrictJSON
import Testing
import Wire

private func record() throws -> ConnectionRecord {
    var source = ConnectionRecord.End(address: try #require(IPAddress("fd00::2")))
    source.node = NodeID(String(repeating: "N", count: 22))
    source.person = PersonID(String(repeating: "P", count: 22))
    source.host = "laptop"
    source.label = "bob@example.com"
    return ConnectionRecord(
        time: 100, last: 160, count: 3, verdict: .deny, direction: .inbound, source: source,
        destination: ConnectionRecord.End(address: try #require(IPAddress("fd00::1"))), protocolNumber: 6, port: 22,
        rule: "admins", reason: "No rule lets bob.", revision: "r1")
}

@Suite struct `A connection record` {
    @Test func `is read as it was written`() throws {
        var scan = try record()
        (scan.port, scan.ports, scan.rule, scan.revision) = (nil, "1-79,81-65535", nil, nil)
        for one in [try record(), scan] { #expect(try ConnectionRecord(json: one.json) == one) }
        let batch = AttemptBatch(
            id: String(repeating: "b", count: 22), sentAt: 200, records: [scan], lost: 7, unattended: 5)
        #expect(try AttemptBatch(parsing: batch.json.encoded()) == batch)
    }

    @Test(
        arguments: [
            ("time", -1), ("last", 99), ("count", 0), ("verdict", "accept"), ("direction", "up"), ("protocol", 256),
            ("port", 65_536), ("ports", 1), ("reason", .string(String(repeating: "x", count: 2049))), ("payload", "x"),
            ("source", ["address": "nowhere"]), ("destination", ["address": "10.0.0.1", "more": 1]),
            ("source", ["address": "10.0.0.1", "node": "short"]),
        ] as [(String, JSON)])
    func `is refused with a member that no agent writes`(_ name: String, _ value: JSON) throws {
        var members = try #require(try record().json.objectValue)
        members[name] = value
        #expect(throws: WireError.malformed(name)) { try ConnectionRecord(json: .object(members)) }
    }

    @Test(arguments: ["time", "last", "count", "verdict", "direction", "source", "destination", "protocol", "reason"])
    func `is refused without`(_ name: String) throws {
        var members = try #require(try record().json.objectValue)
        members[name] = nil
        #expect(throws: WireError.malformed(name)) { try ConnectionRecord(json: .object(members)) }
    }

    @Test(
        arguments: [
            ("batch", "short"), ("batch", .string(String(repeating: "/", count: 22))), ("sent", -1), ("lost", -1),
            ("unattended", 1), ("unattended", -1),
            ("records", .array(Array(repeating: [:], count: 1001))), ("records", [[:]]),
        ] as [(String, JSON)])
    func `is in no batch that`(_ name: String, _ value: JSON) throws {
        let batch = AttemptBatch(id: String(repeating: "b", count: 22), sentAt: 200, records: [], lost: 0)
        var members = try #require(batch.json.objectValue)
        members[name] = value
        #expect(throws: WireError.self) { try AttemptBatch(parsing: JSON.object(members).encoded()) }
    }
}
