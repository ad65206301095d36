import Foundation
import GRDB
import Identity
import Sessions
import Store
import Testing

@testable import StoreSQLite

@Suite struct `A SQLite store` {
    @Test(arguments: StoreConformance.all)
    func `in memory keeps every promise`(_ promise: StorePromise) async throws {
        try await promise.check(SQLiteStore(inMemory: ()))
    }

    @Test(arguments: StoreConformance.all, [1, 8])
    func `in a file keeps every promise`(_ promise: StorePromise, _ processors: Int) async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteStore(path: directory.file, processors: processors)
        try await promise.check(store)
        await store.close()
    }

    @Test func `in a file knows what it committed last, and not what was there before it was opened`() async throws {
        let directory = try TemporaryDirectory()
        for opening in 0..<2 {
            let store = try SQLiteStore(path: directory.file)
            #expect(store.recentChanges(after: opening) == nil)
            try await store.write { try $0.appendChange(.node(RandomRecords.fixed(25)), at: opening) }
            #expect(store.recentChanges(after: opening)?.map(\.record.sequence) == [opening + 1])
            #expect((store.recentChanges(after: 0) == nil) == (opening > 0))
            await store.close()
        }
    }

    @Test func `finds everything again after an abandoned and after a clean end`() async throws {
        let directory = try TemporaryDirectory()
        var random = RandomRecords(seed: 30)
        let (node, session, login) = (random.node(), random.session(), random.deviceAuthorization())
        let abandoned = try SQLiteStore(path: directory.file)
        try await abandoned.write { records in
            try records.save(node)
            try records.save(session)
            try records.save(login)
            try records.appendChange(.node(node.id), at: 1)
        }
        for _ in 0..<2 {
            let store = try SQLiteStore(path: directory.file)
            try await store.read { records throws in
                #expect(try records.node(node.id) == node)
                #expect(try records.session(session.id) == session)
                #expect(try records.deviceAuthorization(login.id) == login)
                #expect(try records.lastChangeSequence() == 1)
            }
            await store.close()
        }
        await abandoned.close()
    }

    @Test func `recovers whole commits from a torn log, as after a power cut`() async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteStore(path: directory.file)
        for number in 0..<20 { try await store.write { try $0.setSetting("\(number)", to: "kept") } }
        let cut = directory.path + "/cut.db"
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: directory.file + suffix, toPath: cut + suffix)
        }
        let log = try #require(FileHandle(forWritingAtPath: cut + "-wal"))
        try log.truncate(atOffset: log.seekToEnd() - 100)
        let recovered = try SQLiteStore(path: cut)
        let kept = try await recovered.read { records in try (0..<20).filter { try records.setting("\($0)") == "kept" }
        }
        #expect(kept == Array(0..<19))
        await recovered.close()
        await store.close()
    }

    @Test func `makes its files for their owner alone and syncs each commit`() async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteStore(path: directory.file)
        try await store.write { try $0.setSetting("a", to: "b") }
        for suffix in ["", "-wal", "-shm"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: directory.file + suffix)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        }
        let expected = [
            "journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "trusted_schema": "0",
            "application_id": "\(0x7A74_6E61)", "user_version": "\(Schema.migrations.count)",
        ]
        for (name, value) in expected { #expect(try await store.pragma(name) == value, "\(name)") }
        await store.close()
    }

    @Test func `refuses writers beyond its queue and serves those in it`() async throws {
        let store = try SQLiteStore(inMemory: (), queueLimit: 4)
        let gate = Gate()
        let blocked = Task { try await store.write { _ in gate.holdWriter() } }
        await gate.writerHasArrived()
        // The gate opens when all that do not fit have been turned away; the four that fit wait for it.
        let refused = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    do { try await store.write { try $0.setSetting("a", to: "b") } } catch { return true }
                    return false
                }
            }
            var refused = 0
            for await wasRefused in group where wasRefused {
                refused += 1
                if refused == 16 { gate.open() }
            }
            return refused
        }
        try await blocked.value
        #expect(refused == 16)
        try await store.write { try $0.setSetting("later", to: "fine") }
    }

    @Test func `says that the disk is full, keeps nothing, and goes on when there is room`() async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteStore(path: directory.file)
        try await store.execute("PRAGMA max_page_count = 40")
        let large = String(repeating: "x", count: 1_000_000)
        await #expect(throws: StoreError.diskFull) { try await store.write { try $0.setSetting("large", to: large) } }
        // A body that swallows the error is not believed.
        await #expect(throws: StoreError.diskFull) {
            try await store.write { records in
                try? records.setSetting("large", to: large)
                try? records.setSetting("small", to: "")
            }
        }
        #expect(try await store.read { try $0.setting("small") } == nil)
        try await store.execute("PRAGMA max_page_count = 1000000")
        try await store.write { try $0.setSetting("large", to: large) }
        #expect(try await store.read { try $0.setting("large") } == large)
        await store.close()
    }

    @Test func `says that it cannot write`() async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteStore(path: directory.file)
        try await store.execute("PRAGMA query_only = 1")
        await #expect(throws: StoreError.readOnly) { try await store.write { try $0.setSetting("a", to: "") } }
        #expect(try await store.read { try $0.setting("a") } == nil)
        await store.close()
        #expect(throws: StoreError.readOnly) { try SQLiteStore(path: directory.path + "/absent/ztna.db") }
        #expect(throws: StoreError.readOnly) { try SQLiteStore(path: "/proc/ztna.db") }
    }

    @Test func `refuses another program's database, a newer one, and what is none`() async throws {
        let directory = try TemporaryDirectory()
        for (number, change) in ["application_id = 7", "user_version = 999"].enumerated() {
            let path = directory.path + "/\(number).db"
            let store = try SQLiteStore(path: path)
            try await store.execute("PRAGMA \(change)")
            await store.close()
            #expect(throws: StoreError.self) { try SQLiteStore(path: path) }
        }
        let text = String(repeating: "not a database ", count: 1000)
        try text.write(toFile: directory.file, atomically: true, encoding: .utf8)
        #expect(throws: StoreError.self) { try SQLiteStore(path: directory.file) }
    }

    @Test(arguments: [
        ("UPDATE device_authorizations SET body = '{}'", "device_authorizations"),
        ("UPDATE device_authorizations SET body = ''", "device_authorizations"),
        ("UPDATE device_authorizations SET state_hash = NULL", "device_authorizations"),
        ("UPDATE device_authorizations SET body = replace(body, 'redirected', 'redirecte')", "device_authorizations"),
        ("UPDATE people SET subject = CAST(x'ff' AS TEXT)", "people"), ("UPDATE people SET email = '@'", "people"),
        ("UPDATE sessions SET amr = '[1]'", "sessions"), ("UPDATE sessions SET end_reason = 'x'", "sessions"),
        ("UPDATE sessions SET evidence_kind = 'x'", "sessions"),
        ("UPDATE sessions SET refresh_hash = x'00', refresh_generation = NULL", "sessions"),
        ("UPDATE nodes SET ipv4 = -1", "nodes"), ("UPDATE nodes SET ipv6 = x'00'", "nodes"),
        ("UPDATE nodes SET tags = 'A'", "nodes"), ("UPDATE nodes SET host = '-'", "nodes"),
        ("UPDATE changes SET subject = 'x'", "changes"), ("UPDATE changes SET record = 'x'", "changes"),
        ("UPDATE memberships SET source = 'x'", "memberships"),
    ])
    func `names the table of a record that cannot be read`(_ damage: String, _ table: String) async throws {
        let store = try SQLiteStore(inMemory: ())
        var random = RandomRecords(seed: 31)
        var login = random.deviceAuthorization()
        login.state = .redirected(random.browser(), random.redirect())
        let (person, session, node, group) = (random.person(), random.session(), random.node(), random.group())
        try await store.write { [login] records in
            try records.save(login)
            try records.save(person)
            try records.save(session)
            try records.save(node)
            try records.appendChange(.node(node.id), at: 1)
            _ = try records.setMemberships(of: person.id, source: .local, to: [group])
        }
        try await store.execute(damage)
        let reads: [String: @Sendable (any StoreReader) throws -> Void] = [
            "device_authorizations": { [login] in _ = try $0.deviceAuthorization(login.id) },
            "people": { _ = try $0.people() }, "sessions": { _ = try $0.session(session.id) },
            "nodes": { _ = try $0.nodes() }, "changes": { _ = try $0.changes(after: 0, limit: 9) },
            "memberships": { _ = try $0.memberships(of: person.id) },
        ]
        let read = try #require(reads[table])
        await #expect(throws: StoreError.corrupt(table)) { try await store.read(read) }
    }

    @Test func `reads stored bodies changed at random, or refuses them`() {
        var random = RandomRecords(seed: 32)
        for _ in 0..<500 {
            let login = random.deviceAuthorization()
            var body = Array(login.body.utf8)
            for _ in 0...random.number(0...3) {
                body[random.number(0...(body.count - 1))] = UInt8(random.number(0...255))
            }
            _ = try? DeviceAuthorization(login.keys, body: String(decoding: body, as: UTF8.self))
        }
    }

    @Test func `believes the row of a sign-in, not what it remembers of it`() async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteStore(path: directory.file)
        var random = RandomRecords(seed: 33)
        let login = random.deviceAuthorization()
        try await store.write { try $0.save(login) }
        #expect(try await store.read { try $0.deviceAuthorization(login.id) } == login)
        try await store.execute("UPDATE device_authorizations SET expires_at = expires_at + 1")
        let later = try await store.read { try $0.deviceAuthorization(login.id) }
        #expect(later == login.with(expiresAt: login.expiresAt + 1))
        try await store.execute("UPDATE device_authorizations SET body = replace(body, '\"number\":', '\"numbex\":')")
        await #expect(throws: StoreError.corrupt("device_authorizations")) {
            try await store.read { try $0.deviceAuthorization(login.id) }
        }
        await store.close()
    }

    @Test(arguments: [1, 8])
    func `shows a sign-in as it was last committed`(_ processors: Int) async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteStore(path: directory.file, processors: processors)
        var random = RandomRecords(seed: 61)
        var login = random.deviceAuthorization()
        login.state = .pending
        let id = login.id
        #expect(try await store.deviceAuthorization(id) == nil)
        try await store.write { [login] in try $0.save(login) }
        #expect(try await store.deviceAuthorization(id) == login)
        let begun = login
        login.state = .claimed(BrowserBinding(cookieHash: login.deviceCodeHash, isLocal: true, numbers: []))
        struct Undone: Error {}
        await #expect(throws: Undone.self) {
            try await store.write { [login] records in
                try records.save(login)
                throw Undone()
            }
        }
        #expect(try await store.deviceAuthorization(id) == begun)
        try await store.write { [login] in try $0.save(login) }
        #expect(try await store.deviceAuthorization(id) == login)
        login.state = .denied(.person)
        try await store.write { [login] in try $0.save(login) }
        #expect(try await store.deviceAuthorization(id) == login)
        try await store.write { try $0.deleteDeviceAuthorizations(expiredBefore: .max) }
        #expect(try await store.deviceAuthorization(id) == nil)
        await store.close()
    }

    @Test func `answers all who read at once, and then refuses`() async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteStore(path: directory.file)
        try await store.write { try $0.setSetting("a", to: "b") }
        try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<200 { group.addTask { try await store.read { try $0.setting("a") } } }
            for try await answer in group { #expect(answer == "b") }
        }
        await store.close()
        await #expect(throws: StoreError.closed) { try await store.read { try $0.setting("a") } }
    }

    @Test func `keeps every hash as bytes`() async throws {
        let store = try SQLiteStore(inMemory: ())
        let types = try await store.columnTypes(endingIn: "hash")
        #expect(types.count == 10)
        #expect(types.allSatisfy { $0 == "BLOB" })
    }
}

/// A directory of one test, gone with it.
private final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/ztna-store-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    var file: String { path + "/ztna.db" }
    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Holds a write inside its body until the test lets go.
private final class Gate: Sendable {
    private let arrived = AsyncStream.makeStream(of: Void.self)
    private let opened = DispatchSemaphore(value: 0)

    func holdWriter() {
        arrived.continuation.yield()
        opened.wait()
    }

    func writerHasArrived() async { for await _ in arrived.stream { return } }
    func open() { opened.signal() }
}

/// What SQLite itself says, over the writing connection.
extension SQLiteStore {
    fileprivate func execute(_ sql: String) async throws {
        try await writer.writeWithoutTransaction { try $0.execute(sql: sql) }
    }

    fileprivate func pragma(_ name: String) async throws -> String? {
        try await writer.writeWithoutTransaction { try String.fetchOne($0, sql: "PRAGMA \(name)") }
    }

    fileprivate func columnTypes(endingIn suffix: String) async throws -> [String] {
        try await writer.writeWithoutTransaction { database in
            try String.fetchAll(
                database,
                sql: """
                    SELECT c.type FROM sqlite_schema t, pragma_table_info(t.name) c
                    WHERE t.type = 'table' AND c.name LIKE '%' || ?
                    """, arguments: [suffix])
        }
    }
}
