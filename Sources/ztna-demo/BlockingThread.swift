import Glibc

/// A thread for work that blocks, or that must happen inside a network namespace.
///
/// A namespace belongs to a thread. What the thread opens, and the threads and children that it starts, stay inside it.
enum BlockingThread {
    private final class Work: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs `body` to its end and hands its result on.
    static func run<Value: Sendable>(
        in namespace: NetworkNamespace? = nil, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let isStarted = start {
                continuation.resume(
                    with: Result {
                        try namespace?.enter()
                        return try body()
                    })
            }
            if !isStarted { continuation.resume(throwing: DemoFailure("the system gives no thread")) }
        }
    }

    static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        let context = Unmanaged.passRetained(Work(body)).toOpaque()
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, context)
        guard status == 0 else {
            Unmanaged<Work>.fromOpaque(context).release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}
