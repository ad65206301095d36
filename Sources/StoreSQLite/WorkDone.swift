internal import GRDB
internal import GRDBSQLite

/// What SQLite has done for a store since it was opened: for benches, on a store that nobody is using.
package struct WorkDone: Hashable, Sendable {
    /// Rows inserted, updated or deleted.
    package var rowsChanged = 0
    /// Instructions of SQLite's virtual machine, of reads too: what a statement costs however few rows it changes.
    /// Source: sqlite.org/c3ref/c_stmtstatus_counter.html, `SQLITE_STMTSTATUS_VM_STEP`.
    package var steps = 0

    package static func - (later: WorkDone, earlier: WorkDone) -> WorkDone {
        WorkDone(rowsChanged: later.rowsChanged - earlier.rowsChanged, steps: later.steps - earlier.steps)
    }
}

extension SQLiteStore {
    package func workDone() -> WorkDone {
        var work = writer.inDatabase(Self.workDone)
        if reader !== writer { work.steps += reader.inDatabase(Self.workDone).steps }
        return work
    }

    /// Of one connection; its statements stay prepared, so none's count is lost.
    private static func workDone(_ database: Database) -> WorkDone {
        var work = WorkDone(rowsChanged: database.totalChangesCount)
        var statement = sqlite3_next_stmt(database.sqliteConnection, nil)
        while let current = statement {
            work.steps += Int(sqlite3_stmt_status(current, SQLITE_STMTSTATUS_VM_STEP, 0))
            statement = sqlite3_next_stmt(database.sqliteConnection, current)
        }
        return work
    }
}
