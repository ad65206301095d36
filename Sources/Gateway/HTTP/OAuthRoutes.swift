internal import Cryptography
internal import HTTPTypes
internal import Hummingbird
internal import Identity
internal import Logging
internal import NetworkAddresses
internal import Sessions
internal import SignedDocuments
internal import StrictJSON
internal import Wire

/// The authorization server's endpoints, for devices. Source: RFC 8414, RFC 8628, RFC 6749, RFC 7009, RFC 9449.
struct OAuthRoutes: Sendable {
    static let clientID = "ztna-agent"

    let configuration: GatewayConfiguration
    let services: GatewayServices
    let call: DeviceCall
    let limits: GatewayLimits
    let deviceFlow: DeviceFlow
    let sessionFlow: SessionFlow
    let logout: LogoutFlow?

    func add(to router: Router<GatewayContext>) {
        router.get("/.well-known/oauth-authorization-server") { _, _ in metadata() }
        router.get("/oauth2/jwks") { _, _ in keys() }
        router.post("/oauth2/device_authorization") { request, context in
            await call.answer(request, context, path: "/oauth2/device_authorization") { proof, now in
                try await begin(request, context, proof, now)
            }
        }
        router.post("/oauth2/token") { request, context in
            await call.answer(request, context, path: "/oauth2/token") { proof, now in
                try await token(request, context, proof, now)
            }
        }
        router.post("/oauth2/revoke") { request, context in
            await call.answer(request, context, path: "/oauth2/revoke") { proof, now in
                let form = try await call.form(of: request, limit: 16 * 1024)
                guard let token = form["token"] else { throw OAuthFailure(.invalidRequest, "token is missing") }
                // The session has ended, whatever becomes of the way to its provider's logout.
                if form["token_type_hint"] == "device_code" {
                    try await deviceFlow.withdraw(deviceCode: token, by: proof.device, now: now)
                    return Answer.json([:])
                }
                guard let ended = try await sessionFlow.revoke(token: token, proof: proof, now: now),
                    let link = await logout?.link(after: ended)
                else { return Answer.json([:]) }
                return Answer.json(["logout_uri": .string(link)])
            }
        }
    }

    /// RFC 8414 §2.
    private func metadata() -> Response {
        let url = configuration.serverURL
        return Answer.json([
            "issuer": .string(url), "token_endpoint": .string(url + "/oauth2/token"),
            "device_authorization_endpoint": .string(url + "/oauth2/device_authorization"),
            "revocation_endpoint": .string(url + "/oauth2/revoke"), "jwks_uri": .string(url + "/oauth2/jwks"),
            "grant_types_supported": [.string(DeviceFlow.grantType), "refresh_token"],
            "response_types_supported": [], "token_endpoint_auth_methods_supported": ["none"],
            "dpop_signing_alg_values_supported": ["EdDSA"],
        ])
    }

    /// The control key's public half: what agents pin at their first sign-in.
    private func keys() -> Response {
        let key = services.signer.publicKey
        guard var jwk = key.jwk.objectValue else { return Answer.json(["keys": []]) }
        jwk["kid"] = .string(key.thumbprint)
        jwk["use"] = "sig"
        jwk["alg"] = "EdDSA"
        return Answer.json(["keys": [.object(jwk)]])
    }

    /// RFC 8628 §3.1, §3.2.
    private func begin(
        _ request: Request, _ context: GatewayContext, _ proof: DPoPProof, _ now: Int
    ) async throws -> Response {
        let form = try await call.form(of: request, limit: 16 * 1024)
        guard form["client_id"] == Self.clientID else {
            throw OAuthFailure(.invalidClient, "client_id must be \(Self.clientID)")
        }
        let address = call.address(of: request, context)
        if let wait = limits.beginSignIn(address: address, now: now) {
            services.refusals.note(.warning, "sign-ins begun too fast", [:], from: address, now: now)
            services.recorder.noteStranger(.begun, refused: "too-fast", address: address, device: proof.device)
            throw OAuthFailure(.temporarilyUnavailable, "too many sign-ins from this address", retryAfter: wait)
        }
        let port: UInt16? = try form["loopback_port"].map { text in
            guard let port = UInt16(text), port >= 1024 else {
                throw OAuthFailure(.invalidRequest, "loopback_port must be from 1024 to 65535")
            }
            return port
        }
        let renews: SessionID? = try form["renew_session"].map { text in
            guard let id = SessionID(text) else { throw OAuthFailure(.invalidRequest, "renew_session is no session") }
            return id
        }
        let started = try await deviceFlow.begin(
            DeviceFlow.Request(
                proof: proof, hostName: try plainText(form["device_name"], "device_name", maximum: 253),
                operatingSystem: try plainText(form["device_os"], "device_os", maximum: 128), address: address,
                loopbackPort: port, renews: renews),
            now: now)
        return Answer.json(response(to: started))
    }

    private func response(to started: DeviceFlow.Started) -> JSON {
        let page = configuration.serverURL + "/device"
        let complete = page + "?user_code=" + started.userCode.description
        var members: [String: JSON] = [
            "device_code": .string(started.deviceCode), "user_code": .string(started.userCode.description),
            "verification_uri": .string(page), "verification_uri_complete": .string(complete),
            "expires_in": .integer(DeviceFlow.lifetime), "interval": .integer(PollPacing.initialInterval),
            "number": .integer(started.number),
        ]
        if let token = started.localToken {
            members["verification_uri_local"] = .string(complete + "&local=" + token)
        }
        return .object(members)
    }

    /// RFC 8628 §3.4, §3.5; RFC 6749 §6.
    private func token(
        _ request: Request, _ context: GatewayContext, _ proof: DPoPProof, _ now: Int
    ) async throws -> Response {
        let form = try await call.form(of: request, limit: 16 * 1024)
        guard form["client_id"] == Self.clientID else {
            throw OAuthFailure(.invalidClient, "client_id must be \(Self.clientID)")
        }
        switch form["grant_type"] {
        case DeviceFlow.grantType?:
            guard let code = form["device_code"] else { throw OAuthFailure(.invalidRequest, "device_code is missing") }
            let tokens = try await deviceFlow.poll(
                deviceCode: code, loopbackCode: form["loopback_code"], proof: proof, now: now)
            return Answer.json(tokens.json)
        case "refresh_token"?:
            guard let token = form["refresh_token"] else {
                throw OAuthFailure(.invalidRequest, "refresh_token is missing")
            }
            let tokens = try await sessionFlow.refresh(token: token, attempt: form["attempt"], proof: proof, now: now)
            if let address = IPAddress(call.address(of: request, context)) {
                await services.nodes.contact(tokens.session.id, address)
            }
            return Answer.json(tokens.json)
        case nil: throw OAuthFailure(.invalidRequest, "grant_type is missing")
        default: throw OAuthFailure(.unsupportedGrantType, "use the device code or refresh token grant")
        }
    }

    private func plainText(_ text: String?, _ name: String, maximum: Int) throws -> String {
        guard let text, text.utf8.count <= maximum,
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
        else {
            throw OAuthFailure(.invalidRequest, "\(name) must be 1 to \(maximum) bytes without control characters")
        }
        return text
    }
}
