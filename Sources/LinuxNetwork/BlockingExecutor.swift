internal import Dispatch

/// Runs an actor's jobs on a serial queue of its own, so that blocking C calls never hold Swift's shared pool.
final class BlockingExecutor: SerialExecutor {
    let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        queue.async { unowned.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
