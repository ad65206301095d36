/// A long-lived answer: its head, then its body as it arrives. Each iterator is one request, sent by its first `next()`.
///
/// At most 1 MiB waits unread; beyond, the sender is held back. Ends in `nil` when the answer is complete, else in the
/// error. Cancelling the task or dropping the iterator ends the connection.
package struct HTTPStream: AsyncSequence, Sendable {
    package enum Element: Hashable, Sendable {
        case head(HTTPHead)
        /// At least one byte; where chunks begin and end means nothing.
        case body([UInt8])
    }

    let client: HTTPClient
    let request: HTTPRequest
    let idleTimeout: Duration

    package func makeAsyncIterator() -> Iterator { Iterator(stream: self) }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let stream: HTTPStream
        private var running: RunningStream?
        private var isOver = false

        fileprivate init(stream: HTTPStream) { self.stream = stream }

        package mutating func next() async throws(HTTPError) -> Element? {
            try await next(isolation: nil)
        }

        package mutating func next(isolation actor: isolated (any Actor)?) async throws(HTTPError) -> Element? {
            guard !isOver else { return nil }
            do throws(HTTPError) {
                let current: RunningStream
                if let running { current = running } else { current = try RunningStream(stream) }
                running = current
                if let element = try await current.next() { return element }
            } catch {
                isOver = true
                running = nil
                throw error
            }
            isOver = true
            running = nil
            return nil
        }
    }
}

/// One started stream; its end is the end of the transfer.
private final class RunningStream: Sendable {
    private let client: HTTPClient
    private let delivery = Delivery(isStream: true)
    private let id: UInt64

    init(_ stream: HTTPStream) throws(HTTPError) {
        client = stream.client
        let target = try RequestTarget(stream.request, policy: client.policy)
        let longest = min(stream.idleTimeout, HTTPClient.longestTimeout)
        id = try client.inbox.submit(stream.request, target, .idle(longest), to: delivery)
    }

    deinit { client.inbox.abort(id, .cancelled) }

    func next() async throws(HTTPError) -> HTTPStream.Element? {
        let (part, resumes) = await withTaskCancellationHandler {
            await delivery.next()
        } onCancel: {
            delivery.finish(.failure(.cancelled))
            client.inbox.abort(id, .cancelled)
        }
        if resumes { client.inbox.resume(id) }
        switch part {
        case .head(let head): return .head(head)
        case .body(let bytes): return .body(bytes)
        case .end(let error?): throw error
        case .end(nil): return nil
        }
    }
}
