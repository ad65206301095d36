import Glibc
import Synchronization

/// What carol's device offers: each connection gets back what it sends. It notes when the last byte came in.
final class EchoService: Sendable {
    private struct State {
        var isStopped = false
        var lastByte: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// Listens inside the namespace at once.
    static func start(in namespace: NetworkNamespace, address: String, port: UInt16) async throws -> EchoService {
        let service = EchoService()
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let isStarted = BlockingThread.start {
                let listener: TCPSocket
                do {
                    try namespace.enter()
                    listener = try TCPSocket.listening(at: address, port: port)
                } catch { return continuation.resume(throwing: error) }
                continuation.resume()
                service.serve(listener)
            }
            if !isStarted { continuation.resume(throwing: DemoFailure("the system gives no thread")) }
        }
        return service
    }

    /// Nil until a byte has come.
    var lastByte: ContinuousClock.Instant? { state.withLock { $0.lastByte } }

    func stop() { state.withLock { $0.isStopped = true } }

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    /// A connection for a thread of its own.
    private final class Accepted: Sendable {
        let socket: TCPSocket
        init(_ socket: consuming TCPSocket) { self.socket = socket }
    }

    /// Each connection by a thread of its own, given up after three seconds of silence.
    private func serve(_ listener: borrowing TCPSocket) {
        while !isStopped {
            guard let connection = try? listener.accepted(within: 100) else { continue }
            let accepted = Accepted(connection)
            _ = BlockingThread.start { self.echo(accepted.socket) }
        }
    }

    private func echo(_ connection: borrowing TCPSocket) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var silence = 0
        while !isStopped, silence < 30 {
            guard connection.wait(for: Int16(POLLIN), 100) else {
                silence += 1
                continue
            }
            silence = 0
            switch connection.receive(into: &buffer) {
            case .done(let count):
                state.withLock { $0.lastByte = .now }
                guard case .done = connection.send(buffer.prefix(count)) else { return }
            case .wouldBlock: break
            case .ended, .failed: return
            }
        }
    }
}
