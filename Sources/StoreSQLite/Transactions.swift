internal import Store

/// Reads records over one connection; the tables' files hold the methods.
protocol SQLiteReading: StoreReader {
    var connection: SQLiteConnection { get }
}

struct SQLiteSnapshot: SQLiteReading {
    let connection: SQLiteConnection
}

struct SQLiteTransaction: SQLiteReading, StoreTransaction {
    let connection: SQLiteConnection

    /// Inserts, or replaces the record whose first column has the same value; other unique columns conflict.
    func upsert(_ statement: String, _ values: [SQLiteValue]) throws(StoreError) {
        try connection.run(statement, values)
    }

    /// The statement for `upsert`; the key is the first column.
    static func upsertStatement(_ table: String, _ columns: [String]) -> String {
        let key = columns.first ?? ""
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        let updates = columns.dropFirst().map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        return """
            INSERT INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(places)) \
            ON CONFLICT (\(key)) DO UPDATE SET \(updates)
            """
    }
}
