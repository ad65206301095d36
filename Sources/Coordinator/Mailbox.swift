internal import Synchronization
internal import Wire

/// The messages that wait for one subscriber, in order, at most `limit` of them.
///
/// One that is full drops all it holds and takes no more until its reader has fetched a snapshot instead: a slow reader
/// costs bounded memory and misses no state, only the steps between.
final class Mailbox: Sendable {
    enum Item: Hashable, Sendable {
        case message(NetmapMessage)
        /// Messages were dropped: fetch a snapshot.
        case overflowed
    }

    private struct State {
        var queue: [NetmapMessage] = []
        var next = 0
        var hasOverflowed = false
        var isFinished = false
        var waiter: CheckedContinuation<Void, Never>?

        var isEmpty: Bool { next == queue.count && !hasOverflowed }

        mutating func wake() -> CheckedContinuation<Void, Never>? {
            defer { waiter = nil }
            return waiter
        }
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    var isEmpty: Bool { state.withLock { $0.isEmpty } }
    var isFinished: Bool { state.withLock { $0.isFinished } }

    func post(_ message: NetmapMessage) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.isFinished, !state.hasOverflowed else { return nil }
            if state.queue.count - state.next >= limit {
                state.queue = []
                state.next = 0
                state.hasOverflowed = true
            } else {
                state.queue.append(message)
            }
            return state.wake()
        }
        waiter?.resume()
    }

    /// The snapshot after an overflow: whatever is posted from now on follows it.
    func restart() { state.withLock { $0.hasOverflowed = false } }

    /// No more messages. With `last`, what still waits is dropped and `last` is all that is read, at once.
    func finish(with last: NetmapMessage? = nil) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.isFinished else { return nil }
            state.isFinished = true
            state.hasOverflowed = false
            state.queue = last.map { [$0] } ?? []
            state.next = 0
            return state.wake()
        }
        waiter?.resume()
    }

    /// The next item in order; waits for one. Nil at the end, and when the reading task is cancelled.
    func next() async -> Item? {
        while true {
            if Task.isCancelled { return nil }
            let (item, isOver) = take()
            if item != nil || isOver { return item }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in wait(continuation) }
            } onCancel: {
                state.withLock { $0.wake() }?.resume()
            }
        }
    }

    private func take() -> (Item?, isOver: Bool) {
        state.withLock { state in
            if state.hasOverflowed { return (.overflowed, false) }
            guard state.next < state.queue.count else { return (nil, state.isFinished) }
            let message = state.queue[state.next]
            state.next += 1
            if state.next == state.queue.count {
                state.queue.removeAll(keepingCapacity: true)
                state.next = 0
            }
            return (.message(message), false)
        }
    }

    /// Leaves the reader waiting, unless there is something to read. A second reader takes the first one's place.
    private func wait(_ continuation: CheckedContinuation<Void, Never>) {
        let ready = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.isEmpty, !state.isFinished, !Task.isCancelled else { return continuation }
            let former = state.waiter
            state.waiter = continuation
            return former
        }
        ready?.resume()
    }
}
