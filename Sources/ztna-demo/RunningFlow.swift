import Glibc
import Synchronization

/// A connection over which bytes run without pause, both ways. It notes when the last byte came back.
final class RunningFlow: Sendable {
    private struct State {
        var isStopped = false
        var lastByte: ContinuousClock.Instant?
        var received = 0
        var end: String?
        /// The longest time without a byte since `watchGaps`.
        var largestGap: Duration = .zero
        var watchedSince: ContinuousClock.Instant?

        mutating func note(_ count: Int, at now: ContinuousClock.Instant) {
            if let gap = openGap(at: now) { largestGap = max(largestGap, gap) }
            lastByte = now
            received += count
        }

        func openGap(at now: ContinuousClock.Instant) -> Duration? {
            watchedSince.map { now - max($0, lastByte ?? $0) }
        }
    }

    private let state = Mutex(State())

    /// Errors: `DemoFailure` when it cannot connect.
    static func start(from namespace: NetworkNamespace, to address: String, port: UInt16) async throws -> RunningFlow {
        let flow = RunningFlow()
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let isStarted = BlockingThread.start {
                let socket: TCPSocket
                do {
                    try namespace.enter()
                    socket = try TCPSocket.connecting(to: address, port: port, within: 5_000)
                } catch { return continuation.resume(throwing: error) }
                continuation.resume()
                flow.run(socket)
            }
            if !isStarted { continuation.resume(throwing: DemoFailure("the system gives no thread")) }
        }
        return flow
    }

    var lastByte: ContinuousClock.Instant? { state.withLock { $0.lastByte } }
    /// Bytes that came back.
    var received: Int { state.withLock { $0.received } }
    /// What the connection ended with; nil while it stands.
    var end: String? { state.withLock { $0.end } }

    /// From now on the longest time without a byte is kept.
    func watchGaps() {
        state.withLock { state in
            state.watchedSince = .now
            state.largestGap = .zero
        }
    }

    /// Since `watchGaps`, the one that lasts included.
    var largestGap: Duration { state.withLock { max($0.largestGap, $0.openGap(at: .now) ?? .zero) } }

    func stop() { state.withLock { $0.isStopped = true } }

    /// 64 bytes every two milliseconds, whether or not the earlier ones have come back.
    private func run(_ socket: borrowing TCPSocket) {
        let piece = [UInt8](repeating: UInt8(ascii: "."), count: 64)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while state.withLock({ !$0.isStopped }) {
            var outcomes = [socket.send(piece[...])]
            if socket.wait(for: Int16(POLLIN), 2) { outcomes.append(socket.receive(into: &buffer)) }
            if outcomes.count > 1, case .done(let count) = outcomes[1] {
                state.withLock { $0.note(count, at: .now) }
                usleep(1000)
            }
            for outcome in outcomes {
                switch outcome {
                case .done, .wouldBlock: break
                case .ended: return state.withLock { $0.end = "closed" }
                case .failed(let number): return state.withLock { $0.end = String(cString: strerror(number)) }
                }
            }
        }
    }
}
