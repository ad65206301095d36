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
    let path = NSTemporaryDirectory() + "/ztna-audit-" + UUID().uuidString + ".db"
    let signer: Ed25519PrivateKey

    init() async throws {
        var seed = [UInt8](repeating: 5, count: 32)
        signer = try Ed25519PrivateKey(taking: &seed)
        let store = try SQLiteStore(path: path)
        try await store.write { [signer] records in
            let events = (1...30).map {
                AuditEvent(.administration, "nodes-tag", .success, at: $0, actor: .administrator(uid: $0))
            }
            var chain = try records.auditChain()
            try records.append(events.map { chain.append($0) }, of: events)
            let head = AuditMark(head: chain, issuedAt: 30)
            try records.setAuditMark(head, document: try head.signed(by: signer))
        }
        await store.close()
    }

    deinit { for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) } }

    /// As somebody with the file and a database program would.
    func tamper(_ sql: String) throws {
        let database = try DatabaseQueue(path: path)
        try database.writeWithoutTransaction { try $0.execute(sql: sql) }
        try database.close()
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
        #expect(try evidence.findings(key: Ed25519PrivateKey(taking: &seed).publicKey) == [.head])
    }

    @Test(arguments: [
        "UPDATE audit_records SET time = 0", "UPDATE audit_records SET body = x'00' WHERE sequence = 3",
        "DELETE FROM audit_records", "DELETE FROM audit_records WHERE sequence = 1",
        "INSERT INTO audit_records VALUES (32, 0, 0, 0, x'', x'')",
        "INSERT INTO audit_records VALUES (30, 0, 0, 0, x'', x'')",
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
        ("UPDATE audit_records SET recorded_at = 0 WHERE sequence = 9", [.misfiled(sequence: 9)]),
        ("DELETE FROM audit_facets WHERE sequence = 9", [.index]),
        ("UPDATE audit_facets SET facet = 'u:mallory' WHERE facet = 'a:nodes-tag' AND sequence = 9", [.index]),
        (
            """
            UPDATE audit_records SET sequence = 100 WHERE sequence = 5;
            UPDATE audit_records SET sequence = 5 WHERE sequence = 6;
            UPDATE audit_records SET sequence = 6 WHERE sequence = 100
            """,
            [
                .changed(sequence: 5), .misfiled(sequence: 5), .changed(sequence: 6), .misfiled(sequence: 6),
                .changed(sequence: 7), .misfiled(sequence: 7),
            ]
        ),
        (
            "INSERT INTO audit_records VALUES (31, 1, 1, 99999, zeroblob(32), CAST('{}' AS BLOB))",
            [.changed(sequence: 31), .misfiled(sequence: 31), .beyondHead(from: 31)]
        ),
    ])
    func `shows what somebody did to it on purpose`(_ sql: String, _ expected: [ChainVerification.Finding]) async throws
    {
        let evidence = try await Evidence()
        try evidence.tamper(Evidence.withoutTriggers + sql)
        #expect(try evidence.findings() == expected)
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
