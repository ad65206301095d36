import Glibc

/// A few threads of their own for work on XML, which is all computation and must not hold up an event loop.
///
/// What comes while `queueLimit` pieces wait is refused: sign-ins that cannot be served soon are better told so.
package final class XMLWorkers: Sendable {
    private let queue: WorkQueue

    /// Starts the threads, which end at `stop()`; without any, it is stopped from the beginning.
    package init(threads: Int = 2, queueLimit: Int = 64) {
        queue = WorkQueue(limit: queueLimit)
        let started = (0..<threads).filter { _ in queue.startThread() }
        if started.isEmpty { queue.stop() }
    }

    deinit { queue.stop() }

    /// Throws what `body` throws, `busy` when too many wait already, `stopped` after `stop()`.
    package func run<T: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> T
    ) async throws -> T {
        let result: Result<T, Failure> = try await withCheckedThrowingContinuation { continuation in
            do throws(XMLWorkersError) {
                try queue.add {
                    do throws(Failure) {
                        continuation.resume(returning: .success(try body()))
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
        return try result.get()
    }

    /// Takes no more work; what waits is still done.
    package func stop() { queue.stop() }
}

/// Work in order of arrival, under a mutex; threads wait for it at a condition.
private final class WorkQueue: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let limit: Int
    private var waiting: [@Sendable () -> Void] = []
    private var isStopped = false

    init(limit: Int) {
        self.limit = limit
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func add(_ work: @escaping @Sendable () -> Void) throws(XMLWorkersError) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isStopped else { throw .stopped }
        guard waiting.count < limit else { throw .busy }
        waiting.append(work)
        pthread_cond_signal(condition)
    }

    func stop() {
        pthread_mutex_lock(mutex)
        isStopped = true
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    /// False when the system has no thread for us. A thread keeps the queue alive until it ends.
    func startThread() -> Bool {
        var thread = pthread_t()
        let queue = Unmanaged.passRetained(self)
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<WorkQueue>.fromOpaque(argument).takeRetainedValue().work()
                return nil
            }, queue.toOpaque())
        if status == 0 { pthread_detach(thread) } else { queue.release() }
        return status == 0
    }

    private func work() {
        while let next = take() { next() }
    }

    private func take() -> (@Sendable () -> Void)? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while waiting.isEmpty {
            if isStopped { return nil }
            pthread_cond_wait(condition, mutex)
        }
        return waiting.removeFirst()
    }
}
