package import HTTPClient

/// One answer of the server, as far as the agent looks at it.
package struct ControlResponse: Hashable, Sendable {
    package var status: Int
    /// `DPoP-Nonce` (RFC 9449 §8.2).
    package var nonce: String?
    /// `Retry-After` in seconds.
    package var retryAfter: Int?
    package var body: [UInt8]

    package init(status: Int, nonce: String? = nil, retryAfter: Int? = nil, body: [UInt8] = []) {
        self.status = status
        self.nonce = nonce
        self.retryAfter = retryAfter
        self.body = body
    }
}

/// A part of a long-lived answer.
package enum ControlStreamPart: Hashable, Sendable {
    case head(ControlResponse)
    case body([UInt8])
}

/// How requests leave the agent.
package struct ControlTransport: Sendable {
    package typealias Receive = @Sendable (ControlStreamPart) async throws -> Void

    package var send: @Sendable (HTTPRequest) async throws(HTTPError) -> ControlResponse
    /// Hands on each part in order; returns at the answer's end, and throws `timedOut` after so long without a byte.
    package var stream: @Sendable (HTTPRequest, _ idleTimeout: Duration, _ receive: Receive) async throws -> Void

    package init(
        send: @escaping @Sendable (HTTPRequest) async throws(HTTPError) -> ControlResponse,
        stream: @escaping @Sendable (HTTPRequest, Duration, Receive) async throws -> Void
    ) {
        self.send = send
        self.stream = stream
    }

    package init(_ client: HTTPClient) {
        send = { request async throws(HTTPError) in
            let response = try await client.send(request)
            return ControlResponse(response.head, body: response.body)
        }
        stream = { request, idleTimeout, receive in
            for try await element in client.stream(request, idleTimeout: idleTimeout) {
                switch element {
                case .head(let head): try await receive(.head(ControlResponse(head, body: [])))
                case .body(let bytes): try await receive(.body(bytes))
                }
            }
        }
    }
}

extension ControlResponse {
    fileprivate init(_ head: HTTPHead, body: [UInt8]) {
        self.init(
            status: head.status, nonce: head.headers["dpop-nonce"],
            retryAfter: head.headers["retry-after"].flatMap { Int($0) }, body: body)
    }
}
