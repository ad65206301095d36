internal import HTTPTypes
internal import Hummingbird
package import Logging
internal import NIOCore

/// Answers requests by a function call, without sockets: what the bench measures and most tests drive.
///
/// The netmap stream is not for this: it needs a connection that can close.
package struct InProcessResponder: Sendable {
    package struct Answer: Sendable {
        fileprivate let head: HTTPResponse
        package let body: [UInt8]

        package var status: Int { head.status.code }
        package var headers: [(name: String, value: String)] { head.headerFields.map { ($0.name.rawName, $0.value) } }
    }

    private let responder: RouterResponder<GatewayContext>
    private let logger: Logger

    package init(_ gateway: Gateway, logger: Logger) {
        responder = gateway.router().buildResponder()
        self.logger = logger
    }

    /// A request as a server's socket hands it over: read, with its body.
    package struct Call: Sendable {
        fileprivate let head: HTTPRequest
        fileprivate let body: ByteBuffer
        fileprivate let address: SocketAddress
    }

    package func answer(
        method: String, target: String, headers: [(name: String, value: String)], body: [UInt8], address: String
    ) async throws -> Answer {
        try await answer(
            to: call(method: method, target: target, headers: headers, body: body, address: address))
    }

    /// `target` is path and query.
    package func call(
        method: String, target: String, headers: [(name: String, value: String)], body: [UInt8], address: String
    ) throws -> Call {
        var fields = HTTPFields()
        for header in headers {
            if let name = HTTPField.Name(header.name) { fields.append(HTTPField(name: name, value: header.value)) }
        }
        let head = HTTPRequest(
            method: HTTPRequest.Method(method) ?? .get, scheme: "https", authority: "in-process", path: target,
            headerFields: fields)
        return Call(
            head: head, body: ByteBuffer(bytes: body), address: try SocketAddress(ipAddress: address, port: 1024))
    }

    package func answer(to call: Call) async throws -> Answer {
        let request = Request(head: call.head, body: RequestBody(buffer: call.body))
        let context = GatewayContext(logger: logger, remoteAddress: call.address)
        let response: Response
        do { response = try await responder.respond(to: request, context: context) } catch let error
            as any HTTPResponseError
        {
            response = try error.response(from: request, context: context)
        }
        let collected = Collected()
        try await response.body.write(Writer(collected: collected))
        return Answer(head: response.head, body: collected.bytes)
    }

    /// Written by one task, read after it has finished.
    private final class Collected: @unchecked Sendable { var bytes: [UInt8] = [] }

    private struct Writer: ResponseBodyWriter {
        let collected: Collected
        func write(_ buffer: ByteBuffer) async throws { collected.bytes.append(contentsOf: buffer.readableBytesView) }
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}
