import Foundation
import Glibc
import Synchronization

/// When bytes last came, and the longest time without one.
final class ByteWatch: Sendable {
    private struct State {
        var count = 0
        var last: Double?
        var watchedSince: Double?
        var largestGap = 0.0
        var isStopped = false

        func openGap(at now: Double) -> Double { watchedSince.map { now - max($0, last ?? $0) } ?? 0 }
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.count } }
    /// On `Clocks.wall`.
    var last: Double? { state.withLock { $0.last } }
    var isStopped: Bool { state.withLock { $0.isStopped } }
    /// In seconds, since `watchGaps`; the one that lasts is included.
    var largestGap: Double { state.withLock { max($0.largestGap, $0.openGap(at: Clocks.wall)) } }

    func note(_ count: Int) {
        let now = Clocks.wall
        state.withLock { state in
            state.largestGap = max(state.largestGap, state.openGap(at: now))
            state.last = now
            state.count += count
        }
    }

    func watchGaps() {
        let now = Clocks.wall
        state.withLock { state in
            state.watchedSince = now
            state.largestGap = 0
        }
    }

    func stop() { state.withLock { $0.isStopped = true } }
}

/// A port inside a namespace that sends back what it gets.
struct EchoPort: Sendable {
    let watch = ByteWatch()

    init(in namespace: String, address: String, port: UInt16) async throws {
        let watch = watch
        let listener = try await NamespaceThread.run(in: namespace) { try TCP.listener(at: address, port: port) }
        Thread.detachNewThread {
            defer { close(listener) }
            while !watch.isStopped {
                guard TCP.isReady(listener, POLLIN, 100) else { continue }
                let connection = accept(listener, nil, nil)
                if connection >= 0 { Thread.detachNewThread { Self.echo(connection, watch) } }
            }
        }
    }

    /// Three seconds of silence end it.
    private static func echo(_ connection: Int32, _ watch: ByteWatch) {
        defer { close(connection) }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !watch.isStopped, TCP.isReady(connection, POLLIN, 3_000) {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            watch.note(count)
            guard send(connection, buffer, count, Int32(MSG_NOSIGNAL)) == count else { return }
        }
    }
}

/// A connection from inside a namespace over which bytes run both ways without pause.
struct TunnelFlow: Sendable {
    let watch = ByteWatch()

    /// Nil when it is not let through within a second.
    init?(from namespace: String, to address: String, port: UInt16) async throws {
        let watch = watch
        let connection = try await NamespaceThread.run(in: namespace) {
            try TCP.connected(to: address, port: port, within: 1_000)
        }
        guard let connection else { return nil }
        Thread.detachNewThread { Self.run(connection, watch) }
    }

    func stop() { watch.stop() }

    /// 64 bytes every two milliseconds, whether or not the earlier ones have come back.
    private static func run(_ connection: Int32, _ watch: ByteWatch) {
        defer { close(connection) }
        let piece = [UInt8](repeating: UInt8(ascii: "."), count: 64)
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !watch.isStopped {
            let sent = send(connection, piece, piece.count, Int32(MSG_NOSIGNAL))
            guard sent >= 0 || errno == EAGAIN else { return }
            guard TCP.isReady(connection, POLLIN, 2) else { continue }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 || count < 0 && errno == EAGAIN else { return }
            if count > 0 { watch.note(count) }
            usleep(1_000)
        }
    }
}
