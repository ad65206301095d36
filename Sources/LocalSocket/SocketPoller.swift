internal import Glibc
internal import Synchronization

/// A socket that the poller watches. All I/O on it, its closing included, happens on the poller's thread.
protocol PolledSocket: AnyObject, Sendable {
    /// What to wait for now; nil: it is over, and `close` is to be called.
    func interest() -> PollInterest?
    /// Called after every wait with what `poll` reported, 0 included.
    func handle(_ events: Int16)
    func close()
}

struct PollInterest {
    /// -1: only the deadline matters.
    let descriptor: Int32
    let events: Int16
    let deadline: ContinuousClock.Instant?
}

/// One thread that waits for a few dozen sockets at once.
final class SocketPoller: Sendable {
    private struct State {
        var sockets: [any PolledSocket] = []
        var isOpen = true
        /// The end that tasks write to; -1 once the thread has ended.
        var bell: Int32
    }

    private let state: Mutex<State>
    /// The end that the thread watches.
    private let ear: Int32

    /// The thread ends, and all sockets with it, after `close()`.
    init() throws(LocalSocketError) {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | UnixSocket.openFlags, 0, &pair) == 0 else {
            throw .system("no socket: \(UnixSocket.reason(errno))")
        }
        state = Mutex(State(bell: pair[0]))
        ear = pair[1]
        let poller = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                var signals = sigset_t()
                sigfillset(&signals)
                pthread_sigmask(SIG_BLOCK, &signals, nil)
                Unmanaged<SocketPoller>.fromOpaque(context).takeRetainedValue().run(); return nil
            }, poller.toOpaque())
        guard result == 0 else {
            poller.release()
            for descriptor in pair { Glibc.close(descriptor) }
            throw .system("no thread: \(UnixSocket.reason(result))")
        }
        pthread_detach(thread)
    }

    /// After `close()` the socket is closed at once.
    func add(_ socket: any PolledSocket) {
        let isAdded = state.withLock { state in
            guard state.isOpen else { return false }
            state.sockets.append(socket)
            Self.ring(state.bell)
            return true
        }
        if !isAdded { socket.close() }
    }

    /// Makes the thread ask every socket again what it waits for.
    func wake() { state.withLock { Self.ring($0.bell) } }

    func close() {
        state.withLock { state in
            state.isOpen = false
            Self.ring(state.bell)
        }
    }

    private static func ring(_ bell: Int32) {
        guard bell >= 0 else { return }
        // A full buffer means that the thread has been told often enough.
        _ = send(bell, [1], 1, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }

    private func run() {
        var rings = [UInt8](repeating: 0, count: 256)
        while true {
            let (sockets, isOpen) = state.withLock { ($0.sockets, $0.isOpen) }
            guard isOpen else { break }
            var watched: [any PolledSocket] = []
            var entries = [pollfd(fd: ear, events: Int16(POLLIN), revents: 0)]
            var first: ContinuousClock.Instant?
            for socket in sockets {
                guard let interest = socket.interest() else {
                    state.withLock { $0.sockets.removeAll { $0 === socket } }
                    socket.close()
                    continue
                }
                watched.append(socket)
                entries.append(pollfd(fd: interest.descriptor, events: interest.events, revents: 0))
                if let deadline = interest.deadline { first = min(first ?? deadline, deadline) }
            }
            poll(&entries, nfds_t(entries.count), Self.milliseconds(until: first))
            while recv(ear, &rings, rings.count, Int32(MSG_DONTWAIT)) > 0 {}
            for (socket, entry) in zip(watched, entries.dropFirst()) { socket.handle(entry.revents) }
        }
        let (sockets, bell) = state.withLock { state in
            defer {
                state.sockets = []
                state.bell = -1
            }
            return (state.sockets, state.bell)
        }
        for socket in sockets { socket.close() }
        Glibc.close(bell)
        Glibc.close(ear)
    }

    private static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
        guard let deadline else { return -1 }
        return Int32(min(max(deadline - .now, .zero), .seconds(60)) / .milliseconds(1)) + 1
    }
}
