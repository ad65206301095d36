import Audit
import Cryptography
import Foundation
import GRDB
import SignedDocuments
import Store
import Testing

@testable import StoreSQLite

/// A database of a server that is gone, with thirty records and their signed head.
private final class Evidence: Sendable {
    let path: String
    let signer: Ed25519PrivateKey

    private static func newPath() -> String {
        NSTemporaryDirectory() + "/ztna-audit-" + UUID().uuidString + ".db"
    }

    init() async throws {
        path = Self.newPath()
        var seed = [UInt8](repeating: 5, count: 32)
        signer = try Ed25519PrivateKey(taking: &seed)
        let store = try SQLiteStore(path: path)
        try await store.write { [signer] records in
            let events = (1...30).map {
                AuditEvent(.administration, "nodes-tag", .success, at: $0, actor: .administrator(uid: $0))
            }
            var chain = try records.auditChain()
            try records.append(events.map { chain.append($0) }, of: events)
            let head = AuditMark(head: chain, bytes: 0, issuedAt: 30)
            try records.setAuditMark(head, document: try head.signed(by: signer))
            let place = AuditPlace(of: "export:siem", sequence: 9)
            try records.setAuditPlace(place, document: try place.signed(by: signer))
        }
        await store.close()
    }

    private init(copyOf other: Evidence) throws {
        path = Self.newPath()
        signer = other.signer
        try FileManager.default.copyItem(atPath: other.path, toPath: path)
    }

    /// Of a file that nobody has open.
    func copy() throws -> Evidence { try Evidence(copyOf: self) }

    /// As retention does.
    func forget(through sequence: Int) async throws {
        let store = try SQLiteStore(path: path)
        try await store.write { [signer] records in
            let last = try #require(
                try records.auditRecords(matching: AuditQuery(), after: sequence - 1, limit: 1).first)
            let base = AuditMark(.base, sequence: sequence, hash: last.hash, bytes: 0, issuedAt: 30)
            _ = try records.deleteAuditRecords(throughBase: base, document: try base.signed(by: signer))
        }
        await store.close()
    }

    deinit { for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) } }

    /// As somebody with the file and a database program would.
    /// How many rows it changed.
    @discardableResult
    func tamper(_ sql: String) throws -> Int {
        let database = try DatabaseQueue(path: path)
        let changed = try database.writeWithoutTransaction { database in
            try database.execute(sql: sql)
            return database.totalChangesCount
        }
        try database.close()
        return changed
    }

    static let withoutTriggers = """
        DROP TRIGGER audit_records_are_appended; DROP TRIGGER audit_records_never_change;
        DROP TRIGGER audit_records_leave_by_retention;
        """

    func findings(key: Ed25519PublicKey? = nil) throws -> [ChainVerification.Finding] {
        let key = key ?? signer.publicKey
        return try SQLiteAuditFile(path: path).verify(keys: [key.thumbprint: key]).findings
    }
}

@Suite struct `Evidence in a database file` {
    @Test func `is verified without its server`() async throws {
        let evidence = try await Evidence()
        #expect(try evidence.findings() == [])
        var count = 0
        let key = evidence.signer.publicKey
        let verification = try SQLiteAuditFile(path: evidence.path)
            .verify(keys: [key.thumbprint: key]) { _ in count += 1 }
        #expect(verification.count == 30)
        #expect(count == 30)
        var seed = [UInt8](repeating: 6, count: 32)
        #expect(
            try evidence.findings(key: Ed25519PrivateKey(taking: &seed).publicKey) == [.head, .place("export:siem")])
    }

    @Test(arguments: [
        "UPDATE audit_records SET time = 0", "UPDATE audit_records SET body = x'00' WHERE sequence = 3",
        "DELETE FROM audit_records", "DELETE FROM audit_records WHERE sequence = 1",
        "INSERT INTO audit_records VALUES (32, 0, x'', x'')",
        "INSERT INTO audit_records VALUES (30, 0, x'', x'')",
    ])
    func `is not changed by mistake`(_ sql: String) async throws {
        let evidence = try await Evidence()
        #expect(throws: DatabaseError.self) { try evidence.tamper(sql) }
        #expect(try evidence.findings() == [])
    }

    @Test(arguments: [
        (
            "UPDATE audit_records SET body = CAST(replace(CAST(body AS TEXT), '\"uid\":7', '\"uid\":8') AS BLOB)",
            [ChainVerification.Finding.changed(sequence: 7)]
        ),
        ("UPDATE audit_records SET hash = x'00' WHERE sequence = 30", [.changed(sequence: 30), .headDiffers]),
        ("DELETE FROM audit_records WHERE sequence = 12", [.missing(from: 12, through: 12), .index]),
        ("DELETE FROM audit_records WHERE sequence < 4", [.missing(from: 1, through: 3), .index]),
        ("DELETE FROM audit_records WHERE sequence > 28", [.index, .missing(from: 29, through: 30)]),
        ("DELETE FROM audit_records", [.index, .missing(from: 1, through: 30)]),
        ("DELETE FROM audit_marks", [.head]),
        ("UPDATE audit_marks SET document = replace(document, '.', '.e')", [.head]),
        ("UPDATE audit_records SET time = 999 WHERE sequence = 9", [.misfiled(sequence: 9)]),
        ("DELETE FROM audit_facets WHERE sequence = 9", [.index]),
        ("UPDATE audit_facets SET facet = 'u:mallory' WHERE facet = 'a:nodes-tag' AND sequence = 9", [.index]),
        (
            """
            UPDATE audit_records SET sequence = 100 WHERE sequence = 5;
            UPDATE audit_records SET sequence = 5 WHERE sequence = 6;
            UPDATE audit_records SET sequence = 6 WHERE sequence = 100
            """,
            [.changed(sequence: 5), .changed(sequence: 6), .changed(sequence: 7)]
        ),
        (
            "INSERT INTO audit_records VALUES (31, 1, zeroblob(32), CAST('{}' AS BLOB))",
            [.changed(sequence: 31), .misfiled(sequence: 31), .beyondHead(from: 31)]
        ),
    ])
    func `shows what somebody did to it on purpose`(_ sql: String, _ expected: [ChainVerification.Finding]) async throws
    {
        let evidence = try await Evidence()
        try evidence.tamper(Evidence.withoutTriggers + sql)
        #expect(try evidence.findings() == expected)
    }

    /// Every column that somebody could change: those of all tables that hold evidence, as the schema has them.
    private static func columns(of evidence: Evidence) throws -> [(table: String, column: String, type: String)] {
        // Which batches have come lately is not evidence: what they held is in the records.
        let others = ["audit_uploads"]
        return try DatabaseQueue(path: evidence.path).read { database in
            let tables = try String.fetchAll(
                database,
                sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'audit\\_%' ESCAPE '\\'")
            return try tables.filter { !others.contains($0) }.flatMap { table in
                try Row.fetchAll(database, sql: "SELECT name, type FROM pragma_table_xinfo(?)", arguments: [table])
                    .map { (table, $0["name"], $0["type"]) }
            }
        }
    }

    @Test func `shows a change of any column of any row, also behind what retention removed`() async throws {
        let evidence = try await Evidence()
        try await evidence.forget(through: 4)
        #expect(try evidence.findings() == [])
        let columns = try Self.columns(of: evidence)
        #expect(Set(columns.map(\.table)) == ["audit_records", "audit_facets", "audit_marks", "audit_places"])
        for (table, column, type) in columns {
            let values =
                switch type {
                case "INTEGER": ["\(column) + 1000", "\(column) - 1000", "0"]
                case "TEXT": ["\(column) || 'x'", "''", "'base'"]
                default: ["x'00'", "zeroblob(length(\(column)))", "CAST(\(column) || x'20' AS BLOB)"]
                }
            let rows =
                switch table {
                case "audit_marks": ["kind = 'base'", "kind = 'head'"]
                case "audit_places": ["name = 'export:siem'"]
                default: ["sequence = 5", "sequence = 17", "sequence = 30"]
                }
            var count = 0
            for (row, value) in rows.flatMap({ row in values.map { (row, $0) } }) {
                let copy = try evidence.copy()
                let sql = "UPDATE OR IGNORE \(table) SET \(column) = \(value) WHERE \(row) AND \(column) <> \(value)"
                guard try copy.tamper(Evidence.withoutTriggers + sql) > 0 else { continue }
                count += 1
                #expect(try !copy.findings().isEmpty, "\(sql)")
            }
            #expect(count >= rows.count, "\(table).\(column)")
        }
    }

    @Test func `is not looked for in another file`() async throws {
        #expect(throws: StoreError.self) { try SQLiteAuditFile(path: "/nonexistent/ztna.db") }
        let evidence = try await Evidence()
        try evidence.tamper("PRAGMA user_version = 5")
        #expect(throws: StoreError.self) { try SQLiteAuditFile(path: evidence.path) }
        try evidence.tamper("PRAGMA application_id = 1; PRAGMA user_version = 6")
        #expect(throws: StoreError.self) { try SQLiteAuditFile(path: evidence.path) }
    }
}
