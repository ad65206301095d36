internal import Glibc
internal import Synchronization

/// Accepts connections and hands their descriptors on.
final class ListeningSocket: PolledSocket {
    private struct State {
        var descriptor: Int32
        /// When the system has no more descriptors, accepting rests until then.
        var restsUntil: ContinuousClock.Instant?
    }

    private let state: Mutex<State>
    private let accepted: @Sendable (Int32) -> Void

    init(descriptor: Int32, accepted: @escaping @Sendable (Int32) -> Void) {
        state = Mutex(State(descriptor: descriptor))
        self.accepted = accepted
    }

    func interest() -> PollInterest? {
        state.withLock { state in
            if let restsUntil = state.restsUntil, restsUntil > .now {
                return PollInterest(descriptor: -1, events: 0, deadline: restsUntil)
            }
            state.restsUntil = nil
            return PollInterest(descriptor: state.descriptor, events: Int16(POLLIN), deadline: nil)
        }
    }

    func handle(_ events: Int16) {
        guard events != 0 else { return }
        let descriptor = state.withLock { $0.descriptor }
        while true {
            let connection = accept(descriptor, nil, nil)
            if connection >= 0 {
                UnixSocket.setFlags(connection)
                accepted(connection)
                continue
            }
            switch errno {
            case EINTR, ECONNABORTED: continue
            case EAGAIN: return
            default:
                state.withLock { $0.restsUntil = .now + .milliseconds(200) }
                return
            }
        }
    }

    func close() {
        state.withLock { state in
            if state.descriptor >= 0 { Glibc.close(state.descriptor) }
            state.descriptor = -1
        }
    }
}
