internal import Synchronization

/// What one transfer has received and its caller has not taken yet: the seam between the worker thread and a task.
///
/// Filled by the thread, emptied by one task. The first outcome stands; whatever comes after it is dropped.
final class Delivery: Sendable {
    /// Unread bytes of a stream at which the transfer is paused; what is in flight may exceed it by one curl buffer.
    static let maximumUnread = 1 << 20

    enum Part: Sendable {
        case head(HTTPHead)
        case body([UInt8])
        case end(HTTPError?)
    }

    private struct State {
        var head: HTTPHead?
        var body: [UInt8] = []
        var outcome: Result<Void, HTTPError>?
        var isPaused = false
        var waiters: [CheckedContinuation<Void, Never>] = []

        var hasPart: Bool { head != nil || !body.isEmpty || outcome != nil }
    }

    private let state = Mutex(State())
    private let isStream: Bool

    init(isStream: Bool) { self.isStream = isStream }

    func deliver(_ head: HTTPHead) { change(wakes: isStream) { $0.head = head } }

    /// False: full. The bytes were not taken; `next` will tell when to offer them again.
    func deliver(_ bytes: UnsafeRawBufferPointer) -> Bool {
        change(wakes: isStream) { state in
            if isStream, state.body.count >= Self.maximumUnread {
                state.isPaused = true
                return false
            }
            state.body.append(contentsOf: bytes)
            return true
        }
    }

    func finish(_ outcome: Result<Void, HTTPError>) {
        change(wakes: true) { if $0.outcome == nil { $0.outcome = outcome } }
    }

    private func change<Value: Sendable>(wakes: Bool, _ body: (inout State) -> Value) -> Value {
        let (value, waiters) = state.withLock { state in
            let value = body(&state)
            guard wakes else { return (value, [CheckedContinuation<Void, Never>]()) }
            defer { state.waiters = [] }
            return (value, state.waiters)
        }
        for waiter in waiters { waiter.resume() }
        return value
    }

    /// The whole answer, once the transfer has ended.
    func response() async -> Result<HTTPResponse, HTTPError> {
        await wait { $0.outcome != nil }
        let (head, body, outcome) = state.withLock { ($0.head, $0.body, $0.outcome) }
        if case .failure(let error)? = outcome { return .failure(error) }
        guard let head else { return .failure(.protocolError("the answer has no header")) }
        return .success(HTTPResponse(head: head, body: body))
    }

    /// The next part, and whether the transfer was paused and has room again. A failure is told at once, before
    /// unread bytes; a proper end after them.
    func next() async -> (part: Part, resumes: Bool) {
        await wait { $0.hasPart }
        return state.withLock { state in
            if case .failure(let error)? = state.outcome { return (.end(error), false) }
            if let head = state.head {
                state.head = nil
                return (.head(head), false)
            }
            guard !state.body.isEmpty else { return (.end(nil), false) }
            let body = state.body
            state.body = []
            defer { state.isPaused = false }
            return (.body(body), state.isPaused)
        }
    }

    private func wait(until isReady: @Sendable (borrowing State) -> Bool) async {
        while !state.withLock({ isReady($0) }) {
            await withCheckedContinuation { waiter in
                let isReadyNow = state.withLock { state in
                    if isReady(state) { return true }
                    state.waiters.append(waiter)
                    return false
                }
                if isReadyNow { waiter.resume() }
            }
        }
    }
}
