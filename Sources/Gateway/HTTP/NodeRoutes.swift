internal import Cryptography
internal import HTTPTypes
internal import Hummingbird
internal import Identity
internal import Logging
internal import NIOCore
internal import NetworkAddresses
internal import ServiceLifecycle
internal import Sessions
internal import Store
internal import StrictJSON
internal import Wire

/// The control API of a signed-in device: register the node, follow the netmap. Source: RFC 9449 §7; DESIGN §4.
struct NodeRoutes: Sendable {
    let services: GatewayServices
    let call: DeviceCall
    let sessionFlow: SessionFlow

    func add(to router: Router<GatewayContext>) {
        router.post("/v1/node") { request, context in
            await authorized(request, context, path: "/v1/node") { token, key, _ in
                try await register(request, token, key)
            }
        }
        router.get("/v1/netmap") { request, context in
            await authorized(request, context, path: "/v1/netmap") { token, _, _ in
                try await netmap(request, context, token)
            }
        }
    }

    /// A call with a good proof and the access token that is bound to the same key.
    func authorized(
        _ request: Request, _ context: GatewayContext, path: String,
        _ work: (AccessToken, Ed25519PublicKey, Int) async throws -> Response
    ) async -> Response {
        let header = request.headers.value(.authorization) ?? ""
        let scheme = header.prefix(5)
        // RFC 9449 §7.1: the scheme is DPoP; a bearer presentation of a bound token is refused.
        let text = scheme.lowercased() == "dpop " ? String(header.dropFirst(5)) : ""
        return await call.answer(request, context, path: path, accessToken: text) { proof, now in
            guard !text.isEmpty else {
                throw OAuthFailure(.invalidToken, "send the access token as `Authorization: DPoP TOKEN`")
            }
            let token = try sessionFlow.accessToken(text, proof: proof, now: now)
            if let address = IPAddress(call.address(of: request, context)) {
                await services.nodes.contact(token.session, address)
            }
            do {
                return try await work(token, proof.key, now)
            } catch let refusal as NodeService.Refusal {
                services.logger.notice(
                    "node refused",
                    metadata: [
                        "device": "\(token.device)", "session": "\(token.session)", "reason": "\(refusal.explanation)",
                    ])
                throw OAuthFailure(refusal.name, refusal.explanation)
            }
        }
    }

    private func register(_ request: Request, _ token: AccessToken, _ key: Ed25519PublicKey) async throws -> Response {
        let body: ByteBuffer
        do { body = try await request.body.collect(upTo: 64 * 1024) } catch {
            throw OAuthFailure(.invalidRequest, "the body is larger than 64 KiB")
        }
        guard let members = try? JSONMembers(parsing: body.readableBytesView, maximumBytes: 64 * 1024),
            let registration = try? members.string("registration")
        else { throw OAuthFailure(.invalidRequest, "send an object with the JWS `registration`") }
        let outcome: Result<RegistrationResponse, NodeService.Refusal>
        do throws(NodeService.Refusal) {
            outcome = .success(try await services.nodes.register(token.session, token.person, key, registration))
        } catch { outcome = .failure(error) }
        let label = await label(of: token, with: try? outcome.get().node)
        switch outcome {
        case .failure(let refusal):
            services.recorder.noteNode(nil, of: token, label: label, refused: refusal.explanation)
            throw refusal
        case .success(let response):
            services.recorder.noteNode(response.node, of: token, label: label)
            if let name = response.withheldName {
                services.recorder.noteWithheld(name, node: response.node, of: token, label: label)
            }
            return Answer.json(response.json)
        }
    }

    /// From memory for a node that is there, else from the store. Evidence goes without it where that does not answer.
    private func label(of token: AccessToken, with node: String?) async -> String? {
        if let node, let label = await services.nodes.label(node) { return label }
        let person = try? await services.store.read { try $0.person(token.person) }
        return person?.label
    }

    /// One long response of newline-delimited JSON. It ends when the session does, the client leaves or we shut down.
    private func netmap(_ request: Request, _ context: GatewayContext, _ token: AccessToken) async throws -> Response {
        let query = request.uri.queryParameters
        var resumption: NodeService.Resumption?
        if let epoch = query["epoch"], let after = query["after"].flatMap({ Int($0) }), epoch.utf8.count <= 64 {
            resumption = NodeService.Resumption(epoch: String(epoch), sequence: after)
        }
        let messages = try await services.nodes.netmap(
            token.session, token.device, resumption, IPAddress(call.address(of: request, context)))
        let body = ResponseBody { writer in
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                try await Self.write(messages, to: &writer)
            }
            try await writer.finish(nil)
        }
        var headers = HTTPFields()
        headers.set(.contentType, "application/x-ndjson")
        // The connection ends with the stream: said beforehand, the device closes too, and shutting down waits for nobody.
        headers.set(.connection, "close")
        headers.set(.cacheControl, "no-store")
        return Response(status: .ok, headers: headers, body: body)
    }

    private static func write(
        _ messages: some AsyncSequence<NetmapMessage, Never> & Sendable, to writer: inout any ResponseBodyWriter
    ) async throws {
        for await message in messages.cancelOnGracefulShutdown() {
            var line = message.json.encoded()
            line.append(UInt8(ascii: "\n"))
            try await writer.write(ByteBuffer(bytes: line))
        }
    }
}
