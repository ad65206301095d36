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
                var expected = FacetSum()
                var previous: (sequence: Int, bytes: Int)?
                try connection.forEach(
                    "audit_records",
                    """
                    SELECT sequence, body, hash, time, recorded_at, bytes_through FROM audit_records ORDER BY sequence
                    """
                ) { row throws(StoreError) in
                    let record = AuditRecord(
                        sequence: try row.integer(0), body: try row.blob(1), hash: try row.blob(2))
                    verification.check(record)
                    eachRecord(record)
                    let bytes = try row.integer(5)
                    let isNext = previous.map { $0.sequence &+ 1 == record.sequence } ?? false
                    let fits = !isNext || previous.map { $0.bytes &+ record.body.count == bytes } ?? true
                    previous = (record.sequence, bytes)
                    let event = try? record.event()
                    for facet in event?.facets ?? [] { expected.add(facet, record.sequence) }
                    guard let event, fits, event.time == (try row.integer(3)),
                        event.recordedAt == (try row.integer(4))
                    else { return verification.note(.misfiled(sequence: record.sequence)) }
                }
                var found = FacetSum()
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
}

/// A set of facets as one number, whatever their order: the sum of their hashes.
private struct FacetSum: Equatable {
    private var count = 0
    private var sum: UInt64 = 0

    mutating func add(_ facet: String, _ sequence: Int) {
        count &+= 1
        sum &+= Digest.sha256("\(sequence):\(facet)").prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
