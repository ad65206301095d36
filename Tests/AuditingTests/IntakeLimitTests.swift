import Audit
import Auditing
import Identity
import NetworkAddresses
import Store
import StoreSQLite
import StrictJSON
import Testing
import Wire

@Suite struct `Evidence that devices would push out` {
    /// Devices that report as much as they are let, as often as they like.
    private struct Flood {
        let fixture: Fixture
        private let record: ConnectionRecord
        private var number = 100_000

        init(keepingDays days: Int, maximumBytes: Int = 40_000_000) async throws {
            fixture = try await Fixture(AuditConfiguration(lifetime: days * 86_400, maximumBytes: maximumBytes))
            let end = ConnectionRecord.End(address: try #require(IPAddress("100.64.0.1")))
            record = ConnectionRecord(
                time: Fixture.now, last: Fixture.now, count: 1, verdict: .deny, direction: .inbound, source: end,
                destination: end, protocolNumber: 6, port: 1, rule: nil, reason: String(repeating: "r", count: 2000),
                revision: nil)
        }

        /// One device is made of two letters: whose it is, and which of theirs.
        static func reporter(_ name: String) throws -> AttemptReporter {
            AttemptReporter(
                person: try #require(PersonID(String(repeating: String(name.prefix(1)), count: 22))),
                label: "p@example.com",
                device: try #require(DeviceID(String(repeating: name, count: 22).prefix(43).description)))
        }

        /// Until it is refused. The bytes that were stored, and why no more.
        mutating func send(from name: String) async throws -> (stored: Int, refusal: IntakeRefusal?) {
            let (before, reporter) = (try await size(), try Self.reporter(name))
            for _ in 0..<200 {
                number += 1
                let body = AttemptBatch(
                    id: "batch-\(number)-0123456789", sentAt: fixture.clock.now,
                    records: Array(repeating: record, count: 300), lost: 0, unattended: 0
                ).json.encoded()
                do throws(IntakeRefusal) {
                    try await fixture.log.take(body, from: reporter)
                } catch { return (try await size() - before, error) }
            }
            return (try await size() - before, nil)
        }

        func size() async throws -> Int { try await fixture.store.read { try $0.auditBytes() } }
    }

    @Test(
        arguments: [
            (["AA", "AA"], 2_500_000, .device), (["AA", "AB", "AC", "AD"], 5_000_000, .person),
            (["AA", "AB", "BA", "BB", "CA", "CB"], 10_000_000, .everyone),
        ] as [([String], Int, IntakeBound)])
    func `is a sixteenth of the log of a device, an eighth of a person, a quarter of all`(
        _ names: [String], _ most: Int, _ bound: IntakeBound
    ) async throws {
        var flood = try await Flood(keepingDays: 365)
        var stored = 0
        var last: IntakeRefusal?
        for name in names {
            let sent = try await flood.send(from: name)
            stored += sent.stored
            last = sent.refusal
        }
        #expect(stored <= most && stored > most - 1_500_000)
        guard case .tooMany(bound, let wait)? = last else {
            Issue.record("\(String(describing: last))")
            return
        }
        #expect(wait <= 600)
        #expect(try await flood.fixture.findings() == [])
    }

    @Test func `stays for 30 days, whoever reports how much`() async throws {
        var flood = try await Flood(keepingDays: 365)
        let fixture = flood.fixture
        try await fixture.log.store([fixture.event(1), fixture.event(2)])
        for _ in 0..<5 {
            for name in ["AA", "AB", "BA", "BB", "CA", "CB", "DA", "DB"] { _ = try await flood.send(from: name) }
            fixture.clock.advance(by: 7 * 86_400)
            try await fixture.log.forget()
        }
        #expect(try await fixture.records().first?.sequence == 1)
        #expect(try await flood.size() <= 30_000_000)
        #expect(try await fixture.findings() == [])
    }

    @Test func `is told once an hour for each that is at its limit`() async throws {
        var flood = try await Flood(keepingDays: 365)
        let fixture = flood.fixture
        for name in ["AA", "AA", "AB", "AC", "AC", "BA", "BB", "CA", "DA"] { _ = try await flood.send(from: name) }
        try await fixture.log.flush()
        func told() async throws -> [AuditEvent] {
            try await fixture.events().filter { $0.action == "attempts-held-back" }
        }
        let reasons = try await told().map { $0.reason ?? "" }
        #expect(Set(reasons) == Set(IntakeBound.allCases.map(\.name)))
        #expect(reasons.count { $0 == IntakeBound.everyone.name } == 1)
        let first = try #require(try await told().first)
        let reporter = try Flood.reporter("AA")
        #expect(first.reason == "device-reports-too-much" && first.device == reporter.device.thumbprint)
        #expect(
            first.subject?.id == reporter.person.text && first.outcome == .refused && first.stream == .administration)
        fixture.clock.advance(by: 3600)
        _ = try await flood.send(from: "AA")
        try await fixture.log.flush()
        #expect(try await told().count == reasons.count + 1)
    }

    @Test func `costs nothing when a batch comes again`() async throws {
        let fixture = try await Fixture(AuditConfiguration(maximumBytes: 40_000_000))
        let reporter = try Flood.reporter("AA")
        let end = ConnectionRecord.End(address: try #require(IPAddress("100.64.0.1")))
        let record = ConnectionRecord(
            time: Fixture.now, last: Fixture.now, count: 1, verdict: .deny, direction: .inbound, source: end,
            destination: end, protocolNumber: 6, port: 1, rule: nil, reason: String(repeating: "r", count: 2000),
            revision: nil)
        let body = AttemptBatch(
            id: "batch-100000-0123456789", sentAt: Fixture.now, records: Array(repeating: record, count: 300), lost: 0,
            unattended: 0
        ).json.encoded()
        for _ in 0..<20 { try await fixture.log.take(body, from: reporter) }
        #expect(try await fixture.records().count == 300)
    }
}
