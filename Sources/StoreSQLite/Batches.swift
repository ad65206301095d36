internal import GRDB
internal import Store

/// One caller's write, with its types erased.
struct PendingWrite: Sendable {
    /// What came of the body, to be told to the caller once the commit's fate is known.
    struct Attempt {
        let isKept: Bool
        /// Nil: it is durable.
        let finish: (StoreError?) -> Void
    }

    let attempt: @Sendable (any StoreTransaction) -> Attempt
    let fail: @Sendable (StoreError) -> Void

    init<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value,
        _ caller: CheckedContinuation<Value, any Error>
    ) {
        attempt = { transaction in
            do {
                let value = try body(transaction)
                return Attempt(isKept: true) { failure in
                    if let failure { caller.resume(throwing: failure) } else { caller.resume(returning: value) }
                }
            } catch {
                return Attempt(isKept: false) { _ in caller.resume(throwing: error) }
            }
        }
        fail = { caller.resume(throwing: $0) }
    }
}

/// Runs each write in a savepoint of one transaction; nobody hears of success before the commit.
enum WriteBatch {
    static func commit(
        _ batch: [PendingWrite], on database: Database, news: CommitNews
    ) {
        let connection = SQLiteConnection(database, signIns: news.signIns)
        var attempts: [PendingWrite.Attempt] = []
        do throws(StoreError) {
            try connection.run("BEGIN IMMEDIATE")
            for write in batch { try run(write, on: connection, into: &attempts) }
            try connection.run("COMMIT")
        } catch {
            if database.isInsideTransaction { try? SQLiteConnection(database).run("ROLLBACK") }
            for attempt in attempts { attempt.finish(error) }
            for write in batch.dropFirst(attempts.count) { write.fail(error) }
            return
        }
        news.tell(connection.changes)
        for attempt in attempts { attempt.finish(nil) }
    }

    /// A write that has a transaction of its own.
    static func one<Value>(
        _ body: (any StoreTransaction) throws -> Value, on database: Database, news: CommitNews
    ) throws -> Value {
        let connection = SQLiteConnection(database, signIns: news.signIns)
        let value: Value
        do {
            try connection.run("BEGIN IMMEDIATE")
            value = try body(SQLiteTransaction(connection: connection))
            if let fatal = connection.fatal { throw fatal }
            try connection.run("COMMIT")
        } catch {
            if database.isInsideTransaction { try? SQLiteConnection(database).run("ROLLBACK") }
            throw error
        }
        news.tell(connection.changes)
        return value
    }

    /// Throws what ends the whole batch; a body's own error ends its savepoint alone.
    private static func run(
        _ write: PendingWrite, on connection: SQLiteConnection, into attempts: inout [PendingWrite.Attempt]
    ) throws(StoreError) {
        let before = connection.changes
        try connection.run("SAVEPOINT one_write")
        let attempt = write.attempt(SQLiteTransaction(connection: connection))
        attempts.append(attempt)
        if let fatal = connection.fatal { throw fatal }
        if !attempt.isKept {
            try connection.run("ROLLBACK TO one_write")
            connection.changes = before
        }
        try connection.run("RELEASE one_write")
    }
}

/// One caller's read, with its types erased.
struct PendingRead: Sendable {
    let run: @Sendable (any StoreReader) -> Void
    let fail: @Sendable (StoreError) -> Void

    init<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Value, _ caller: CheckedContinuation<Value, any Error>
    ) {
        run = { reader in caller.resume(with: Result { try body(reader) }) }
        fail = { caller.resume(throwing: $0) }
    }
}

/// Reads that wait together share one snapshot, taken after the last of them arrived.
enum ReadBatch {
    /// A read for which nobody had to wait.
    static func one<Value>(
        _ body: (any StoreReader) throws -> Value, on database: Database, signIns: DecodedSignIns?
    ) throws -> Value {
        let connection = SQLiteConnection(database)
        try connection.run("BEGIN")
        defer { end(connection, database) }
        return try body(SQLiteSnapshot(connection: SQLiteConnection(database, signIns: signIns)))
    }

    static func run(_ batch: [PendingRead], on database: Database, signIns: DecodedSignIns?) {
        let connection = SQLiteConnection(database)
        do throws(StoreError) { try connection.run("BEGIN") } catch {
            for read in batch { read.fail(error) }
            return
        }
        for read in batch {
            read.run(SQLiteSnapshot(connection: SQLiteConnection(database, signIns: signIns)))
        }
        end(connection, database)
    }

    /// Nothing was written: an error here has nothing to lose, and a transaction left open is rolled back.
    private static func end(_ connection: SQLiteConnection, _ database: Database) {
        try? connection.run("COMMIT")
        if database.isInsideTransaction { try? SQLiteConnection(database).run("ROLLBACK") }
    }
}
