internal import GRDB
internal import GRDBSQLite
internal import Glibc
internal import Store

/// A value on its way into a statement.
enum SQLiteValue {
    case null
    case integer(Int)
    case text(String)
    case blob([UInt8])

    static func integer(_ value: Int?) -> SQLiteValue { value.map { .integer($0) } ?? .null }
    static func text(_ value: String?) -> SQLiteValue { value.map { .text($0) } ?? .null }
    static func blob(_ value: [UInt8]?) -> SQLiteValue { value.map { .blob($0) } ?? .null }
}

/// One connection during one transaction: cached statements, values bound with their exact length.
///
/// Text may hold NUL: it is bound and read by count, so that no name is ever cut into another.
final class SQLiteConnection {
    private let database: Database
    /// Set once an error may have ended the transaction: from then on every statement is refused, so that a body
    /// that swallows the error cannot write outside of it.
    private(set) var fatal: StoreError?

    /// Nil: every sign-in is decoded from its row.
    let signIns: DecodedSignIns?
    /// Of this transaction, to be told once it is committed.
    var changes = TransactionChanges()

    init(_ database: Database, signIns: DecodedSignIns? = nil) {
        self.database = database
        self.signIns = signIns
    }

    var isInTransaction: Bool { database.isInsideTransaction }

    /// Runs a statement without rows. Errors: as `StoreError.init(sqliteCode:)`.
    func run(_ sql: String, _ values: [SQLiteValue] = []) throws(StoreError) {
        try withStatement(sql, values) { statement throws(StoreError) in
            while try step(statement) {}
        }
    }

    /// Runs a statement that inserts, updates or deletes: how many rows it did that to.
    func change(_ sql: String, _ values: [SQLiteValue]) throws(StoreError) -> Int {
        try run(sql, values)
        return database.changesCount
    }

    /// Of the row that was inserted last.
    var lastInsertedRow: Int { Int(database.lastInsertedRowID) }

    /// All rows; `read` turns each into a value.
    func rows<Value>(
        _ table: String, _ sql: String, _ values: [SQLiteValue] = [],
        _ read: (SQLiteRow) throws(StoreError) -> Value
    ) throws(StoreError) -> [Value] {
        var result: [Value] = []
        try withStatement(sql, values) { statement throws(StoreError) in
            while try step(statement) { result.append(try read(SQLiteRow(statement: statement, table: table))) }
        }
        return result
    }

    /// The first row; those after it are not looked at.
    func row<Value>(
        _ table: String, _ sql: String, _ values: [SQLiteValue] = [],
        _ read: (SQLiteRow) throws(StoreError) -> Value
    ) throws(StoreError) -> Value? {
        var result: Value?
        try withStatement(sql, values) { statement throws(StoreError) in
            if try step(statement) { result = try read(SQLiteRow(statement: statement, table: table)) }
        }
        return result
    }

    /// One row after the other, without holding them all.
    func forEach(
        _ table: String, _ sql: String, _ values: [SQLiteValue] = [], _ body: (SQLiteRow) throws(StoreError) -> Void
    ) throws(StoreError) {
        try withStatement(sql, values) { statement throws(StoreError) in
            while try step(statement) { try body(SQLiteRow(statement: statement, table: table)) }
        }
    }

    private func withStatement(
        _ sql: String, _ values: [SQLiteValue], _ body: (OpaquePointer) throws(StoreError) -> Void
    ) throws(StoreError) {
        if let fatal { throw fatal }
        let statement: OpaquePointer
        do { statement = try database.cachedStatement(sql: sql).sqliteStatement } catch { throw StoreError(error) }
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        for (index, value) in values.enumerated() {
            let code = Self.bind(value, to: statement, at: Int32(index) + 1)
            guard code == SQLITE_OK else { throw failure(code) }
        }
        try body(statement)
    }

    /// True while there is a row.
    private func step(_ statement: OpaquePointer) throws(StoreError) -> Bool {
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw failure(code)
        }
    }

    private func failure(_ code: Int32) -> StoreError {
        let extended = database.sqliteConnection.map { sqlite3_extended_errcode($0) } ?? code
        let message = database.sqliteConnection.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) }
        let error = StoreError(sqliteCode: extended, message: message ?? "no message")
        if StoreError.endsTransaction(sqliteCode: extended) { fatal = error }
        return error
    }

    private static func bind(_ value: SQLiteValue, to statement: OpaquePointer, at index: Int32) -> Int32 {
        // SQLite copies the bytes before it returns: SQLITE_TRANSIENT, sqlite.org/c3ref/c_static.html.
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        switch value {
        case .null: return sqlite3_bind_null(statement, index)
        case .integer(let number): return sqlite3_bind_int64(statement, index, Int64(number))
        case .text(var text):
            return text.withUTF8 { bytes in
                let count = UInt64(bytes.count)
                let encoding = UInt8(SQLITE_UTF8)
                guard let base = bytes.baseAddress else {
                    return sqlite3_bind_text64(statement, index, "", 0, transient, encoding)
                }
                return base.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                    sqlite3_bind_text64(statement, index, $0, count, transient, encoding)
                }
            }
        case .blob(let bytes):
            guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(statement, index, 0) }
            return bytes.withUnsafeBytes {
                sqlite3_bind_blob64(statement, index, $0.baseAddress, UInt64($0.count), transient)
            }
        }
    }
}

/// The row a statement stands on. A value of another type than asked for is `StoreError.corrupt`.
struct SQLiteRow {
    fileprivate let statement: OpaquePointer
    fileprivate let table: String

    var corrupt: StoreError { .corrupt(table) }

    func integer(_ column: Int32) throws(StoreError) -> Int {
        guard let value = try optionalInteger(column) else { throw corrupt }
        return value
    }

    func text(_ column: Int32) throws(StoreError) -> String {
        guard let value = try optionalText(column) else { throw corrupt }
        return value
    }

    func blob(_ column: Int32) throws(StoreError) -> [UInt8] {
        guard let value = try optionalBlob(column) else { throw corrupt }
        return value
    }

    func optionalInteger(_ column: Int32) throws(StoreError) -> Int? {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: return Int(sqlite3_column_int64(statement, column))
        case SQLITE_NULL: return nil
        default: throw corrupt
        }
    }

    func optionalText(_ column: Int32) throws(StoreError) -> String? {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_TEXT:
            guard let text = String(validating: bytes(column), as: UTF8.self) else { throw corrupt }
            return text
        case SQLITE_NULL: return nil
        default: throw corrupt
        }
    }

    func optionalBlob(_ column: Int32) throws(StoreError) -> [UInt8]? {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_BLOB: return Array(bytes(column))
        case SQLITE_NULL: return nil
        default: throw corrupt
        }
    }

    /// A value that has a parser of its own.
    func parsed<Value>(_ column: Int32, _ parse: (String) -> Value?) throws(StoreError) -> Value {
        guard let value = parse(try text(column)) else { throw corrupt }
        return value
    }

    func optionalParsed<Value>(_ column: Int32, _ parse: (String) -> Value?) throws(StoreError) -> Value? {
        guard let text = try optionalText(column) else { return nil }
        guard let value = parse(text) else { throw corrupt }
        return value
    }

    func holds(_ column: Int32, text: String) -> Bool {
        guard sqlite3_column_type(statement, column) == SQLITE_TEXT else { return false }
        var text = text
        return text.withUTF8 { Self.isSame(bytes(column), UnsafeRawBufferPointer($0)) }
    }

    func holds(_ column: Int32, blob: [UInt8]?) -> Bool {
        guard let blob else { return sqlite3_column_type(statement, column) == SQLITE_NULL }
        guard sqlite3_column_type(statement, column) == SQLITE_BLOB else { return false }
        return blob.withUnsafeBytes { Self.isSame(bytes(column), $0) }
    }

    func holds(_ column: Int32, integer: Int) -> Bool {
        sqlite3_column_type(statement, column) == SQLITE_INTEGER
            && Int(sqlite3_column_int64(statement, column)) == integer
    }

    private static func isSame(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count, let first = left.baseAddress, let second = right.baseAddress else {
            return left.isEmpty && right.isEmpty
        }
        return memcmp(first, second, left.count) == 0
    }

    /// Valid until the statement moves on.
    private func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        // The pointer first, then its length: sqlite.org/c3ref/column_blob.html.
        let start = sqlite3_column_blob(statement, column)
        return UnsafeRawBufferPointer(
            start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(statement, column)))
    }
}
