internal import Glibc
package import StrictJSON
internal import Synchronization

/// The client's side of one conversation with a `LocalSocketServer`; ends with `close()` or the last reference.
package final class LocalSocketClient: Sendable {
    private let connection: LineConnection
    private let poller: SocketPoller
    private let maximumRequestBytes: Int
    /// The first line may be the protocol's own refusal; later ones are the handler's.
    private let hasRead = Mutex(false)

    private init(descriptor: Int32, maximumRequestBytes: Int) throws(LocalSocketError) {
        self.maximumRequestBytes = maximumRequestBytes
        do throws(LocalSocketError) {
            poller = try SocketPoller()
        } catch {
            Glibc.close(descriptor)
            throw error
        }
        connection = LineConnection(
            descriptor: descriptor, maximumLineBytes: LocalSocketServer.maximumEventBytes, poller: poller)
    }

    deinit { close() }

    /// Errors: `notRunning`, `notPermitted` (by the file system), `busy`, `system`.
    package static func connect(
        path: String, maximumRequestBytes: Int = LocalSocketServer.maximumRequestBytes
    ) throws(LocalSocketError) -> LocalSocketClient {
        try LocalSocketClient(
            descriptor: UnixSocket.connect(to: path), maximumRequestBytes: maximumRequestBytes)
    }

    /// The request first, then whatever lines it provides for; at most `maximumRequestBytes` each.
    /// Errors: `notPermitted` or `busy` where the server has said so, `closed`, `timedOut`, `tooLong`, `cancelled`.
    package func send(_ line: JSON) async throws(LocalSocketError) {
        let bytes = line.encoded()
        guard bytes.count <= maximumRequestBytes else { throw .tooLong }
        do throws(LocalSocketError) {
            try await connection.send(bytes, by: .now + LocalSocketServer.writeTimeout)
        } catch {
            guard error == .closed, !hasRead.withLock({ $0 }), let first = connection.firstLine(),
                let refusal = Self.refusal(first)
            else { throw error }
            throw refusal
        }
    }

    /// The next event; nil at the end of the conversation.
    /// Errors: `notPermitted`, `busy` (the protocol's refusals), `timedOut`, `malformed`, `tooLong`, `cancelled`.
    package func nextEvent(timeout: Duration) async throws(LocalSocketError) -> JSON? {
        guard let line = try await connection.nextLine(by: .now + timeout) else { return nil }
        let isFirst = hasRead.withLock { hasRead in
            defer { hasRead = true }
            return !hasRead
        }
        if isFirst, let refusal = Self.refusal(line) { throw refusal }
        do { return try JSON(parsing: line) } catch { throw .malformed }
    }

    package func close() {
        connection.hangUp()
        poller.close()
    }

    private static func refusal(_ line: [UInt8]) -> LocalSocketError? {
        switch (try? JSON(parsing: line))?.objectValue?["error"]?.stringValue {
        case "not-permitted": .notPermitted
        case "busy": .busy
        default: nil
        }
    }
}
