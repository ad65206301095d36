internal import Store
internal import Synchronization

/// A bounded line of jobs that one worker takes in batches: everything that waits when it comes back, up to a cap.
///
/// The worker is started by `add` when it is idle and runs until the line is empty. While it is idle, a caller may do one
/// job on its own thread instead.
final class BatchQueue<Job: Sendable>: Sendable {
    private struct Line {
        var waiting: [Job] = []
        var isWorking = false
        var isClosed = false
        var closers: [CheckedContinuation<Void, Never>] = []

        /// The worker rests if nobody waits; then those who want to close go on.
        mutating func rest() -> (hasWaiting: Bool, closers: [CheckedContinuation<Void, Never>]) {
            guard waiting.isEmpty else { return (true, []) }
            isWorking = false
            defer { closers = [] }
            return (false, closers)
        }
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

    /// True: nobody works, and the caller does a job of its own at once, then calls `endAlone`. Errors: `closed`.
    func beginAlone() throws(StoreError) -> Bool {
        try line.withLock { line throws(StoreError) in
            guard !line.isClosed else { throw .closed }
            defer { line.isWorking = true }
            return !line.isWorking
        }
    }

    /// True when jobs have come meanwhile, and the caller must start the worker for them.
    func endAlone() -> Bool {
        let (hasWaiting, closers) = line.withLock { line in line.rest() }
        closers.forEach { $0.resume() }
        return hasWaiting
    }

    /// The next jobs in their order of arrival; empty when the worker may rest.
    func nextBatch() -> [Job] {
        let (batch, closers) = line.withLock { line in
            let batch = Array(line.waiting.prefix(batchSize))
            let closers = line.rest().closers
            line.waiting.removeFirst(batch.count)
            return (batch, closers)
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
