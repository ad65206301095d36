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

    /// The statement for `upsert`; the key is the first column. `updating` are the columns that a record may change: an
    /// update writes the index of every column that it sets, whether or not the value is another.
    static func upsertStatement(_ table: String, _ columns: [String], updating: [String]? = nil) -> String {
        let key = columns.first ?? ""
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        let updates = (updating ?? Array(columns.dropFirst())).map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        return """
            INSERT INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(places)) \
            ON CONFLICT (\(key)) DO UPDATE SET \(updates)
            """
    }
}
