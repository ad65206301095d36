internal import Glibc
internal import Synchronization

/// Lines over one connected socket. Tasks wait for lines and for room; the poller's thread reads and writes.
final class LineConnection: PolledSocket {
    static let maximumLinesUnread = 64
    static let maximumBytesUnsent = 2 << 20

    private struct State {
        var descriptor: Int32
        var partial: [UInt8] = []
        var lines: [[UInt8]] = []
        /// Why no more lines come; `closed` is the proper end.
        var inputEnd: LocalSocketError?
        var unsent: [UInt8] = []
        /// Bytes handed to the kernel since the beginning.
        var sent = 0
        /// The other side reads no more, and writes no more.
        var isHungUp = false
        /// Set by `finish`: close once all is sent, at the latest then.
        var finishBy: ContinuousClock.Instant?
        /// Counts changes, so that no task falls asleep over one.
        var version = 0
        var waiters: [(deadline: ContinuousClock.Instant?, continuation: CheckedContinuation<Void, Never>)] = []

        var wantsInput: Bool { inputEnd == nil && lines.count < LineConnection.maximumLinesUnread }
    }

    private let state: Mutex<State>
    private let poller: SocketPoller
    private let maximumLineBytes: Int

    /// Takes over the descriptor. Received lines are at most `maximumLineBytes` long, without their end.
    init(descriptor: Int32, maximumLineBytes: Int, poller: SocketPoller) {
        state = Mutex(State(descriptor: descriptor))
        self.maximumLineBytes = maximumLineBytes
        self.poller = poller
        poller.add(self)
    }

    /// The next line; nil at the proper end. Errors: `tooLong`, `timedOut`, `cancelled`.
    func nextLine(by deadline: ContinuousClock.Instant) async throws(LocalSocketError) -> [UInt8]? {
        let answer = await wait(until: deadline) { state -> Result<[UInt8]?, LocalSocketError>? in
            if !state.lines.isEmpty { return .success(state.lines.removeFirst()) }
            return state.inputEnd.map { $0 == .closed ? .success(nil) : .failure($0) }
        }
        poller.wake()
        return try answer.get().get()
    }

    /// The next line, left in its place.
    func firstLine() -> [UInt8]? { state.withLock { $0.lines.first } }

    /// Returns when the kernel has all of the line. Errors: `closed`, `timedOut` (which ends the connection), `cancelled`.
    func send(_ line: [UInt8], by deadline: ContinuousClock.Instant) async throws(LocalSocketError) {
        do throws(LocalSocketError) {
            let mark = await wait(until: deadline) { state -> Result<Int, LocalSocketError>? in
                if state.isHungUp || state.finishBy != nil { return .failure(.closed) }
                guard state.unsent.isEmpty || state.unsent.count + line.count < Self.maximumBytesUnsent else {
                    return nil
                }
                state.unsent += line + [0x0A]
                return .success(state.sent + state.unsent.count)
            }
            poller.wake()
            let end = try mark.get().get()
            let flushed = await wait(until: deadline) { state -> Result<Void, LocalSocketError>? in
                if state.sent >= end { return .success(()) }
                return state.isHungUp ? .failure(.closed) : nil
            }
            try flushed.get().get()
        } catch {
            if error == .timedOut { hangUp() }
            throw error
        }
    }

    /// Returns when the other side has gone, or the task is cancelled.
    func waitForHangUp() async {
        _ = await wait(until: nil) { $0.isHungUp ? () : nil }
    }

    /// Closes once all is sent, at the latest at `deadline`.
    func finish(by deadline: ContinuousClock.Instant) {
        change { $0.finishBy = deadline }
        poller.wake()
    }

    /// Closes now.
    func hangUp() {
        change { state in
            state.isHungUp = true
            state.finishBy = .now
            state.inputEnd = state.inputEnd ?? .closed
        }
        poller.wake()
    }

    private func wait<Value: Sendable>(
        until deadline: ContinuousClock.Instant?, _ attempt: @Sendable (inout State) -> Value?
    ) async -> Result<Value, LocalSocketError> {
        await withTaskCancellationHandler {
            while true {
                let (value, version) = state.withLock { (attempt(&$0), $0.version) }
                if let value { return .success(value) }
                if Task.isCancelled { return .failure(.cancelled) }
                if let deadline, deadline <= .now { return .failure(.timedOut) }
                await withCheckedContinuation { continuation in
                    let mustLook = state.withLock { state in
                        if state.version != version || Task.isCancelled { return true }
                        state.waiters.append((deadline, continuation))
                        return false
                    }
                    if mustLook { continuation.resume() } else { poller.wake() }
                }
            }
        } onCancel: {
            change { _ in }
        }
    }

    /// Changes the state and lets every waiting task look at it again.
    private func change(_ body: (inout State) -> Void) {
        let waiters = state.withLock { state in
            body(&state)
            state.version += 1
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume() }
    }
}

// The poller's side.
extension LineConnection {
    func interest() -> PollInterest? {
        state.withLock { state in
            if let finishBy = state.finishBy, state.unsent.isEmpty || state.isHungUp || finishBy <= .now { return nil }
            let events = (state.wantsInput ? POLLIN : 0) | (state.unsent.isEmpty ? 0 : POLLOUT)
            // A hung-up socket reports so without end: it is watched only while there is something to read.
            let isWatched = events != 0 || !state.isHungUp
            let deadlines = state.waiters.compactMap(\.deadline) + [state.finishBy].compactMap { $0 }
            return PollInterest(
                descriptor: isWatched ? state.descriptor : -1, events: Int16(events), deadline: deadlines.min())
        }
    }

    func handle(_ events: Int16) {
        let now = ContinuousClock.now
        let isDue = state.withLock { state in state.waiters.contains { $0.deadline.map { $0 <= now } ?? false } }
        guard events != 0 || isDue else { return }
        change { state in
            if events & Int16(POLLOUT) != 0 { write(&state) }
            if events & Int16(POLLHUP | POLLERR) != 0 { state.isHungUp = true }
            if events & Int16(POLLIN) != 0 || state.isHungUp { read(&state) }
            if state.isHungUp { state.unsent = [] }
        }
    }

    func close() {
        change { state in
            if state.descriptor >= 0 { Glibc.close(state.descriptor) }
            state.descriptor = -1
            state.isHungUp = true
            state.finishBy = state.finishBy ?? .now
            state.inputEnd = state.inputEnd ?? .closed
            state.unsent = []
        }
    }

    private func write(_ state: inout State) {
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        let descriptor = state.descriptor
        let count = state.unsent.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) }
        if count > 0 {
            state.unsent.removeFirst(count)
            state.sent += count
        } else if count < 0, errno != EAGAIN, errno != EINTR {
            state.isHungUp = true
        }
    }

    /// As much as there is, within the bound of unread lines.
    private func read(_ state: inout State) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while state.wantsInput {
            let count = recv(state.descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            guard count > 0 else {
                // What was begun and not ended by a newline is no line.
                state.inputEnd = .closed
                return
            }
            guard append(buffer.prefix(count), to: &state) else { return }
        }
    }

    /// False when a line has become too long: nothing is read any more.
    private func append(_ bytes: ArraySlice<UInt8>, to state: inout State) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let end = rest.firstIndex(of: 0x0A)
            state.partial += rest[..<(end ?? rest.endIndex)]
            guard state.partial.count <= maximumLineBytes else {
                state.inputEnd = .tooLong
                state.partial = []
                return false
            }
            guard let end else { return true }
            state.lines.append(state.partial)
            state.partial = []
            rest = rest[(end + 1)...]
        }
        return true
    }
}
