internal import CCurl
internal import Synchronization

/// One accepted request on its way to the worker thread.
struct Submission: Sendable {
    enum Limit: Sendable {
        case total(deadline: ContinuousClock.Instant)
        /// Longest silence, also before the first byte.
        case idle(Duration)
    }

    let id: UInt64
    let request: HTTPRequest
    let target: RequestTarget
    let limit: Limit
    let submitted: ContinuousClock.Instant
    let delivery: Delivery
}

/// What tasks ask of the worker thread. Each call wakes it; once closed, nothing is taken any more.
final class TransferInbox: Sendable {
    enum Command: Sendable {
        case start(Submission)
        case abort(id: UInt64, HTTPError)
        case resume(id: UInt64)
    }

    private struct State {
        /// Nil once the thread has ended: libcurl's handle is gone then, and must not be woken.
        var multi: UnsafeMutableRawPointer?
        var isOpen = true
        var commands: [Command] = []
        var outstanding = 0
        var lastID: UInt64 = 0
    }

    private let state: Mutex<State>
    private let maximumOutstanding: Int

    init?(maximumOutstanding: Int) {
        guard let multi = curl_multi_init() else { return nil }
        let address = UInt(bitPattern: multi)
        state = Mutex(State(multi: UnsafeMutableRawPointer(bitPattern: address)))
        self.maximumOutstanding = maximumOutstanding
    }

    /// For the case that no thread ever ran.
    deinit {
        state.withLock { state in
            if let multi = state.multi { curl_multi_cleanup(multi) }
        }
    }

    /// Errors: `tooManyRequests`, `shutDown`.
    func submit(
        _ request: HTTPRequest, _ target: RequestTarget, _ limit: Submission.Limit, to delivery: Delivery
    ) throws(HTTPError) -> UInt64 {
        let submitted = ContinuousClock.now
        let answer: Result<UInt64, HTTPError> = state.withLock { state in
            guard state.isOpen else { return .failure(.shutDown) }
            guard state.outstanding < maximumOutstanding else { return .failure(.tooManyRequests) }
            state.outstanding += 1
            state.lastID += 1
            let submission = Submission(
                id: state.lastID, request: request, target: target, limit: limit, submitted: submitted,
                delivery: delivery)
            state.commands.append(.start(submission))
            if let multi = state.multi { curl_multi_wakeup(multi) }
            return .success(state.lastID)
        }
        return try answer.get()
    }

    func abort(_ id: UInt64, _ error: HTTPError) { post(.abort(id: id, error)) }

    func resume(_ id: UInt64) { post(.resume(id: id)) }

    private func post(_ command: Command) {
        state.withLock { state in
            guard let multi = state.multi else { return }
            state.commands.append(command)
            curl_multi_wakeup(multi)
        }
    }

    func close() {
        state.withLock { state in
            state.isOpen = false
            if let multi = state.multi { curl_multi_wakeup(multi) }
        }
    }

    // The thread's side.

    func take() -> (commands: [Command], isOpen: Bool) {
        state.withLock { state in
            defer { state.commands = [] }
            return (state.commands, state.isOpen)
        }
    }

    /// A submission has had its outcome.
    func finished() { state.withLock { $0.outstanding -= 1 } }

    /// Runs `body` with libcurl's handle, which ends with it.
    func withMulti(_ body: (UnsafeMutableRawPointer) -> Void) {
        guard let address = state.withLock({ $0.multi.map { UInt(bitPattern: $0) } }),
            let multi = UnsafeMutableRawPointer(bitPattern: address)
        else { return }
        body(multi)
        state.withLock { $0.multi = nil }
        curl_multi_cleanup(multi)
    }
}
