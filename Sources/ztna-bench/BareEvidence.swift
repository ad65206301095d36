import Cryptography
import Foundation
import GRDB
import StoreSQLite

/// The rows of an audit log, to be written again as bare SQL: into the same tables with WAL and `synchronous=FULL`, with
/// nothing that makes, chains or reads the values.
struct BareEvidence {
    private struct Record {
        var values: StatementArguments
        var facets: [StatementArguments]
        var body: [UInt8]
    }

    private let records: [Record]

    init(of file: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        records = try DatabaseQueue(path: file, configuration: configuration).inDatabase { database in
            var facets: [Int: [StatementArguments]] = [:]
            for row in try GRDB.Row.fetchAll(database, sql: "SELECT facet, sequence FROM audit_facets") {
                let (facet, sequence): (String, Int) = (row[0], row[1])
                facets[sequence, default: []].append([facet, sequence])
            }
            let sql = "SELECT sequence, time, hash, body FROM audit_records ORDER BY sequence"
            return try GRDB.Row.fetchAll(database, sql: sql).map { row in
                let body: DatabaseValue = row[3]
                return Record(
                    values: StatementArguments(row.databaseValues), facets: facets[row[0]] ?? [],
                    body: [UInt8](Data.fromDatabaseValue(body) ?? Data()))
            }
        }
    }

    var count: Int { records.count }
    var facets: Int { records.reduce(0) { $0 + $1.facets.count } }
    var bytes: Int { records.reduce(0) { $0 + $1.body.count } }

    /// A durable transaction for each so many records.
    func write(to file: String, each size: Int) throws -> Spent {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.allowsUnsafeTransactions = true
        // The store makes the tables.
        _ = try SQLiteStore(path: file)
        let queue = try DatabaseQueue(path: file, configuration: configuration)
        return try queue.inDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8192")
            let record = try database.cachedStatement(
                sql: "INSERT INTO audit_records (sequence, time, hash, body) VALUES (?, ?, ?, ?)")
            let facet = try database.cachedStatement(sql: "INSERT INTO audit_facets (facet, sequence) VALUES (?, ?)")
            let (cpu, wall) = (Clocks.process, Clocks.wall)
            for first in stride(from: 0, to: records.count, by: max(1, size)) {
                try database.execute(sql: "BEGIN IMMEDIATE")
                for row in records[first..<min(first + size, records.count)] {
                    try record.execute(arguments: row.values)
                    for place in row.facets { try facet.execute(arguments: place) }
                }
                try database.execute(sql: "COMMIT")
            }
            return Spent(cpu: Clocks.process - cpu, wall: Clocks.wall - wall)
        }
    }

    /// Seconds to hash all bodies.
    func hash() -> Double {
        let start = Clocks.wall
        var seen = 0
        for record in records { seen += Digest.sha256(record.body).count }
        return seen == 0 ? 0 : Clocks.wall - start
    }
}
