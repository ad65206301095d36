import Audit
import Auditing
import Cryptography
import Foundation
import GRDB
import Identity
import Logging
import Sessions
import SignedDocuments
import Store
import StoreSQLite
import StrictJSON
import Testing

/// What somebody with the database, and without the control key, does to five records while the server runs or rests.
enum Tampering: CaseIterable, Sendable { case cut, rewritten, head, rolledBack }

extension Fixture {
    /// A restarted server's.
    func anotherLog() throws -> AuditLog {
        var key = [UInt8](repeating: 3, count: 32)
        return AuditLog(
            store: store, signer: signer, pseudonyms: try Pseudonyms(taking: &key),
            configuration: AuditConfiguration(), clock: { [clock] in clock.now },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func tamper(_ tampering: Tampering, path: String, earlierHead: String) async throws {
        let records = try await records()
        let database = try DatabaseQueue(path: path)
        try await database.write { database in
            for trigger in ["are_appended", "never_change", "leave_by_retention"] {
                try database.execute(sql: "DROP TRIGGER audit_records_\(trigger)")
            }
            switch tampering {
            case .cut: try database.execute(sql: "DELETE FROM audit_records WHERE sequence > 3")
            case .head: try database.execute(sql: "UPDATE audit_marks SET document = 'a.b.c'")
            case .rolledBack:
                try database.execute(sql: "DELETE FROM audit_records WHERE sequence > 2")
                try database.execute(sql: "UPDATE audit_marks SET document = ?", arguments: [earlierHead])
            case .rewritten:
                // With hashes that fit: they need no key.
                var chain = AuditChain(sequence: 2, hash: records[1].hash)
                for record in records[2...] {
                    var event = try record.event()
                    event.action = "nothing"
                    let written = chain.append(event)
                    try database.execute(
                        sql: "UPDATE audit_records SET body = ?, hash = ? WHERE sequence = ?",
                        arguments: [Data(written.body), Data(written.hash), written.sequence])
                }
            }
        }
        try database.close()
    }
}

@Suite struct `The audit log` {
    @Test func `stores what it is told, in order and chained`() async throws {
        let fixture = try await Fixture(queueLimit: 5000)
        for number in 0..<2500 { fixture.log.record(fixture.event(number)) }
        try await fixture.log.flush()
        #expect(try await fixture.events() == (0..<2500).map { fixture.event($0) })
        #expect(try await fixture.findings() == [])
        try await fixture.log.flush()
        #expect(try await fixture.records().count == 2500)
    }

    @Test func `drops what its queue does not hold, and records how much that was`() async throws {
        let fixture = try await Fixture(queueLimit: 10)
        for number in 0..<17 { fixture.log.record(fixture.event(number)) }
        try await fixture.log.flush()
        let events = try await fixture.events()
        #expect(events.count == 11)
        #expect(events.last?.action == "audit-lost")
        #expect(events.last?.count == 7)
        #expect(events.last?.outcome == .failure)
        fixture.log.record(fixture.event(99))
        try await fixture.log.flush()
        #expect(try await fixture.events().last == fixture.event(99))
    }

    @Test func `loses nothing while the store fails`() async throws {
        let fixture = try await Fixture(queueLimit: 3)
        let log = fixture.log
        await fixture.store.close()
        for number in 0..<5 { log.record(fixture.event(number)) }
        await #expect(throws: StoreError.closed) { try await log.flush() }
        await #expect(throws: StoreError.closed) { try await log.flush() }
        await #expect(throws: StoreError.closed) { try await log.store([fixture.event(1)]) }
    }

    @Test func `has an administrative change on the disk when it says so`() async throws {
        let directory = try TemporaryDirectory()
        let fixture = try await Fixture(store: directory.path + "/ztna.db")
        try await fixture.log.store([fixture.event(1)])
        let file = try SQLiteAuditFile(path: directory.path + "/ztna.db")
        let key = fixture.signer.publicKey
        let verification = try file.verify(keys: [key.thumbprint: key])
        #expect(verification.count == 1)
        #expect(verification.findings == [])
        await fixture.store.close()
    }

    @Test(arguments: Tampering.allCases, [false, true])
    func `puts its name to nothing that another hand wrote`(_ tampering: Tampering, _ isRestarted: Bool) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/ztna.db"
        let fixture = try await Fixture(store: path)
        try await fixture.log.store([fixture.event(1), fixture.event(2)])
        let earlier = try #require(try await fixture.store.read { try $0.auditMark(.head) })
        try await fixture.log.store([fixture.event(3), fixture.event(4), fixture.event(5)])
        try await fixture.tamper(tampering, path: path, earlierHead: earlier)
        let log = isRestarted ? try fixture.anotherLog() : fixture.log
        for number in 6...8 { try await log.store([fixture.event(number)]) }
        // The whole put back to an earlier state, with the head of that time, is seen by whoever remembers or kept a later one.
        let isSeen = tampering != .rolledBack || !isRestarted
        let broken = try await fixture.events().filter { $0.action == "audit-broken" }
        #expect(broken.count == (isSeen ? 1 : 0))
        #expect(try await fixture.findings().isEmpty == !isSeen)
        if isSeen { #expect(try #require(broken.first?.reason).hasPrefix("record ")) }
        await fixture.store.close()
    }

    @Test func `runs until it is cancelled, and stores what is left`() async throws {
        let fixture = try await Fixture()
        let log = fixture.log
        let running = Task { await log.run() }
        for number in 0..<50 { log.record(fixture.event(number)) }
        running.cancel()
        await running.value
        #expect(try await fixture.records().count == 50)
    }

    @Test func `writes pseudonyms down where that is set, and finds people by their names`() async throws {
        let fixture = try await Fixture(AuditConfiguration(isPseudonymous: true))
        try await fixture.log.store([fixture.event(0), fixture.event(1)])
        let text = try await fixture.records().map { String(decoding: $0.body, as: UTF8.self) }.joined()
        for name in ["person-0", "person-1", "host-0", "\"p0\""] { #expect(!text.contains(name)) }
        let answer = try await fixture.log.list(
            .init(["command": "audit-list", "user": "Person-1@example.com", "after": 0]))
        #expect(answer.objectValue?["records"]?.arrayValue?.count == 1)
        #expect(try await fixture.findings() == [])
    }

    @Test func `forgets what is too old, and says so`() async throws {
        let fixture = try await Fixture(AuditConfiguration(lifetime: 100))
        try await fixture.log.store((0..<1200).map { _ in fixture.event(0) })
        #expect(try await fixture.log.forget() == 0)
        fixture.clock.advance(by: 101)
        try await fixture.log.store([fixture.event(101)])
        #expect(try await fixture.log.forget(maximumSteps: 1) == 500)
        #expect(try await fixture.log.forget() == 700)
        try await fixture.log.flush()
        let events = try await fixture.events()
        #expect(events.map(\.action) == ["action-101", "audit-forgotten", "audit-forgotten"])
        #expect(events.map(\.count) == [nil, 500, 700])
        #expect(try await fixture.findings() == [])
    }

    @Test func `counts anew what stays where somebody made records shorter`() async throws {
        let directory = try TemporaryDirectory()
        let fixture = try await Fixture(AuditConfiguration(maximumBytes: 3000), store: directory.path + "/ztna.db")
        try await fixture.log.store((0..<30).map { fixture.event($0) })
        let database = try DatabaseQueue(path: directory.path + "/ztna.db")
        try await database.write { database in
            try database.execute(
                sql: "DROP TRIGGER audit_records_never_change; UPDATE audit_records SET body = x'' WHERE sequence < 9")
        }
        try database.close()
        #expect(try await fixture.log.forget() >= 9)
        try await fixture.log.flush()
        let bytes = try await fixture.store.read { try $0.auditBytes() }
        #expect((1000..<3000).contains(bytes))
        // What they were shorter by takes nothing more.
        #expect(try await fixture.log.forget() == 0)
    }

    @Test func `counts what an earlier version wrote, whose marks say no size`() async throws {
        let fixture = try await Fixture(AuditConfiguration(maximumBytes: 3000))
        try await fixture.log.store((0..<40).map { fixture.event($0) })
        try await fixture.store.write { [signer = fixture.signer] records in
            let chain = try records.auditChain()
            let head = AuditMark(head: chain, bytes: nil, issuedAt: Fixture.now)
            try records.setAuditMark(head, document: try head.signed(by: signer))
        }
        #expect((1..<40).contains(try await fixture.log.forget()))
        #expect((2000...3000).contains(try await fixture.store.read { try $0.auditBytes() }))
        try await fixture.log.store((0..<40).map { fixture.event($0) })
        #expect(try await fixture.log.forget() > 20)
        #expect((2000...3000).contains(try await fixture.store.read { try $0.auditBytes() }))
        #expect(try await fixture.findings() == [])
    }

    @Test func `forgets what is too much`() async throws {
        let fixture = try await Fixture(AuditConfiguration(maximumBytes: 5000))
        try await fixture.log.store((0..<200).map { fixture.event($0) })
        #expect(try await fixture.log.forget() > 100)
        let bytes = try await fixture.store.read { try $0.auditBytes() }
        #expect((4000...5000).contains(bytes))
        #expect(try await fixture.findings() == [])
    }

    /// What somebody with the database does to the ten oldest of a log that keeps a hundred seconds, and what of them
    /// retention then deletes and says.
    @Test(arguments: [
        // The columns beside what is hashed move nothing.
        ("UPDATE audit_records SET time = 0", 0, 0, nil),
        ("UPDATE audit_records SET time = time + 100000", 101, 11, nil),
        // A record that was made older has no age: it stays as long as what comes after it.
        (
            "UPDATE audit_records SET body = CAST(replace(CAST(body AS TEXT), '\"time\":', '\"time\":-') AS BLOB)",
            101, 0, nil
        ),
        (
            "UPDATE audit_records SET body = x'7B7D' WHERE sequence IN (3, 4)", 101, 11,
            "records that were not as they were written have left by retention: 3, 4"
        ),
        // And so does one whose hash was made to fit: the next one does not.
        ("UPDATE audit_records SET hash = zeroblob(32) WHERE sequence = 2", 101, 11, "retention: 2, 3"),
        (
            "UPDATE audit_marks SET document = replace(document, '.', '.e') WHERE kind = 'base'", 101, 0,
            "nothing is deleted: the mark where the chain begins was not signed by the control key"
        ),
    ])
    func `forgets by what was hashed and signed alone`(_ sql: String, after seconds: Int, deleted: Int, said: String?)
        async throws
    {
        let directory = try TemporaryDirectory()
        let fixture = try await Fixture(AuditConfiguration(lifetime: 1000), store: directory.path + "/ztna.db")
        // A base, so that the chain does not begin at its beginning.
        try await fixture.log.store([fixture.event(0)])
        fixture.clock.advance(by: 1001)
        try await fixture.log.store((0..<10).map { _ in fixture.event(1001) })
        #expect(try await fixture.log.forget() == 1)
        try await fixture.log.flush()
        fixture.clock.advance(by: 900)
        try await fixture.log.store([fixture.event(1901)])
        let database = try DatabaseQueue(path: directory.path + "/ztna.db")
        try await database.write { database in
            try database.execute(sql: "DROP TRIGGER audit_records_never_change; " + sql)
        }
        try database.close()
        fixture.clock.advance(by: seconds)
        #expect(try await fixture.log.forget() == deleted)
        try await fixture.log.flush()
        let broken = try await fixture.records().compactMap { try? $0.event() }.last { $0.action == "audit-broken" }
        #expect(broken?.reason?.hasSuffix(said ?? "") == (said.map { _ in true }))
    }

    @Test func `records every end of a session once, with its reason, over restarts`() async throws {
        let fixture = try await Fixture()
        try await fixture.log.recordSessionEnds()
        try await fixture.store.write { [session = fixture.session] records in
            try records.appendChange(.session(session.id), at: 1)
            try records.appendChange(.node(session.id), at: 1)
        }
        // Changes that end no session cost no durable commit.
        let commits = fixture.store.commits
        try await fixture.log.recordSessionEnds()
        #expect(fixture.store.commits == commits)
        #expect(try await fixture.events() == [])
        try await fixture.store.write { [session = fixture.session] records in
            var session = session
            session.end(.personInactive, now: 77)
            try records.save(session)
            try records.appendChange(.session(session.id), at: 77)
            try records.appendChange(.session(session.id), at: 78)
        }
        for _ in 0..<2 { try await fixture.log.recordSessionEnds() }
        let events = try await fixture.events()
        #expect(events.count == 1)
        let expected = AuditEvent(
            .signIn, "session-ended", .success, at: 77,
            actor: .person(id: fixture.person.id.text, label: "alice@example.com"), provider: "corp",
            session: fixture.session.id.text, device: fixture.device.thumbprint, host: "db-1",
            reason: "person-inactive")
        #expect(events.first == expected)
        // Somebody moves the place on, past what comes then, while no server runs.
        try await fixture.store.write { [session = fixture.session] records in
            try records.appendChange(.session(session.id), at: 77)
            let place = AuditPlace(of: "changes", sequence: 1000)
            try records.setAuditPlace(place, document: "1000")
        }
        let next = try fixture.anotherLog()
        try await next.recordSessionEnds()
        try await next.flush()
        #expect(try await fixture.events().map(\.action) == ["session-ended", "session-ended", "audit-broken"])
    }
}
