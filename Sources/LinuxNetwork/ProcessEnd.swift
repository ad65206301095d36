@preconcurrency internal import Dispatch
internal import Glibc
internal import Synchronization

/// The end of one process: told once, and waited for by any number of tasks.
final class ProcessEnd: Sendable {
    private struct State {
        var exit: WireGuardExit?
        var waiting: [CheckedContinuation<WireGuardExit, Never>] = []
    }

    private let state = Mutex(State())

    var exit: WireGuardExit? { state.withLock { $0.exit } }

    /// Returns when the process is gone.
    func wait() async -> WireGuardExit {
        await withCheckedContinuation { continuation in
            let ended = state.withLock { state -> WireGuardExit? in
                if state.exit == nil { state.waiting.append(continuation) }
                return state.exit
            }
            if let ended { continuation.resume(returning: ended) }
        }
    }

    /// Asks the process to end by `send`, kills it after `patience`, and returns when it is gone.
    func request(patience: Duration, send: @escaping @Sendable (Int32) -> Void) async -> WireGuardExit {
        send(SIGTERM)
        let (seconds, attoseconds) = patience.components
        let limit = Double(seconds) + Double(attoseconds) / 1e18
        DispatchQueue.global().asyncAfter(deadline: .now() + limit) { send(SIGKILL) }
        return await wait()
    }

    func conclude(_ exit: WireGuardExit) {
        let waiting = state.withLock { state in
            state.exit = exit
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: exit) }
    }
}
