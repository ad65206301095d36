import Audit
import Auditing
import Identity
import NetworkAddresses
import Store
import StoreSQLite
import StrictJSON
import Testing
import Wire

@Suite struct `A device's report of attempts` {
    private static func record(
        _ number: Int, _ verdict: ConnectionRecord.Verdict = .deny,
        _ direction: ConnectionRecord.Direction = .inbound, time: Int = Fixture.now
    ) throws -> ConnectionRecord {
        var source = ConnectionRecord.End(address: try #require(IPAddress("100.64.0.2")))
        source.host = "alice-laptop"
        source.label = "alice@example.com"
        var destination = ConnectionRecord.End(address: try #require(IPAddress("100.64.0.1")))
        destination.host = "somebody-else"
        destination.label = "mallory@example.com"
        return ConnectionRecord(
            time: time, last: time + 5, count: number, verdict: verdict, direction: direction, source: source,
            destination: destination, protocolNumber: 6, port: 5432, rule: "dba-to-db", reason: "no rule",
            revision: "r1")
    }

    private static func batch(
        _ records: [ConnectionRecord], id: String = String(repeating: "b", count: 22), sent: Int = Fixture.now,
        lost: Int = 0, unattended: Int = 0
    ) -> [UInt8] {
        AttemptBatch(id: id, sentAt: sent, records: records, lost: lost, unattended: unattended).json.encoded()
    }

    private static func reporter(_ fixture: Fixture, device: DeviceID? = nil) -> AttemptReporter {
        AttemptReporter(person: fixture.person.id, label: "alice@example.com", device: device ?? fixture.device)
    }

    @Test func `is stored with the node that the access token names, whatever it says itself`() async throws {
        let fixture = try await Fixture()
        try await fixture.log.take(
            Self.batch([try Self.record(3), try Self.record(1, .allow, .outbound)]), from: Self.reporter(fixture))
        let events = try await fixture.events()
        try #require(events.count == 2)
        #expect(events[0].outcome == .deny && events[0].stream == .connection && events[0].action == "attempt")
        #expect(events[0].count == 3 && events[0].last == Fixture.now + 5 && events[1].count == nil)
        #expect(events[0].device == fixture.device.thumbprint && events[0].host == "db-1")
        let own = AuditEnd(
            person: fixture.person.id.text, label: "alice@example.com", node: fixture.node.id.text,
            device: fixture.device.thumbprint, host: "db-1", address: "100.64.0.1")
        #expect(events[0].destination == own)
        #expect(events[0].source?.host == "alice-laptop")
        #expect(events[1].outcome == .allow && events[1].source?.host == "db-1")
        #expect(events[1].source?.address == "100.64.0.2")
        #expect(events[1].destination?.host == "somebody-else")
        #expect(events[0].rule == "dba-to-db" && events[0].revision == "r1" && events[0].port == 5432)
        #expect(events.allSatisfy { $0.receivedAt == Fixture.now && $0.clockOffset == nil })
    }

    @Test func `is stored once, however often it comes, and in any order`() async throws {
        let fixture = try await Fixture()
        let later = Self.batch([try Self.record(2, time: Fixture.now + 50)], id: String(repeating: "c", count: 22))
        for body in [later, Self.batch([try Self.record(1)]), later, Self.batch([try Self.record(1)])] {
            try await fixture.log.take(body, from: Self.reporter(fixture))
        }
        #expect(try await fixture.events().map(\.time) == [Fixture.now + 50, Fixture.now])
        // Another device may have given the same name to a batch of its own.
        let other = try #require(DeviceID(String(repeating: "E", count: 43)))
        try await fixture.log.take(later, from: Self.reporter(fixture, device: other))
        let last = try #require(try await fixture.events().last)
        #expect(last.device == other.thumbprint && last.host == nil)
        #expect(last.destination?.host == nil && last.destination?.label == "alice@example.com")
        #expect(try await fixture.findings() == [])
    }

    @Test(arguments: [(3600, 3600), (-3600, -3600), (301, 301), (300, nil), (-299, nil)] as [(Int, Int?)])
    func `by a clock that is off keeps its times, with ours beside and a flag`(_ offset: Int, _ flag: Int?) async throws
    {
        let fixture = try await Fixture()
        try await fixture.log.take(
            Self.batch([try Self.record(1, time: Fixture.now + offset)], sent: Fixture.now + offset),
            from: Self.reporter(fixture))
        let event = try #require(try await fixture.events().first)
        #expect(event.time == Fixture.now + offset)
        #expect(event.receivedAt == Fixture.now)
        #expect(event.clockOffset == flag)
    }

    /// Days before the intake (negative: after it).
    private struct Dating: Sendable {
        /// When the device says that it sends, when that it was, and when last.
        let sent: Int
        let was: Int
        let last: Int
        /// Where it is put; nil: where the device says.
        let put: (was: Int, last: Int)?
        /// In days too; nil: no flag.
        let offset: Int?

        static let all = [
            // As it should be: days in the spool.
            Dating(sent: 0, was: 60, last: 59, put: nil, offset: nil),
            // A clock that was not set yet, or a liar.
            Dating(sent: 0, was: 700, last: 0, put: (90, 0), offset: nil),
            Dating(sent: 0, was: 700, last: 650, put: (90, 90), offset: nil),
            Dating(sent: 0, was: -700, last: -700, put: (0, 0), offset: 700),
            Dating(sent: 0, was: 1, last: -700, put: (1, 0), offset: 700),
            // A whole report that is years off, with what lies between its moments.
            Dating(sent: 700, was: 703, last: 702, put: (3, 2), offset: -700),
            Dating(sent: -700, was: -698, last: -699, put: (2, 1), offset: 700),
            Dating(sent: -700, was: 700, last: 700, put: (90, 90), offset: 700),
        ]
    }

    @Test(arguments: Dating.all)
    private func `is put where it can have been, with what the device says beside it`(_ dating: Dating) async throws {
        let fixture = try await Fixture()
        let moment = { Fixture.now - $0 * 86_400 }
        var record = try Self.record(2, time: moment(dating.was))
        record.last = moment(dating.last)
        try await fixture.log.take(Self.batch([record], sent: moment(dating.sent)), from: Self.reporter(fixture))
        let event = try #require(try await fixture.events().first)
        let put = dating.put ?? (dating.was, dating.last)
        #expect(event.time == moment(put.was) && event.last == moment(put.last))
        #expect(event.deviceTime == (dating.put == nil ? nil : moment(dating.was)))
        #expect(event.deviceLast == (dating.put == nil ? nil : moment(dating.last)))
        #expect(event.clockOffset == dating.offset.map { $0 * 86_400 })
        #expect(event.receivedAt == Fixture.now)
    }

    @Test(arguments: [(300, nil), (301, 301)] as [(Int, Int?)])
    func `dated later than it was sent is flagged`(_ ahead: Int, _ flag: Int?) async throws {
        let fixture = try await Fixture()
        try await fixture.log.take(
            Self.batch([try Self.record(1, time: Fixture.now + ahead)]), from: Self.reporter(fixture))
        let event = try #require(try await fixture.events().first)
        #expect(event.time == Fixture.now + ahead && event.clockOffset == flag && event.deviceTime == nil)
    }

    @Test func `of losses by a clock that is years off says so too`() async throws {
        let fixture = try await Fixture()
        try await fixture.log.take(Self.batch([], sent: 7, lost: 1), from: Self.reporter(fixture))
        let event = try #require(try await fixture.events().first)
        #expect(event.time == Fixture.now && event.deviceTime == 7 && event.clockOffset == 7 - Fixture.now)
    }

    @Test func `says what came while no agent ran, apart from what the device lost`() async throws {
        let fixture = try await Fixture()
        try await fixture.log.take(Self.batch([], lost: 12, unattended: 5), from: Self.reporter(fixture))
        #expect(
            Set(try await fixture.events().map { "\($0.reason ?? "") \($0.count ?? 0)" }) == [
                "lost-on-device 7", "no-agent-running 5",
            ])
        try await fixture.log.take(
            Self.batch([], id: String(repeating: "d", count: 22), lost: 3, unattended: 3), from: Self.reporter(fixture))
        #expect(try await fixture.events().count == 3)
    }

    @Test func `says what the device lost, also when it is all there is`() async throws {
        let fixture = try await Fixture()
        try await fixture.log.take(Self.batch([], lost: 12), from: Self.reporter(fixture))
        let event = try #require(try await fixture.events().first)
        #expect(event.action == "attempts-lost" && event.count == 12 && event.outcome == .failure)
        #expect(event.reason == "lost-on-device")
        try await fixture.log.take(
            Self.batch([], id: String(repeating: "d", count: 22)), from: Self.reporter(fixture))
        #expect(try await fixture.events().count == 1)
    }

    @Test func `of a thousand records is taken, a larger one is not`() async throws {
        let fixture = try await Fixture()
        let record = try Self.record(1)
        try await fixture.log.take(
            Self.batch(Array(repeating: record, count: 1000)), from: Self.reporter(fixture))
        #expect(try await fixture.records().count == 1000)
        await #expect(throws: IntakeRefusal.malformed("records")) {
            try await fixture.log.take(
                Self.batch(Array(repeating: record, count: 1001), id: String(repeating: "e", count: 22)),
                from: Self.reporter(fixture))
        }
        let large = Self.batch([]) + [UInt8](repeating: 0x20, count: 1 << 20)
        await #expect(throws: IntakeRefusal.self) {
            try await fixture.log.take(large, from: Self.reporter(fixture))
        }
        #expect(try await fixture.records().count == 1000)
    }

    @Test(arguments: ["", "{}", "[]", #"{"batch":"short","sent":1,"records":[],"lost":0}"#])
    func `that is none is refused whole`(_ text: String) async throws {
        let fixture = try await Fixture()
        await #expect(throws: IntakeRefusal.self) {
            try await fixture.log.take(Array(text.utf8), from: Self.reporter(fixture))
        }
        #expect(try await fixture.records() == [])
    }

    @Test func `is one batch a second, once 600 have come`() async throws {
        let fixture = try await Fixture()
        for number in 0..<600 {
            try await fixture.log.take(
                Self.batch([], id: "batch-\(100_000 + number)-0123456789"), from: Self.reporter(fixture))
        }
        await #expect(throws: IntakeRefusal.tooMany(from: .device, retryAfter: 1)) {
            try await fixture.log.take(Self.batch([]), from: Self.reporter(fixture))
        }
        let other = try #require(DeviceID(String(repeating: "E", count: 43)))
        try await fixture.log.take(Self.batch([]), from: Self.reporter(fixture, device: other))
        fixture.clock.advance(by: 1)
        try await fixture.log.take(Self.batch([]), from: Self.reporter(fixture))
    }
}
