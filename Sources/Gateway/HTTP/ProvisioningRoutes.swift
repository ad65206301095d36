internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import SCIM
internal import Store
internal import StrictJSON
internal import WebAddresses

/// `/scim/<connection>/v2`: what provisioning clients call. Source: RFC 7644 §3; RFC 6750 §2.1, §3.
struct ProvisioningRoutes: Sendable {
    /// In bytes; more is refused before it is read.
    static let maximumBody = 1 << 20

    let flow: ProvisioningFlow
    let services: GatewayServices

    func add(to router: Router<GatewayContext>) {
        for method: HTTPRequest.Method in [.get, .post, .put, .patch, .delete] {
            for path in ["/scim/:connection/v2", "/scim/:connection/v2/**"] {
                router.on(RouterPath(path), method: method) { request, context in
                    await answer(request, connection: context.parameters.get("connection") ?? "")
                }
            }
        }
    }

    private func answer(_ request: Request, connection name: String) async -> Response {
        do { return Self.response(try await respond(to: request, connection: name)) } catch let refusal as Refusal {
            var response = Self.response(SCIMResponse(refusal.error))
            for (field, value) in refusal.headers { response.headers.set(field, value) }
            return response
        } catch let error as ConnectionDirectory.TooLarge {
            return Self.response(
                SCIMResponse(
                    SCIMError(
                        .payloadTooLarge,
                        "the \(error.resource) would be larger than \(ConnectionDirectory.maximumResourceBytes) bytes"))
            )
        } catch { return failed(error, connection: name) }
    }

    private struct Refusal: Error {
        let error: SCIMError
        var headers: [(HTTPField.Name, String)] = []
    }

    private func respond(to request: Request, connection name: String) async throws -> SCIMResponse {
        let now = services.clock()
        guard let bearer = Self.bearer(request),
            let (connection, token) = try await flow.authenticate(bearer: bearer, connection: name, now: now)
        else {
            services.logger.notice(
                "provisioning request refused: no valid token of this connection",
                metadata: ["connection": "\(SCIMText.printable(name, limit: 32))"])
            throw Refusal(
                error: SCIMError(.unauthorized, "send a valid token of this connection as `Authorization: Bearer …`"),
                headers: [(.wwwAuthenticate, "Bearer realm=\"SCIM\"")])
        }
        if let wait = flow.contacts.admit(connection.provider, now: now) {
            throw Refusal(
                error: SCIMError(
                    .tooManyRequests, "more than \(ProvisioningContacts.perSecond) requests a second: wait \(wait) s"),
                headers: [(.retryAfter, String(wait))])
        }
        let body = try await Self.body(of: request)
        return try await flow.answer(
            try Self.scimRequest(request, connection: name, body: body), of: connection, token: token, now: now)
    }

    /// RFC 6750 §2.1: the scheme compares without case.
    private static func bearer(_ request: Request) -> String? {
        guard request.headers.hasAtMostOne(.authorization), let header = request.headers.value(.authorization),
            header.utf8.count <= 512, header.prefix(7).lowercased() == "bearer "
        else { return nil }
        return String(header.dropFirst(7).drop { $0 == " " })
    }

    private static func body(of request: Request) async throws -> [UInt8] {
        let tooLarge = Refusal(
            error: SCIMError(.payloadTooLarge, "the body is larger than \(maximumBody) bytes"),
            headers: [(.connection, "close")])
        if let length = request.headers.value(.contentLength), Int(length).map({ $0 > maximumBody }) ?? true {
            throw tooLarge
        }
        do {
            return Array((try await request.body.collect(upTo: maximumBody)).readableBytesView)
        } catch is NIOTooManyBytesError { throw tooLarge }
    }

    private static func scimRequest(_ request: Request, connection name: String, body: [UInt8]) throws -> SCIMRequest {
        let target = request.head.path ?? ""
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        // After "", "scim", the connection and "v2".
        let segments = (parts.first ?? "").split(separator: "/", omittingEmptySubsequences: true).dropFirst(3)
        let path = segments.map { decoded($0) }
        guard !path.contains(nil) else {
            throw Refusal(error: SCIMError(.notFound, "the path holds a broken percent escape"))
        }
        return SCIMRequest(
            method: request.method.rawValue, path: path.compactMap { $0 },
            query: try query(parts.count == 2 ? String(parts[1]) : ""),
            contentType: request.headers.value(.contentType), ifMatch: request.headers.value(.ifMatch),
            ifNoneMatch: request.headers.value(.ifNoneMatch), body: body)
    }

    /// Who writes a space as `%20` means a plus by `+`.
    private static func query(_ text: String) throws -> [FormEncoding.Item] {
        let hasEscapedSpaces = text.contains("%20")
        guard let items = FormEncoding.decode(hasEscapedSpaces ? escaped(text) : text) else {
            throw Refusal(
                error: SCIMError(
                    .invalidFilter,
                    "the query is longer than 16 KiB, has more than 64 parts or a broken escape; a POST to /.search takes long filters"
                ))
        }
        return items
    }

    private static func decoded(_ segment: Substring) -> String? {
        FormEncoding.decode("s=" + escaped(String(segment)).split(separator: "&").joined(separator: "%26"))?.first?
            .value
    }

    private static func escaped(_ text: String) -> String {
        text.split(separator: "+", omittingEmptySubsequences: false).joined(separator: "%2B")
    }

    /// The server's own trouble: a full disk, or too many writers at once.
    private func failed(_ error: any Error, connection name: String) -> Response {
        let (status, detail): (Int, String)
        switch error as? StoreError {
        case .conflict?: (status, detail) = (409, "another request has just taken one of these names")
        case .overloaded?: (status, detail) = (429, "too many writes are waiting: try again")
        default: (status, detail) = (503, "the server cannot keep its records: tell its operator")
        }
        if status == 503 {
            services.logger.error(
                "provisioning request failed",
                metadata: [
                    "connection": "\(SCIMText.printable(name, limit: 32))",
                    "reason": "\((error as? StoreError)?.explanation ?? "\(error)")",
                ])
        }
        let body: JSON = [
            "schemas": [.string(SCIMError.schema)], "status": .string(String(status)), "detail": .string(detail),
        ]
        var response = Self.response(SCIMResponse(status: status, body: body))
        if status != 409 { response.headers.set(.retryAfter, "1") }
        return response
    }

    private static func response(_ answer: SCIMResponse) -> Response {
        var headers = HTTPFields()
        for (name, value) in answer.headers { headers.set(HTTPField.Name(name), value) }
        headers.set(.cacheControl, "no-store")
        headers.set(.xContentTypeOptions, "nosniff")
        let status = HTTPResponse.Status(code: answer.status)
        guard let body = answer.body else { return Response(status: status, headers: headers) }
        headers.set(.contentType, SCIMResponse.contentType)
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body.encoded())))
    }
}
