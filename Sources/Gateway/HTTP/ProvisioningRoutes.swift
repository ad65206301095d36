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
    let call: DeviceCall

    func add(to router: Router<GatewayContext>) {
        for method: HTTPRequest.Method in [.get, .post, .put, .patch, .delete] {
            for path in ["/scim/:connection/v2", "/scim/:connection/v2/**"] {
                router.on(RouterPath(path), method: method) { request, context in
                    await answer(request, context, connection: context.parameters.get("connection") ?? "")
                }
            }
        }
    }

    /// What is answered in place of the directory's answer.
    private struct Refusal: Error {
        let response: SCIMResponse
        var headers: [(HTTPField.Name, String)] = []
        /// For the sync log, where there is a connection.
        let words: String

        init(_ error: SCIMError, _ headers: (HTTPField.Name, String)...) {
            response = SCIMResponse(error)
            self.headers = headers
            words = error.scimType.map { "\($0.rawValue): \(error.detail)" } ?? error.detail
        }

        /// The server's own trouble: a full disk, or too many writers at once.
        init(status: Int, detail: String) {
            response = SCIMResponse(
                status: status,
                body: [
                    "schemas": [.string(SCIMError.schema)], "status": .string(String(status)),
                    "detail": .string(detail),
                ])
            if status != 409 { headers = [(.retryAfter, "1")] }
            words = detail
        }

        static let unauthorized = Refusal(
            SCIMError(.unauthorized, "send a valid token of this connection as `Authorization: Bearer …`"),
            (.wwwAuthenticate, "Bearer realm=\"SCIM\""))

        static func wait(_ seconds: Int, _ why: String) -> Refusal {
            Refusal(SCIMError(.tooManyRequests, "\(why): wait \(seconds) s"), (.retryAfter, String(seconds)))
        }

        var answer: Response {
            var answer = ProvisioningRoutes.response(response)
            for (field, value) in headers { answer.headers.set(field, value) }
            return answer
        }
    }

    private func answer(_ request: Request, _ context: GatewayContext, connection name: String) async -> Response {
        let now = services.clock()
        let (connection, token): (ProvisioningConnection, ProvisioningToken)
        do { (connection, token) = try await admit(request, context, name, now) } catch {
            return refusal(for: error, connection: name).answer
        }
        do {
            return Self.response(try await respond(to: request, connection, token, now))
        } catch is ProvisioningFlow.TokenEnded {
            flow.contacts.forget(hash: token.hash)
            return refusedUnknown(name).answer
        } catch {
            let refusal = refusal(for: error, connection: name)
            let path = "/" + Self.segments(request).joined(separator: "/")
            await flow.noteRefusal(
                refusal.words, status: refusal.response.status, of: (request.method.rawValue, path),
                connection: connection, token: token, now: now)
            return refusal.answer
        }
    }

    private func admit(
        _ request: Request, _ context: GatewayContext, _ name: String, _ now: Int
    ) async throws -> (ProvisioningConnection, ProvisioningToken) {
        let admission = try await flow.authenticate(
            bearer: Self.bearer(request), connection: name, address: call.address(of: request, context), now: now)
        switch admission {
        case .admitted(let connection, let token): return (connection, token)
        case .unknown: throw refusedUnknown(name)
        case .wait(let seconds): throw Refusal.wait(seconds, "too many requests of this address had no valid token")
        }
    }

    private func refusedUnknown(_ name: String) -> Refusal {
        services.logger.notice(
            "provisioning request refused: no valid token of this connection",
            metadata: ["connection": "\(SCIMText.printable(name, limit: 32))"])
        return .unauthorized
    }

    private func respond(
        to request: Request, _ connection: ProvisioningConnection, _ token: ProvisioningToken, _ now: Int
    ) async throws -> SCIMResponse {
        if let wait = flow.contacts.admit(connection.provider, now: now) {
            throw Refusal.wait(wait, "more than \(ProvisioningContacts.perSecond) requests a second")
        }
        let body = try await Self.body(of: request)
        return try await flow.answer(
            try Self.scimRequest(request, body: body), of: connection, token: token, now: now)
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
            SCIMError(.payloadTooLarge, "the body is larger than \(maximumBody) bytes"), (.connection, "close"))
        if let length = request.headers.value(.contentLength), Int(length).map({ $0 > maximumBody }) ?? true {
            throw tooLarge
        }
        do {
            return Array((try await request.body.collect(upTo: maximumBody)).readableBytesView)
        } catch is NIOTooManyBytesError { throw tooLarge }
    }

    /// After "", "scim", the connection and "v2"; as they came.
    private static func segments(_ request: Request) -> [Substring] {
        let path = (request.head.path ?? "").prefix { $0 != "?" }
        return Array(path.split(separator: "/", omittingEmptySubsequences: true).dropFirst(3))
    }

    private static func scimRequest(_ request: Request, body: [UInt8]) throws -> SCIMRequest {
        let parts = (request.head.path ?? "").split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = segments(request).map { decoded($0) }
        guard !path.contains(nil) else {
            throw Refusal(SCIMError(.notFound, "the path holds a broken percent escape"))
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
                SCIMError(
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

    private func refusal(for error: any Error, connection name: String) -> Refusal {
        switch error {
        case let refusal as Refusal: return refusal
        case let error as ConnectionDirectory.TooLarge:
            return Refusal(
                SCIMError(
                    .payloadTooLarge,
                    "the \(error.resource) would be larger than \(ConnectionDirectory.maximumResourceBytes) bytes"))
        case StoreError.conflict:
            return Refusal(status: 409, detail: "another request has just taken one of these names")
        case StoreError.overloaded:
            return Refusal(status: 429, detail: "too many writes are waiting: try again")
        default:
            services.logger.error(
                "provisioning request failed",
                metadata: [
                    "connection": "\(SCIMText.printable(name, limit: 32))",
                    "reason": "\((error as? StoreError)?.explanation ?? "\(error)")",
                ])
            return Refusal(status: 503, detail: "the server cannot keep its records: tell its operator")
        }
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
