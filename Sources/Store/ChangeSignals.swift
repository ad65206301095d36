internal import Synchronization

/// Wakes whoever follows a log that grows. A follower that is busy finds one signal waiting, however many were sent.
package final class ChangeSignals: Sendable {
    private struct Followers {
        var isClosed = false
        var next = 0
        var continuations: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let followers = Mutex(Followers())

    package init() {}

    /// A stream that yields for each change to come, and ends when it is no longer read or with `close`. `fromStart`: it
    /// yields at once, so that nothing is missed that came before.
    package func subscribe(fromStart: Bool = false) -> AsyncStream<Void> {
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
        if fromStart { continuation.yield() }
        return stream
    }

    package func send() {
        for continuation in followers.withLock({ Array($0.continuations.values) }) { continuation.yield() }
    }

    package func close() {
        let continuations = followers.withLock { followers in
            defer { followers.continuations = [:] }
            followers.isClosed = true
            return Array(followers.continuations.values)
        }
        continuations.forEach { $0.finish() }
    }

    deinit { close() }
}
