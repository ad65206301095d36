package import Audit
package import Cryptography
internal import GRDB
package import Store

/// The evidence in a database file, looked at without its server: nothing is written.
package struct SQLiteAuditFile {
    private let database: DatabaseQueue

    /// Errors: `readOnly` where the file is not there, `backend` where it is no database of ours that has evidence.
    package init(path: String) throws(StoreError) {
        var configuration = Schema.configuration
        configuration.readonly = true
        do {
            database = try DatabaseQueue(path: path, configuration: configuration)
            let (application, version) = try database.inDatabase { database in
                (
                    try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0,
                    try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
                )
            }
            guard application == Schema.applicationID else {
                throw StoreError.backend("the file is a database of another program")
            }
            guard version > 5 else {
                throw StoreError.backend("the database is of a version that kept no evidence yet (schema \(version))")
            }
        } catch { throw StoreError(error) }
    }

    /// The records after `sequence`, in their order, as they lie.
    package func forEachRecord(after sequence: Int, _ body: (AuditRecord) -> Void) throws(StoreError) {
        do {
            try database.inDatabase { database in
                try SQLiteConnection(database).forEach(
                    "audit_records",
                    "SELECT sequence, body, hash FROM audit_records WHERE sequence > ? ORDER BY sequence",
                    [.integer(sequence)]
                ) { row throws(StoreError) in
                    body(AuditRecord(sequence: try row.integer(0), body: try row.blob(1), hash: try row.blob(2)))
                }
            }
        } catch { throw StoreError(error) }
    }

    /// Walks the whole chain, and compares the columns and the index beside it with what the records say.
    ///
    /// `keys`: the control keys by thumbprint. `witnesses`: heads that were kept elsewhere. `eachRecord` sees the records
    /// that could be read, in their order.
    package func verify(
        keys: [String: Ed25519PublicKey], witnesses: [String] = [], eachRecord: (AuditRecord) -> Void = { _ in }
    ) throws(StoreError) -> ChainVerification {
        do {
            return try database.inDatabase { database in
                let connection = SQLiteConnection(database)
                // One state, also while the server writes.
                try connection.run("BEGIN")
                defer { try? connection.run("COMMIT") }
                let snapshot = SQLiteSnapshot(connection: connection)
                var verification = ChainVerification(
                    base: try snapshot.auditMark(.base), head: try snapshot.auditMark(.head), witnesses: witnesses,
                    keys: keys)
                try Self.checkMarks(connection, keys: keys, in: &verification)
                try Self.checkPlaces(connection, keys: keys, in: &verification)
                let salt = UInt64.random(in: 0...UInt64.max)
                var expected = FacetSum(salt)
                try connection.forEach(
                    "audit_records",
                    "SELECT sequence, body, hash, time FROM audit_records ORDER BY sequence"
                ) { row throws(StoreError) in
                    let record = AuditRecord(
                        sequence: try row.integer(0), body: try row.blob(1), hash: try row.blob(2))
                    verification.check(record)
                    eachRecord(record)
                    let event = try? record.event()
                    for facet in event?.facets ?? [] { expected.add(facet, record.sequence) }
                    guard let event, event.time == (try row.integer(3)) else {
                        return verification.note(.misfiled(sequence: record.sequence))
                    }
                }
                var found = FacetSum(salt)
                try connection.forEach("audit_facets", "SELECT facet, sequence FROM audit_facets") {
                    row throws(StoreError) in
                    found.add(try row.text(0), try row.integer(1))
                }
                if found != expected { verification.note(.index) }
                verification.finish()
                return verification
            }
        } catch { throw StoreError(error) }
    }

    /// The columns of a mark are what triggers and an empty chain go by. Documents that are not signed are told elsewhere.
    private static func checkMarks(
        _ connection: SQLiteConnection, keys: [String: Ed25519PublicKey], in verification: inout ChainVerification
    ) throws(StoreError) {
        var strange: [String] = []
        try connection.forEach("audit_marks", "SELECT kind, sequence, hash, document FROM audit_marks") {
            row throws(StoreError) in
            let name = try row.text(0)
            guard let kind = AuditMark.Kind(rawValue: name) else { return strange.append(name) }
            let (sequence, hash, document) = (try row.integer(1), try row.blob(2), try row.text(3))
            guard let mark = try? AuditMark(verifying: document, kind: kind, keys: keys) else { return }
            if mark.sequence != sequence || mark.hash != hash { strange.append(name) }
        }
        for name in strange { verification.note(.mark(name)) }
    }

    private static func checkPlaces(
        _ connection: SQLiteConnection, keys: [String: Ed25519PublicKey], in verification: inout ChainVerification
    ) throws(StoreError) {
        // Earlier versions kept places that nobody signed.
        let exists = try connection.row(
            "sqlite_schema", "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'audit_places'"
        ) { row throws(StoreError) in try row.integer(0) }
        guard exists != nil else { return }
        var strange: [String] = []
        try connection.forEach("audit_places", "SELECT name, document FROM audit_places ORDER BY name") {
            row throws(StoreError) in
            let (name, document) = (try row.text(0), try row.text(1))
            if (try? AuditPlace(verifying: document, of: name, keys: keys)) == nil { strange.append(name) }
        }
        for name in strange { verification.note(.place(name)) }
    }
}

/// A set of facets as one number, whatever their order: the sum of their hashes.
///
/// The hashes are salted anew each time: sets of the same sum could be searched for otherwise.
private struct FacetSum: Equatable {
    private let salt: UInt64
    private var count = 0
    private var sum: UInt64 = 0

    init(_ salt: UInt64) { self.salt = salt }

    mutating func add(_ facet: String, _ sequence: Int) {
        count &+= 1
        sum &+= Digest.sha256("\(salt):\(sequence):\(facet)").prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
