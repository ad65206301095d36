import Foundation
import LocalSocket
import StrictJSON
import Synchronization

/// A folder of its own for one test's socket; removed with the last reference.
final class TemporaryFolder: Sendable {
    let path: String
    var socket: String { path + "/run/agent.sock" }

    init() { path = "/tmp/local-socket-\(UUID().uuidString.prefix(8))" }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Told by one side, awaited by the other: values in order.
struct Signal<Value: Sendable>: Sendable {
    private let stream: AsyncStream<Value>
    private let continuation: AsyncStream<Value>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(of: Value.self) }

    func tell(_ value: Value) { continuation.yield(value) }

    func next() async -> Value? {
        var iterator = stream.makeAsyncIterator()
        return await iterator.next()
    }
}

extension LocalSocketServer {
    /// Says what it hears.
    static func echo(
        _ folder: TemporaryFolder, allow: @escaping @Sendable (PeerCredentials) -> Bool = { _ in true }
    ) throws -> LocalSocketServer {
        try start(folder, allow: allow) { request, _, responder in try await responder.send(request) }
    }

    static func start(
        _ folder: TemporaryFolder, maximumConnections: Int = 32, requestTimeout: Duration = .seconds(5),
        allow: @escaping @Sendable (PeerCredentials) -> Bool = { _ in true },
        handler: @escaping Handler
    ) throws -> LocalSocketServer {
        try LocalSocketServer(
            path: folder.socket, maximumConnections: maximumConnections, requestTimeout: requestTimeout, allow: allow,
            handler: handler)
    }
}

extension LocalSocketClient {
    /// Longer than any test takes: a missing event fails the test instead of hanging it.
    func next() async throws(LocalSocketError) -> JSON? { try await nextEvent(timeout: .seconds(20)) }
}
