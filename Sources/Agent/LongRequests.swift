internal import Synchronization
internal import Wire

/// Bounds the memory that requests in parts take: each may be 10 MiB, and is held more than once while it is handed on.
final class LongRequests: Sendable {
    static let limit = 2

    private let underWay = Mutex(0)

    /// Errors: `busy`, and the work's own.
    func one<Value: Sendable>(_ work: () async throws -> Value) async throws -> Value {
        let isRoom = underWay.withLock { count in
            guard count < Self.limit else { return false }
            count += 1
            return true
        }
        guard isRoom else {
            throw LocalFailure(
                .busy, "The agent hands on as many long requests as it can already.", remedy: "Try again in a moment.")
        }
        defer { underWay.withLock { $0 -= 1 } }
        return try await work()
    }
}
