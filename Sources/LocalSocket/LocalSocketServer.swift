internal import Glibc
package import StrictJSON
internal import Synchronization

/// Listens on a Unix stream socket for other programs of this machine. Lines of JSON, in both directions.
///
/// ```
/// client: request line ≤ 64 KiB¹, within 5 s       server: any number of event lines ≤ 1 MiB, then end
///         further lines, where the request has them        or {"error":code,"message":text} and end
/// ```
/// ¹ Unless server and client say otherwise.
/// Codes of the protocol itself: `not-permitted`, `busy`, `malformed`, `too-long`, `timed-out`.
package final class LocalSocketServer: Sendable {
    package static let maximumRequestBytes = 65_536
    static let maximumEventBytes = 1 << 20
    static let writeTimeout = Duration.seconds(10)

    /// Serves one connection, which ends when it returns or throws. Its task is cancelled when the client goes.
    package typealias Handler = @Sendable (JSON, PeerCredentials, Responder) async throws -> Void

    private let path: SocketPath
    private let poller: SocketPoller
    private let connections: ConnectionTable

    /// Listens at once; `mode` is the socket file's. `allow` is asked on the accepting thread, so it must answer
    /// from memory. Errors: `alreadyRunning`, `system`.
    package init(
        path: String, mode: UInt32 = 0o666, maximumConnections: Int = 32, requestTimeout: Duration = .seconds(5),
        maximumRequestBytes: Int = LocalSocketServer.maximumRequestBytes,
        allow: @escaping @Sendable (PeerCredentials) -> Bool, handler: @escaping Handler
    ) throws(LocalSocketError) {
        let poller = try SocketPoller()
        do throws(LocalSocketError) {
            self.path = try SocketPath(listeningAt: path, mode: mode)
        } catch {
            poller.close()
            throw error
        }
        let connections = ConnectionTable(maximum: maximumConnections)
        self.poller = poller
        self.connections = connections
        poller.add(
            ListeningSocket(descriptor: self.path.descriptor) { descriptor in
                guard let peer = UnixSocket.peer(of: descriptor), allow(peer) else {
                    Self.refuse(descriptor, .notPermitted)
                    return
                }
                let isTaken = connections.add {
                    let connection = LineConnection(
                        descriptor: descriptor, maximumLineBytes: maximumRequestBytes, poller: poller)
                    return { await Self.serve(connection, peer, requestTimeout, handler) }
                }
                if !isTaken { Self.refuse(descriptor, .busy) }
            })
    }

    deinit { stop() }

    /// Removes the socket, cancels every handler and closes all connections. Only the first call does something.
    package func stop() {
        guard connections.close() else { return }
        path.release()
        poller.close()
    }

    /// A fresh connection's buffer takes one short line without waiting.
    private static func refuse(_ descriptor: Int32, _ error: LocalSocketError) {
        let line = Responder.refusal(error).encoded() + [0x0A]
        _ = line.withUnsafeBytes {
            send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
        close(descriptor)
    }

    private static func serve(
        _ connection: LineConnection, _ peer: PeerCredentials, _ requestTimeout: Duration, _ handler: @escaping Handler
    ) async {
        let responder = Responder(connection: connection)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do throws(LocalSocketError) {
                    guard let request = try await responder.nextLine(timeout: requestTimeout) else { return }
                    try? await handler(request, peer, responder)
                } catch {
                    try? await responder.send(Responder.refusal(error))
                }
            }
            group.addTask { await connection.waitForHangUp() }
            await group.next()
            group.cancelAll()
        }
        connection.finish(by: .now + writeTimeout)
    }
}

/// The server's side of one conversation.
package struct Responder: Sendable {
    let connection: LineConnection

    /// Sends one event, at most 1 MiB. Errors: `closed`, `timedOut` after 10 s, `tooLong`, `cancelled`.
    package func send(_ event: JSON) async throws(LocalSocketError) {
        let line = event.encoded()
        guard line.count <= LocalSocketServer.maximumEventBytes else { throw .tooLong }
        try await connection.send(line, by: .now + LocalSocketServer.writeTimeout)
    }

    /// What the client says next; nil once it says no more.
    /// Errors: `timedOut`, `malformed`, `tooLong`, `cancelled`.
    package func nextLine(timeout: Duration) async throws(LocalSocketError) -> JSON? {
        guard let line = try await connection.nextLine(by: .now + timeout) else { return nil }
        do { return try JSON(parsing: line) } catch { throw .malformed }
    }

    /// The line with which the protocol itself refuses.
    static func refusal(_ error: LocalSocketError) -> JSON {
        let code =
            switch error {
            case .notPermitted: "not-permitted"
            case .busy: "busy"
            case .malformed: "malformed"
            case .tooLong: "too-long"
            case .timedOut: "timed-out"
            default: "failed"
            }
        return ["error": .string(code), "message": .string(error.explanation)]
    }
}

/// The tasks of the connections that are open, at most so many.
private final class ConnectionTable: Sendable {
    private struct State {
        var tasks: [Int: Task<Void, Never>] = [:]
        var last = 0
        var isOpen = true
    }

    private let state = Mutex(State())
    private let maximum: Int

    init(maximum: Int) { self.maximum = maximum }

    /// False: no room, and `begin` was not called.
    func add(_ begin: () -> @Sendable () async -> Void) -> Bool {
        state.withLock { state in
            guard state.isOpen, state.tasks.count < maximum else { return false }
            let serve = begin()
            state.last += 1
            let number = state.last
            state.tasks[number] = Task {
                await serve()
                self.state.withLock { $0.tasks[number] = nil }
            }
            return true
        }
    }

    /// False when it was closed before.
    func close() -> Bool {
        let (tasks, wasOpen) = state.withLock { state in
            defer { state.isOpen = false }
            return (Array(state.tasks.values), state.isOpen)
        }
        for task in tasks { task.cancel() }
        return wasOpen
    }
}
