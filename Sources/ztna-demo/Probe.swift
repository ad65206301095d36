import Glibc

/// One connection attempt from inside a device: connects, sends, and expects the same back.
struct Probe: Sendable {
    enum Outcome: Hashable, Sendable {
        case answered
        /// Refused at once: a reset or an ICMP message; what the system says.
        case refused(String)
        case silent(String)
    }

    let outcome: Outcome
    let milliseconds: Int

    static func run(
        from namespace: NetworkNamespace, to address: String, port: UInt16, payload: String = "hello"
    ) async throws -> Probe {
        try await BlockingThread.run(in: namespace) {
            let start = ContinuousClock.now
            let outcome = try attempt(address, port, Array(payload.utf8))
            return Probe(outcome: outcome, milliseconds: Milliseconds.of(.now - start))
        }
    }

    private static func attempt(_ address: String, _ port: UInt16, _ payload: [UInt8]) throws -> Outcome {
        let socket: TCPSocket
        do { socket = try TCPSocket.connecting(to: address, port: port, within: 5_000) } catch let failure
            as ConnectFailure
        {
            return failure.number == ETIMEDOUT ? .silent("\(failure)") : .refused("\(failure)")
        }
        guard case .done(payload.count) = socket.send(payload[...]) else { return .silent("nothing could be sent") }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while received.count < payload.count {
            guard socket.wait(for: Int16(POLLIN), 3_000) else { return .silent("no answer") }
            switch socket.receive(into: &buffer) {
            case .done(let count): received += buffer.prefix(count)
            case .wouldBlock: break
            case .ended: return .silent("closed without an answer")
            case .failed(let number): return .refused(String(cString: strerror(number)))
            }
        }
        return received == payload ? .answered : .silent("another answer than expected")
    }
}
