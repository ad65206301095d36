internal import GRDB
internal import GRDBSQLite
internal import Glibc
internal import Store

/// SQLite's result codes in the store's words. Source: sqlite.org/rescode.html.
extension StoreError {
    /// `code` is an extended result code; `message` goes to logs.
    init(sqliteCode code: Int32, message: String) {
        switch (code & 0xFF, code) {
        case (_, SQLITE_CONSTRAINT | (8 << 8)), (_, SQLITE_CONSTRAINT | (6 << 8)): self = .conflict
        case (SQLITE_FULL, _): self = .diskFull
        case (SQLITE_READONLY, _), (SQLITE_CANTOPEN, _), (SQLITE_PERM, _): self = .readOnly
        default: self = .backend("\(message) (\(code))")
        }
    }

    init(_ error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError:
            self.init(sqliteCode: error.extendedResultCode.rawValue, message: error.message ?? "no message")
        default: self = .backend("\(error)")
        }
    }

    /// From opening the file.
    init(errno code: Int32) {
        switch code {
        case ENOSPC, EDQUOT: self = .diskFull
        case EACCES, EPERM, EROFS, ENOENT, ENOTDIR, ELOOP: self = .readOnly
        default: self = .backend(String(cString: strerror(code)))
        }
    }

    /// After these SQLite may have given up the whole transaction, not the statement alone.
    static func endsTransaction(sqliteCode code: Int32) -> Bool {
        switch code & 0xFF {
        case SQLITE_CONSTRAINT, SQLITE_TOOBIG, SQLITE_MISMATCH, SQLITE_RANGE: false
        default: true
        }
    }
}
