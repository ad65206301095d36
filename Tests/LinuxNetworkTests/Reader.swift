import Agent
import Cryptography
import Logging

@testable import LinuxNetwork

/// An agent's part of reading the server's log. One after the other may have the same state directory.
final class Reader: Sendable {
    let filter: PacketFilter
    let attempts: AttemptLog
    let spool: AttemptSpool
    let reading: AttemptReading

    init(_ wire: Wire, state: String, now: @escaping @Sendable () -> Int = wallClock) throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let directory = try StateDirectory(state)
        spool = try AttemptSpool(in: directory, randomness: .system)
        attempts = AttemptLog(logger: logger, now: now, spool: spool)
        filter = try wire.server.inside { try PacketFilter() }
        let namespace = wire.server
        reading = AttemptReading(
            filter: filter, attempts: attempts, spool: spool, told: try ToldAttempts(in: directory), logger: logger
        ) { deliver, onRead throws(LinuxNetworkError) in
            do {
                return try namespace.inside { try PacketLog(group: 7, deliver: deliver, onRead: onRead) }
            } catch { throw .filter("\(error)") }
        }
    }

    func hasRead(_ count: Int) async throws -> Bool {
        try await comes { attempts.entries(refusedOnly: true).reduce(0) { $0 + $1.count } == count }
    }
}
