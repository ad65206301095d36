package import Cryptography
internal import HTTPClient
package import Identity
internal import Sessions
internal import StrictJSON
internal import WebAddresses
package import Wire

/// The agent's calls to one server, each with a proof by the device key and the server's current nonce.
///
/// Source: RFC 8628 (device authorization), RFC 9449 (DPoP), RFC 7009 (revocation), RFC 6749 §6 (refresh).
package actor ControlClient {
    package static let clientID = "ztna-agent"
    /// The server's heartbeats come every 20 s: three missing ones are a dead connection.
    package static let idleTimeout = Duration.seconds(60)

    package nonisolated let server: ServerURL
    private let key: any Signer
    private let transport: ControlTransport
    private let randomness: Randomness
    private let now: @Sendable () -> Int
    private var nonce: String?

    package init(
        server: ServerURL, key: any Signer, transport: ControlTransport, randomness: Randomness,
        now: @escaping @Sendable () -> Int
    ) {
        self.server = server
        self.key = key
        self.transport = transport
        self.randomness = randomness
        self.now = now
    }

    package func controlKeys() async throws(ControlError) -> [Ed25519PublicKey] {
        try ControlKeySet.parse(try await call(.get, "/oauth2/jwks"))
    }

    /// `renewing`: the session to be renewed, where none is to be begun.
    package func authorizeDevice(
        name: String, operatingSystem: String, loopbackPort: UInt16?, renewing session: SessionID? = nil
    ) async throws(ControlError) -> DeviceAuthorizationAnswer {
        var form = [("client_id", Self.clientID), ("device_name", name), ("device_os", operatingSystem)]
        if let loopbackPort { form.append(("loopback_port", "\(loopbackPort)")) }
        if let session { form.append(("renew_session", session.text)) }
        return try DeviceAuthorizationAnswer(parsing: try await post("/oauth2/device_authorization", form))
    }

    package func redeem<Answer: RedeemedAnswer>(
        deviceCode: String, loopbackCode: String?
    ) async throws(ControlError) -> Answer {
        var form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", deviceCode),
            ("client_id", Self.clientID),
        ]
        if let loopbackCode { form.append(("loopback_code", loopbackCode)) }
        return try Answer(parsing: try await post("/oauth2/token", form))
    }

    /// `attempt` is the same for every repetition of one refresh, so that a lost answer costs no session.
    package func refresh(_ refreshToken: String, attempt: String) async throws(ControlError) -> TokenAnswer {
        let form = [
            ("grant_type", "refresh_token"), ("refresh_token", refreshToken), ("client_id", Self.clientID),
            ("attempt", attempt),
        ]
        return try TokenAnswer(parsing: try await post("/oauth2/token", form))
    }

    /// Where the person can sign out of their identity provider, too: an address of this server, or nil.
    @discardableResult
    package func revoke(_ refreshToken: String) async throws(ControlError) -> String? {
        let answer = try await post(
            "/oauth2/revoke",
            [("token", refreshToken), ("token_type_hint", "refresh_token"), ("client_id", Self.clientID)])
        guard let link = try? JSONMembers(parsing: answer).optionalString("logout_uri"),
            link.hasPrefix(server.text + "/"), link.utf8.count <= 2048,
            link.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        return link
    }

    /// Nobody waits for that sign-in any more: the server need not let anybody approve it.
    package func withdraw(deviceCode: String) async throws(ControlError) {
        _ = try await post(
            "/oauth2/revoke",
            [("token", deviceCode), ("token_type_hint", "device_code"), ("client_id", Self.clientID)])
    }

    package func register(_ registration: String, accessToken: String) async throws(ControlError)
        -> RegistrationResponse
    {
        let body = JSON.object(["registration": .string(registration)]).encoded()
        let answer = try await call(
            .post, "/v1/node", contentType: "application/json", body: body, accessToken: accessToken)
        do { return try RegistrationResponse(parsing: answer) } catch { throw .document(error) }
    }

    /// One question, or something handed in, at one of the paths below `/v1/`.
    package func ask(
        _ path: String, _ body: [UInt8], accessToken: String, maximumResponseBytes: Int = 1 << 20
    ) async throws(ControlError) -> [UInt8] {
        try await call(
            .post, path, contentType: "application/json", body: body, accessToken: accessToken,
            maximumResponseBytes: maximumResponseBytes, timeout: .seconds(60))
    }

    /// Follows the netmap from a position, or from a snapshot; returns when the server ends the stream.
    /// Rethrows what `receive` throws.
    package func followNetmap(
        accessToken: String, epoch: String?, after sequence: Int,
        receive: @escaping @Sendable (NetmapMessage) async throws -> Void
    ) async throws {
        let query = epoch.map { "?epoch=\($0)&after=\(sequence)" } ?? ""
        let isToRepeat = try await follow(query, accessToken, receive)
        if isToRepeat, try await follow(query, accessToken, receive) {
            throw ControlError.refused(status: 400, name: "use_dpop_nonce", description: "", retryAfter: nil)
        }
    }

    /// True when the server asked for a nonce that it has now given.
    private func follow(
        _ query: String, _ accessToken: String, _ receive: @escaping @Sendable (NetmapMessage) async throws -> Void
    ) async throws -> Bool {
        let request = try request(.get, "/v1/netmap", query: query, accessToken: accessToken)
        let reading = NetmapReading()
        try await transport.stream(request, Self.idleTimeout) { part in
            switch part {
            case .head(let head):
                await self.remember(head.nonce)
                await reading.begin(head)
            case .body(let bytes):
                for message in try await reading.take(bytes) { try await receive(message) }
            }
        }
        guard let refusal = await reading.refusal else { return false }
        if nonce != nil, Self.asksForNonce(refusal) { return true }
        throw Self.error(refusal)
    }

    private func post(_ path: String, _ form: [(String, String)]) async throws(ControlError) -> [UInt8] {
        try await call(.post, path, contentType: FormEncoding.contentType, body: Array(FormEncoding.encode(form).utf8))
    }

    private func call(
        _ method: HTTPMethod, _ path: String, contentType: String? = nil, body: [UInt8]? = nil,
        accessToken: String? = nil, maximumResponseBytes: Int? = nil, timeout: Duration? = nil
    ) async throws(ControlError) -> [UInt8] {
        for attempt in 0...1 {
            var request = try request(
                method, path, contentType: contentType, body: body, accessToken: accessToken)
            if let maximumResponseBytes { request.maximumResponseBytes = maximumResponseBytes }
            if let timeout { request.timeout = timeout }
            let response: ControlResponse
            do { response = try await transport.send(request) } catch { throw .transport(error) }
            remember(response.nonce)
            if (200..<300).contains(response.status) { return response.body }
            // RFC 9449 §8: the same request again, with the nonce that came along.
            if attempt == 0, response.nonce != nil, Self.asksForNonce(response) { continue }
            throw Self.error(response)
        }
        throw .malformed("answer")
    }

    private func request(
        _ method: HTTPMethod, _ path: String, query: String = "", contentType: String? = nil, body: [UInt8]? = nil,
        accessToken: String?
    ) throws(ControlError) -> HTTPRequest {
        let url = server.text + path
        let proof: String
        do {
            proof = try DPoPProofMaking.proof(
                method: method.rawValue, url: url, nonce: nonce, accessToken: accessToken,
                id: randomness.token(16), now: now(), by: key)
        } catch { throw .malformed("signature by the device key") }
        var headers: HTTPHeaders = ["DPoP": proof, "Accept": "application/json"]
        if let contentType { headers.append("Content-Type", contentType) }
        if let accessToken { headers.append("Authorization", "DPoP \(accessToken)") }
        // A proof is good for one use, so the request must not be written twice, whatever its method.
        return HTTPRequest(method: method, url: url + query, headers: headers, body: body, isRepeatable: false)
    }

    private func remember(_ received: String?) {
        guard let received, (1...256).contains(received.utf8.count) else { return }
        nonce = received
    }

    private static func asksForNonce(_ response: ControlResponse) -> Bool {
        (400...401).contains(response.status)
            && (try? JSONMembers(parsing: response.body).string("error")) == ControlErrorName.useDPoPNonce.rawValue
    }

    private static func error(_ response: ControlResponse) -> ControlError {
        let members = try? JSONMembers(parsing: response.body, maximumBytes: 65_536)
        let name = (try? members?.string("error")) ?? "no_error_name"
        let words = (try? members?.optionalString("error_description")) ?? ""
        return .refused(
            status: response.status, name: name,
            description: name == ControlErrorName.commandRefused.rawValue
                ? words.split(separator: "\n").prefix(100).map { printable(String($0)) }.joined(separator: "\n")
                : printable(words),
            retryAfter: response.retryAfter)
    }

    /// What a server says goes to terminals and logs: without controls, and not endless. Only what is wrong with a policy
    /// comes in lines.
    private static func printable(_ text: String) -> String {
        String(
            text.unicodeScalars.prefix(300).map {
                $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? " " : Character($0)
            })
    }
}

/// Takes one netmap answer apart as it arrives.
private actor NetmapReading {
    private(set) var refusal: ControlResponse?
    private var lines = LineSplitter(maximumBytes: NetmapMessage.maximumBytes)

    func begin(_ head: ControlResponse) {
        if head.status != 200 { refusal = head }
    }

    func take(_ bytes: [UInt8]) throws -> [NetmapMessage] {
        if let body = refusal?.body {
            if body.count < 65_536 { refusal?.body += bytes }
            return []
        }
        var messages: [NetmapMessage] = []
        for line in try lines.split(bytes) {
            do throws(WireError) { messages.append(try NetmapMessage(parsing: line)) } catch {
                throw ControlError.document(error)
            }
        }
        return messages
    }
}
