import Glibc
import Synchronization
import Walkthrough

/// CPU time of the client's side of a run: the person's browser, the device, the identity provider.
///
/// They run in this process, between the calls of the server, and never wait there; so each piece is measured with the
/// clock of the thread it runs on. A piece that ends on another thread than it began on is not subtracted: it counts as
/// the server's, to its disadvantage.
final class ClientMeter: Sendable {
    private struct Total {
        var seconds = 0.0
        var pieces = 0
        var lost = 0
    }

    struct Piece {
        fileprivate let thread: pthread_t
        fileprivate let began: Double
    }

    private let total = Mutex(Total())

    var seconds: Double { total.withLock { $0.seconds } }
    /// How many pieces could not be measured.
    var lost: Int { total.withLock { $0.lost } }

    func begin() -> Piece { Piece(thread: pthread_self(), began: Clocks.thread) }

    func end(_ piece: Piece) {
        let isSame = pthread_equal(piece.thread, pthread_self()) != 0
        let seconds = isSame ? Clocks.thread - piece.began : 0
        total.withLock { total in
            total.seconds += seconds
            total.pieces += 1
            if !isSame { total.lost += 1 }
        }
    }

    /// The piece stops while the server works.
    func pausing<Value>(
        _ piece: CurrentPiece?, isolation: isolated (any Actor)? = #isolation, _ work: () async throws -> Value
    ) async rethrows -> Value {
        guard let piece else { return try await work() }
        if let running = piece.take() { end(running) }
        defer { piece.set(begin()) }
        return try await work()
    }
}

/// The piece of one person's walk that is running; touched by one task.
final class CurrentPiece: Sendable {
    private let piece = Mutex<ClientMeter.Piece?>(nil)

    func set(_ new: ClientMeter.Piece) { piece.withLock { $0 = new } }

    func take() -> ClientMeter.Piece? {
        piece.withLock { piece in
            defer { piece = nil }
            return piece
        }
    }
}
