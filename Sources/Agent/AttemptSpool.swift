package import Cryptography
internal import Dispatch
package import StrictJSON
internal import Synchronization

/// One batch of the spool, as it will be sent however often that takes.
package struct SpooledBatch: Hashable, Sendable {
    /// The same at every attempt to send it.
    package let id: String
    package let records: [JSON]
    package let losses: AttemptLosses
}

/// Connection records on disk until the server has stored them: bounded, oldest dropped first, and every loss counted.
///
/// `append` only puts into memory and never waits; a queue of its own writes. What was written survives the agent's death;
/// a line that a crash of the machine cut off is noticed by its checksum. Nothing here is an error to anybody: a disk
/// that is full costs records, which are counted and told with the next batch.
package final class AttemptSpool: Sendable {
    package static let directoryName = "attempts"
    package static let defaultLimit = 64 << 20
    /// Bytes that may wait for the disk.
    static let largestWaiting = 8 << 20

    private struct Waiting {
        var lines: [(server: String, line: [UInt8])] = []
        var bytes = 0
        var isScheduled = false
        var losses = AttemptLosses()
        var recordsOnDisk = 0
        var bytesOnDisk = 0
    }

    private let waiting = Mutex(Waiting())
    private let files: Mutex<SpoolFiles>
    private let queue = DispatchQueue(label: "ztna.spool")

    /// `limit` is in bytes of all files. Errors: as `StateDirectory`.
    package init(in directory: StateDirectory, limit: Int = defaultLimit, randomness: Randomness) throws(StateError) {
        files = Mutex(
            try SpoolFiles(directory.location(of: Self.directoryName), limit: limit, randomness: randomness))
        queue.async { [self] in drain() }
    }

    /// Takes one record for a server; an encoded `ConnectionRecord`.
    package func append(_ record: [UInt8], for server: String) {
        let line = SpoolSegment.line(record: record)
        let schedules = waiting.withLock { waiting in
            guard waiting.bytes + line.count <= Self.largestWaiting else {
                waiting.losses.waiting += 1
                return false
            }
            waiting.lines.append((server, line))
            waiting.bytes += line.count
            defer { waiting.isScheduled = true }
            return !waiting.isScheduled
        }
        if schedules { queue.async { [self] in drain() } }
    }

    /// Counts attempts that were lost before they came here.
    package func count(_ losses: AttemptLosses) {
        guard !losses.isEmpty else { return }
        waiting.withLock { $0.losses += losses }
    }

    /// The oldest batch for a server, or nil when there is none; what was lost until now is told with it.
    package func nextBatch(for server: String) async -> SpooledBatch? {
        await onQueue { [self] in
            drain()
            return files.withLock { files in
                writeLosses(for: SpoolSegment.tag(of: server), to: &files)
                return files.oldest(for: SpoolSegment.tag(of: server)).map {
                    SpooledBatch(id: $0.id, records: $0.records, losses: $0.losses)
                }
            }
        }
    }

    /// The server has stored it.
    package func discard(_ id: String) async {
        await onQueue { [self] in
            files.withLock { files in
                files.discard(id)
                note(files)
            }
        }
    }

    /// Returns when all that was appended is written, or counted.
    package func flush() async { await onQueue { [self] in drain() } }

    /// Records that wait for the server, on disk, and the bytes they take there.
    package var stored: (records: Int, bytes: Int) { waiting.withLock { ($0.recordsOnDisk, $0.bytesOnDisk) } }
    /// What was lost and is in no batch yet.
    package var unreported: AttemptLosses { waiting.withLock { $0.losses } }

    private func onQueue<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in queue.async { continuation.resume(returning: body()) } }
    }

    /// On the queue alone.
    private func drain() {
        let lines = waiting.withLock { waiting in
            defer {
                waiting.lines = []
                waiting.bytes = 0
                waiting.isScheduled = false
            }
            return waiting.lines
        }
        files.withLock { files in
            var rest = lines[...]
            var lost = AttemptLosses()
            while let server = rest.first?.server {
                let same = rest.prefix { $0.server == server }
                lost.disk += files.append(same.map(\.line), for: SpoolSegment.tag(of: server))
                rest = rest.dropFirst(same.count)
            }
            let shrunk = files.shrink()
            lost += shrunk.losses
            lost.spool += shrunk.dropped
            count(lost)
            note(files)
        }
    }

    private func writeLosses(for server: String, to files: inout SpoolFiles) {
        let losses = waiting.withLock { waiting in
            defer { waiting.losses = AttemptLosses() }
            return waiting.losses
        }
        guard !losses.isEmpty else { return }
        if files.append([SpoolSegment.line(losses: losses)], areRecords: false, for: server) > 0 { count(losses) }
    }

    private func note(_ files: borrowing SpoolFiles) {
        let (records, bytes) = (files.records, files.bytes)
        waiting.withLock { ($0.recordsOnDisk, $0.bytesOnDisk) = (records, bytes) }
    }
}
