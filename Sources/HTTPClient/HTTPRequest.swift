package enum HTTPMethod: String, Hashable, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
}

/// One request, with the limits of its answer.
package struct HTTPRequest: Sendable {
    package var method: HTTPMethod
    package var url: String
    package var headers: HTTPHeaders
    package var body: [UInt8]?
    /// Of the body; a stream has no such limit.
    package var maximumResponseBytes: Int
    /// From `send` to the last byte, waiting for a free place included; a stream has none.
    package var timeout: Duration
    /// Whether it may be written twice, when a kept connection turns out to be dead before any answer.
    /// Where not, a connection of its own is opened. Source: RFC 9110 §9.2.2.
    package var isRepeatable: Bool

    /// `isRepeatable` defaults to what the method says: all but POST and PATCH.
    package init(
        method: HTTPMethod = .get, url: String, headers: HTTPHeaders = [:], body: [UInt8]? = nil,
        maximumResponseBytes: Int = 1 << 20, timeout: Duration = .seconds(10), isRepeatable: Bool? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.maximumResponseBytes = maximumResponseBytes
        self.timeout = timeout
        self.isRepeatable = isRepeatable ?? (method != .post && method != .patch)
    }
}

/// Status and header of a final answer; a redirect is an answer like any other.
package struct HTTPHead: Hashable, Sendable {
    package let status: Int
    package let headers: HTTPHeaders
}

package struct HTTPResponse: Hashable, Sendable {
    package let head: HTTPHead
    package let body: [UInt8]

    init(head: HTTPHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }

    /// For those that answer in place of a network.
    package init(status: Int, headers: HTTPHeaders, body: [UInt8]) {
        self.init(head: HTTPHead(status: status, headers: headers), body: body)
    }

    package var status: Int { head.status }
    package var headers: HTTPHeaders { head.headers }
}
