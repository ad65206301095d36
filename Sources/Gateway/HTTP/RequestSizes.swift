internal import HTTPTypes
internal import Hummingbird

/// How long the lines of a request may be. What is longer than the parser takes gets its bare 400 and the connection closed.
///
/// A filter in an address is the one thing that a well-meaning client makes long: its query is read far enough for the SCIM
/// server to say what is wrong. Everything else is refused at 16 KiB. Source: RFC 9110 §15.5.15; RFC 6585 §5.
struct RequestSizes: RouterMiddleware {
    /// Of path and query for the SCIM server: what the parser takes, in bytes.
    static let target = 64 * 1024
    /// Of a path, of its query elsewhere, and of each header field.
    static let line = 16 * 1024

    func handle(
        _ request: Request, context: GatewayContext, next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        let target = (request.head.path ?? "").utf8
        let isForSCIM = target.starts(with: "/scim/".utf8)
        let length = isForSCIM ? target.prefix { $0 != UInt8(ascii: "?") }.count : target.count
        guard length <= Self.line else { return Response(status: .uriTooLong) }
        guard request.headers.allSatisfy({ $0.value.utf8.count <= Self.line }) else {
            return Response(status: .requestHeaderFieldsTooLarge)
        }
        return try await next(request, context)
    }
}
