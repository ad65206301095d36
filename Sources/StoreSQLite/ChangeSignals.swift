internal import Synchronization

/// Wakes whoever follows the change log. A follower that is busy finds one signal waiting, however many were sent.
final class ChangeSignals: Sendable {
    private struct Followers {
        var isClosed = false
        var next = 0
        var continuations: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let followers = Mutex(Followers())

    func subscribe() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = followers.withLock { followers -> Int? in
            guard !followers.isClosed else { return nil }
            followers.next += 1
            followers.continuations[followers.next] = continuation
            return followers.next
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            // The continuation is let go outside the lock: its end may call back into here.
            _ = self?.followers.withLock { $0.continuations.removeValue(forKey: number) }
        }
        return stream
    }

    func send() {
        for continuation in followers.withLock({ Array($0.continuations.values) }) { continuation.yield() }
    }

    func close() {
        let continuations = followers.withLock { followers in
            defer { followers.continuations = [:] }
            followers.isClosed = true
            return Array(followers.continuations.values)
        }
        continuations.forEach { $0.finish() }
    }

    deinit { close() }
}
