internal import Cryptography
internal import Identity
internal import Logging
internal import NetworkAddresses
internal import SignedDocuments
internal import Wire

/// What the server has confirmed of this device.
struct Registered: Equatable {
    let session: SessionID
    let candidates: [Endpoint]
    let authorization: NodeAuthorization
    /// What this device calls itself, and may not be called without an administrator.
    let withheldName: String?
}

/// The session's tokens and the registration made with them.
extension ControlLink {
    /// Seconds before its end at which an access token counts as old.
    private static var refreshMargin: Int { 60 }

    func client(for server: ServerURL) -> ControlClient {
        if let client, client.server == server { return client }
        let new = ControlClient(
            server: server, key: deviceKey, transport: environment.transport, randomness: environment.randomness,
            now: environment.now)
        client = new
        return new
    }

    func trust(in server: ServerURL) -> Netmap.Trust {
        Netmap.Trust(
            keys: state.controlKeys.keys(of: server), server: server.text, device: deviceKey.publicKey,
            wireGuardKey: wireGuardKey.publicKey)
    }

    /// The current access token, or a new one. Callers at the same time share one refresh, as a refresh token is good once.
    func accessToken(_ client: ControlClient, of session: SessionRecord) async throws -> String {
        if let access, access.expiresAt - environment.now() > Self.refreshMargin { return access.token }
        if let refreshing, refreshing.session == session.session { return try await refreshing.task.value }
        let task = Task { try await refresh(client, session.session) }
        refreshing = (session.session, task)
        let outcome = await task.result
        if refreshing?.task == task { refreshing = nil }
        return try outcome.get()
    }

    /// The attempt's name is on disk before the first byte is sent, so that a refresh whose answer is lost, by the network
    /// or by a crash, is asked for again under the same name.
    private func refresh(_ client: ControlClient, _ session: SessionID) async throws -> String {
        guard var record = state.session, record.session == session else { throw CancellationError() }
        if record.attempt == nil {
            record.attempt = environment.randomness.token(16)
            try state.setSession(record)
        }
        let answer = try await client.refresh(record.refreshToken, attempt: record.attempt ?? "")
        // Meanwhile another session, or none, may have taken its place.
        guard state.session?.session == session else { throw CancellationError() }
        try adopt(answer, server: client.server)
        return answer.accessToken
    }

    /// Where reports go now: the server that this device follows; nil while it does not.
    package var reportDestination: String? { status.control == .connected ? state.session?.server.text : nil }

    func adopt(_ answer: TokenAnswer, server: ServerURL) throws(StateError) {
        try state.setSession(
            SessionRecord(
                server: server, session: answer.session, refreshToken: answer.refreshToken,
                expiresAt: answer.sessionExpiresAt))
        access = (answer.accessToken, environment.now() + answer.expiresIn)
    }

    func registerIfNeeded(_ client: ControlClient, _ token: String, _ session: SessionRecord) async throws {
        let candidates = await environment.candidates(state.settings.listenPort)
        if let registered, registered.session == session.session, registered.candidates == candidates { return }
        registered = try await register(client, token, session.session, candidates)
    }

    /// Errors: as `ControlClient.register`; `document` and `notForUs` when the answer is not for this device and key.
    private func register(
        _ client: ControlClient, _ token: String, _ session: SessionID, _ candidates: [Endpoint]
    ) async throws -> Registered {
        let registration = NodeRegistration(
            server: client.server.text, issuedAt: environment.now(), wireGuardKey: wireGuardKey.publicKey,
            hostName: environment.hostName, operatingSystem: environment.operatingSystem, endpoints: candidates)
        let response = try await client.register(registration.signed(by: deviceKey), accessToken: token)
        let trust = trust(in: client.server)
        let verified: VerifiedNode
        do {
            verified = try VerifiedNode(
                verifying: response.authorization, keys: trust.keys, server: trust.server, now: environment.now())
        } catch { throw ControlError.document(error) }
        guard verified.node.text == response.node else { throw ControlError.notForUs("node") }
        guard verified.authorization.device == trust.device else { throw ControlError.notForUs("cnf") }
        guard verified.registration.wireGuardKey == trust.wireGuardKey else { throw ControlError.notForUs("wg") }
        let issuedAt = verified.authorization.validity.issuedAt
        guard state.accepted.times(of: client.server).permits(authorizationOf: issuedAt) else {
            throw ControlError.older("authorization")
        }
        logger.info(
            "registered", metadata: ["node": "\(response.node)", "host": "\(verified.authorization.principal.host)"])
        if let name = response.withheldName {
            logger.warning(
                "the policy speaks of a device of this name: this one is called otherwise until an administrator gives it the name",
                metadata: ["name": "\(name.prefix(63))", "host": "\(verified.authorization.principal.host)"])
        }
        return Registered(
            session: session, candidates: candidates, authorization: verified.authorization,
            withheldName: response.withheldName)
    }

    /// Nobody is a peer any more; the keys stay. The reason is shown until the next sign-in.
    func endSession(_ reason: String) {
        logger.notice("the session is over", metadata: ["reason": "\(reason)"])
        forgetSession()
        set(.idle, problem: Problem("The session is over (\(reason)).", remedy: "Run `ztna login`."))
    }

    func forgetSession() {
        publish(nil)
        netmap = nil
        registered = nil
        access = nil
        do { try state.setSession(nil) } catch {
            logger.error("the session's file cannot be removed", metadata: ["error": "\(error)"])
        }
    }
}
