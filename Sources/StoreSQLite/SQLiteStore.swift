internal import Dispatch
internal import GRDB
internal import Glibc
package import Identity
package import Sessions
package import Store
internal import Synchronization

/// The records in one SQLite file (or in memory, for tests): one connection that writes, one that reads.
///
/// Writers that wait together share one durable commit, each in a savepoint of its own, on their connection's dispatch
/// queue; the queue of both connections is bounded. A read never waits for a write. While nobody else reads, a read runs on
/// its caller's thread, because two changes of thread cost more than most reads; so does a write while nobody else writes,
/// where there are threads enough that the others go on while it waits for the disk. At most one caller's thread is lent
/// to each connection at a time. A caller that is cancelled still waits for its write's fate.
/// Source: sqlite.org/wal.html, sqlite.org/lang_savepoint.html.
package final class SQLiteStore: Store {
    /// Writes that share one commit, at most.
    private static let batchSize = 128

    let writer: DatabaseQueue
    /// The same as `writer` for a database in memory.
    let reader: DatabaseQueue
    private let lendsThreadsToWrites: Bool
    private let writes: BatchQueue<PendingWrite>
    private let reads: BatchQueue<PendingRead>
    private let commitCount = Atomic(0)
    private let company: CommitCompany
    private let news: CommitNews

    /// Opens or makes the file, readable by its owner alone, and brings its tables up to date. `companyPause`: how long a
    /// commit waits for others while several write. `processors`: how many threads Swift's tasks run on.
    /// Errors: `readOnly`, `diskFull`, `backend`.
    package init(
        path: String, queueLimit: Int = 1024, companyPause: Duration = .microseconds(300),
        processors: Int = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    ) throws(StoreError) {
        lendsThreadsToWrites = processors > 1
        company = CommitCompany(pause: companyPause)
        news = CommitNews(isInMemory: false)
        try Self.createFile(path)
        var configuration = Schema.configuration
        configuration.label = "ztna.store.writer"
        configuration.journalMode = .wal
        do {
            writer = try DatabaseQueue(path: path, configuration: configuration)
            try writer.inDatabase(Schema.prepare)
            configuration.label = "ztna.store.reader"
            configuration.readonly = true
            reader = try DatabaseQueue(path: path, configuration: configuration)
        } catch { throw StoreError(error) }
        writes = BatchQueue(limit: queueLimit, batchSize: Self.batchSize)
        reads = BatchQueue(limit: queueLimit, batchSize: Self.batchSize)
    }

    /// A database of this process alone, gone with it.
    package init(inMemory: Void, queueLimit: Int = 1024) throws(StoreError) {
        lendsThreadsToWrites = false
        company = CommitCompany(pause: .zero)
        news = CommitNews(isInMemory: true)
        do {
            writer = try DatabaseQueue(configuration: Schema.configuration)
            try writer.inDatabase(Schema.prepare)
        } catch { throw StoreError(error) }
        reader = writer
        writes = BatchQueue(limit: queueLimit, batchSize: Self.batchSize)
        reads = BatchQueue(limit: queueLimit, batchSize: Self.batchSize)
    }

    /// How many commits the writes so far have taken: fewer than writes, when many wait together.
    package var commits: Int { commitCount.load(ordering: .relaxed) }

    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Value
    ) async throws -> Value {
        if lendsThreadsToWrites, try writes.beginAlone() {
            defer { if writes.endAlone() { startWriting() } }
            return try writer.inDatabase { database in
                defer { commitCount.add(1, ordering: .relaxed) }
                return try WriteBatch.one(body, on: database, news: news)
            }
        }
        return try await withCheckedThrowingContinuation { caller in
            do { if try writes.add(PendingWrite(body, caller)) { startWriting() } } catch {
                caller.resume(throwing: error)
            }
        }
    }

    private func startWriting() {
        writer.asyncWriteWithoutTransaction { [self] database in
            while case let batch = company.gather(writes.nextBatch), !batch.isEmpty {
                WriteBatch.commit(batch, on: database, news: news)
                commitCount.add(1, ordering: .relaxed)
            }
        }
    }

    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (any StoreReader) throws -> Value
    ) async throws -> Value {
        if reader !== writer, try reads.beginAlone() {
            defer { if reads.endAlone() { startReading() } }
            return try reader.inDatabase { try ReadBatch.one(body, on: $0, signIns: news.signIns) }
        }
        return try await withCheckedThrowingContinuation { caller in
            do { if try reads.add(PendingRead(body, caller)) { startReading() } } catch {
                caller.resume(throwing: error)
            }
        }
    }

    package func deviceAuthorization(_ id: RecordID) async throws -> DeviceAuthorization? {
        if let known = news.signIns?.committed(id) { return known }
        return try await read { try $0.deviceAuthorization(id) }
    }

    private func startReading() {
        reader.asyncWriteWithoutTransaction { [reads, news] database in
            while case let batch = reads.nextBatch(), !batch.isEmpty {
                ReadBatch.run(batch, on: database, signIns: news.signIns)
            }
        }
    }

    package func recentChanges(after sequence: Int) -> [RecentChanges.Change]? { news.recent?.after(sequence) }

    package func changeSignals() async -> AsyncStream<Void> { news.signals.subscribe() }

    /// Lets the work under way finish, then ends the signals and closes the file.
    package func close() async {
        await writes.close()
        await reads.close()
        news.signals.close()
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { [reader, writer] in
                // Errors here cost nothing: what was committed is durable, and the next opening recovers the rest.
                try? reader.close()
                try? writer.close()
                continuation.resume()
            }
        }
    }

    /// SQLite would make the file with the process's umask; its -wal and -shm files take over the mode of the file.
    private static func createFile(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreError(errno: errno) }
        Glibc.close(descriptor)
    }
}
