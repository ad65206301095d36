internal import Cryptography
internal import HTTPTypes
internal import Hummingbird
internal import Identity
internal import Logging
internal import Store
internal import StrictJSON
internal import WebAddresses
internal import Wire

/// `POST /scim/<connection>/token`: an OAuth client that an administrator made gets itself bearer tokens of an hour.
///
/// Source: RFC 6749 §2.3.1, §4.4, §5; RFC 7644 §2.
struct ProvisioningTokenEndpoint: Sendable {
    /// In seconds.
    static let lifetime = 3600
    /// A client that asks for one token more loses its oldest.
    static let tokensPerClient = 100

    let flow: ProvisioningFlow
    let services: GatewayServices
    let call: DeviceCall

    static func url(of provider: ProviderID, serverURL: String) -> String { "\(serverURL)/scim/\(provider.text)/token" }

    func add(to router: Router<GatewayContext>) {
        router.post("/scim/:connection/token") { request, context in
            await answer(request, context, connection: context.parameters.get("connection") ?? "")
        }
    }

    private func answer(_ request: Request, _ context: GatewayContext, connection name: String) async -> Response {
        let now = services.clock()
        let address = call.address(of: request, context)
        let asked = await question(in: request)
        let isKnown = (try? asked.get()).flatMap { flow.contacts.known(hash: $0.credentials.secretHash) } != nil
        if !isKnown, let wait = flow.contacts.admitStranger(address: address, now: now) {
            return Answer.failure(
                OAuthFailure(
                    .temporarilyUnavailable, "too many requests of this address had no valid client", retryAfter: wait),
                nonce: nil)
        }
        do {
            let question = try asked.get()
            let (token, client) = try await token(
                for: question.credentials, grant: question.grant, connection: name, now: now)
            if !isKnown { flow.contacts.remember(client, address: address) }
            return Answer.json([
                "access_token": .string(token), "token_type": "Bearer", "expires_in": .integer(Self.lifetime),
                // Whatever was asked for (§3.3): there is one kind of access.
                "scope": "scim",
            ])
        } catch let failure as OAuthFailure {
            if isKnown, let question = try? asked.get() {
                flow.contacts.forget(hash: question.credentials.secretHash)
            }
            services.logger.notice(
                "token request refused",
                metadata: [
                    "connection": "\(ProviderID(name)?.text ?? "unknown")", "reason": "\(failure.name.rawValue)",
                ])
            var response = Answer.failure(failure, nonce: nil)
            if failure.name == .invalidClient { response.headers.set(.wwwAuthenticate, "Basic realm=\"SCIM\"") }
            return response
        } catch {
            services.logger.error(
                "token request failed", metadata: ["reason": "\((error as? StoreError)?.explanation ?? "\(error)")"])
            return Answer.failure(
                OAuthFailure(.temporarilyUnavailable, "the server cannot write its records"), nonce: nil)
        }
    }

    private struct Question {
        let credentials: Credentials
        let grant: String?
    }

    private func question(in request: Request) async -> Result<Question, any Error> {
        do {
            let form = try await call.form(of: request, limit: 16 * 1024)
            return .success(Question(credentials: try Credentials(request, form), grant: form["grant_type"]))
        } catch { return .failure(error) }
    }

    /// The new token, and the client as it was read.
    private func token(
        for credentials: Credentials, grant: String?, connection name: String, now: Int
    ) async throws -> (String, ProvisioningToken) {
        let isClient = { @Sendable (client: ProvisioningToken) in
            client.use == .oauthClient && client.provider.text == name && client.isValid(at: now)
                && constantTimeEqual(client.hash, credentials.secretHash)
        }
        // Unknown, ended, of another connection, wrong secret: one and the same answer.
        let unknown = OAuthFailure(.invalidClient, "no valid client of this connection has this id and secret")
        guard let client = try await services.store.read({ try $0.provisioningToken(credentials.client) }),
            isClient(client), flow.connections[client.provider] != nil
        else { throw unknown }
        guard let grant else { throw OAuthFailure(.invalidRequest, "grant_type is missing") }
        guard grant == "client_credentials" else {
            throw OAuthFailure(.unsupportedGrantType, "use the client credentials grant")
        }
        if let wait = flow.contacts.admit(client.provider, now: now) {
            throw OAuthFailure(.temporarilyUnavailable, "too many requests", retryAfter: wait)
        }
        guard let id = RecordID(services.randomness.identifier()) else {
            throw OAuthFailure(.serverError, "no random bytes")
        }
        let text = "ztna_scim_access_" + services.randomness.token(32)
        try await services.store.write { transaction in
            // As it is now: it may have been revoked meanwhile.
            guard var client = try transaction.provisioningToken(client.id), isClient(client) else { throw unknown }
            client.lastUsedAt = now
            try transaction.save(client)
            try transaction.save(
                ProvisioningToken(
                    id: id, use: .accessToken(of: client.id), provider: client.provider, hash: Digest.sha256(text),
                    name: client.name, createdAt: now, expiresAt: now &+ Self.lifetime))
            try transaction.deleteAccessTokens(of: client.id, expiredAt: now, keeping: Self.tokensPerClient)
        }
        return (text, client)
    }

    /// What the client authenticates itself by: `client_secret_basic` or `client_secret_post`, never both (§2.3).
    private struct Credentials {
        let client: RecordID
        let secretHash: [UInt8]

        init(_ request: Request, _ form: FormBody) throws(OAuthFailure) {
            let posted = form["client_secret"]
            guard let header = request.headers.value(.authorization) else {
                try self.init(form["client_id"], posted)
                return
            }
            guard request.headers.hasAtMostOne(.authorization), posted == nil else {
                throw OAuthFailure(.invalidRequest, "authenticate in one way: by Basic, or in the form")
            }
            guard let (name, secret) = Self.basic(header) else {
                throw OAuthFailure(
                    .invalidClient, "send `Authorization: Basic CREDENTIALS` with the client's id and secret")
            }
            guard form["client_id"].map({ $0 == name }) ?? true else {
                throw OAuthFailure(.invalidRequest, "the form names another client")
            }
            try self.init(name, secret)
        }

        private init(_ name: String?, _ secret: String?) throws(OAuthFailure) {
            guard let name, let secret else {
                throw OAuthFailure(.invalidClient, "send the client's id and secret")
            }
            guard let client = RecordID(name) else {
                throw OAuthFailure(.invalidClient, "no valid client of this connection has this id and secret")
            }
            self.client = client
            secretHash = Digest.sha256(secret)
        }

        /// Both halves are form-encoded inside the base64 (§2.3.1).
        private static func basic(_ header: String) -> (String, String)? {
            guard header.utf8.count <= 1024, header.prefix(6).lowercased() == "basic " else { return nil }
            let encoded = header.dropFirst(6).filter { $0 != " " && $0 != "=" }
            let alphabet = String(encoded.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
            guard let bytes = Base64URL.decode(alphabet), let text = String(validating: bytes, as: UTF8.self) else {
                return nil
            }
            let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, let items = FormEncoding.decode("\(halves[0])=\(halves[1])"), items.count == 1
            else { return nil }
            return (items[0].name, items[0].value)
        }
    }
}
