internal import Store
internal import Synchronization

/// A bounded line of jobs that one worker takes in batches: everything that waits when it comes back, up to a cap.
///
/// The worker is started by `add` when it is idle and runs until the line is empty.
final class BatchQueue<Job: Sendable>: Sendable {
    private struct Line {
        var waiting: [Job] = []
        var isWorking = false
        var isClosed = false
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let line = Mutex(Line())
    private let limit: Int
    private let batchSize: Int

    init(limit: Int, batchSize: Int) {
        self.limit = limit
        self.batchSize = batchSize
    }

    /// True when the caller must start the worker. Errors: `overloaded`, `closed`.
    func add(_ job: Job) throws(StoreError) -> Bool {
        try line.withLock { line throws(StoreError) in
            guard !line.isClosed else { throw .closed }
            guard line.waiting.count < limit else { throw .overloaded }
            line.waiting.append(job)
            defer { line.isWorking = true }
            return !line.isWorking
        }
    }

    /// The next jobs in their order of arrival; empty when the worker may rest.
    func nextBatch() -> [Job] {
        let (batch, closers) = line.withLock { line in
            let batch = Array(line.waiting.prefix(batchSize))
            line.waiting.removeFirst(batch.count)
            guard batch.isEmpty else { return (batch, [] as [CheckedContinuation<Void, Never>]) }
            line.isWorking = false
            defer { line.closers = [] }
            return (batch, line.closers)
        }
        closers.forEach { $0.resume() }
        return batch
    }

    /// Refuses new jobs and waits for those under way.
    func close() async {
        await withCheckedContinuation { continuation in
            let isIdle = line.withLock { line in
                line.isClosed = true
                if line.isWorking { line.closers.append(continuation) }
                return !line.isWorking
            }
            if isIdle { continuation.resume() }
        }
    }
}
