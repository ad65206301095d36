internal import Cryptography
internal import HTTPClient
internal import Identity
internal import Logging
package import Wire

/// What a sign-in tells whoever waits for it, and what it may hear from there.
package struct SignInConversation: Sendable {
    package var code: @Sendable (DeviceAuthorizationAnswer) async throws -> Void
    /// Called at each poll with the seconds that remain.
    package var waiting: @Sendable (Int) async throws -> Void
    package var signedIn: @Sendable (_ person: String, _ sessionExpiresAt: Int) async throws -> Void
    /// What the browser brought to the loopback listener of the command line, once it has.
    package var loopbackCode: @Sendable () async -> String?

    package init(
        code: @escaping @Sendable (DeviceAuthorizationAnswer) async throws -> Void,
        waiting: @escaping @Sendable (Int) async throws -> Void,
        signedIn: @escaping @Sendable (String, Int) async throws -> Void,
        loopbackCode: @escaping @Sendable () async -> String?
    ) {
        self.code = code
        self.waiting = waiting
        self.signedIn = signedIn
        self.loopbackCode = loopbackCode
    }
}

/// Signing in and out. Source: RFC 8628 §3, RFC 7009.
extension ControlLink {
    /// Runs the device authorization grant to a registered node. Cancelling the task ends it with nothing kept.
    ///
    /// Errors: `LocalFailure`, `CancellationError`, and what the conversation throws.
    package func signIn(_ request: LocalRequest, _ conversation: SignInConversation) async throws {
        if request.stepUp { return try await renewSignIn(request, conversation) }
        let server = try server(of: request)
        if !request.force, let session = state.session, session.server == server, session.expiresAt > environment.now()
        {
            throw LocalFailure(
                .alreadySignedIn, "This device is signed in at \(server).", remedy: "Use --force to sign in anew.")
        }
        try await alone { try await self.signIn(at: server, loopbackPort: request.loopbackPort, conversation) }
    }

    /// One sign-in at a time. Errors: `LocalFailure`, `CancellationError`, and what the conversation throws.
    func alone(_ work: () async throws -> Void) async throws {
        guard !isSigningIn else {
            throw LocalFailure(.busy, "Another sign-in is under way.", remedy: "Finish or cancel it first.")
        }
        isSigningIn = true
        defer { isSigningIn = false }
        do { try await work() } catch let error as ControlError {
            // A cancelled transfer fails as one; what counts is the cancellation.
            try Task.checkCancellation()
            throw LocalFailure(error)
        } catch let error as StateError { throw LocalFailure(error) }
    }

    private func server(of request: LocalRequest) throws -> ServerURL {
        guard let text = request.server else {
            guard let known = state.settings.server else {
                throw LocalFailure(.noServer, "No server is known yet.", remedy: "Run `ztna login --server URL`.")
            }
            return known
        }
        guard let server = ServerURL(text) else {
            throw LocalFailure(
                .badRequest, "\(text.prefix(200).debugDescription) is not a server's address.",
                remedy: "Give https://HOST or https://HOST:PORT, without a path (plain http only for loopback).")
        }
        return server
    }

    private func signIn(
        at server: ServerURL, loopbackPort: UInt16?, _ conversation: SignInConversation
    ) async throws {
        let client = ControlClient(
            server: server, key: deviceKey, transport: environment.transport, randomness: environment.randomness,
            now: environment.now)
        let newKeys = try await keysToPin(client)
        let authorization = try await client.authorizeDevice(
            name: environment.hostName, operatingSystem: environment.operatingSystem, loopbackPort: loopbackPort)
        try await conversation.code(authorization)
        let answer: TokenAnswer = try await poll(client, authorization, conversation)
        guard !Task.isCancelled else {
            await revokeUnheard(answer, client)
            throw CancellationError()
        }
        if let newKeys { try state.pin(newKeys, of: server) }
        try begin(answer, client)
        let session = SessionRecord(
            server: server, session: answer.session, refreshToken: answer.refreshToken,
            expiresAt: answer.sessionExpiresAt)
        try await registerIfNeeded(client, answer.accessToken, session)
        interrupt()
        let person = registered?.authorization.principal.label ?? ""
        try await conversation.signedIn(person, answer.sessionExpiresAt)
    }

    /// The keys to keep with this sign-in where none are known yet. Errors: `unknownControlKey`.
    private func keysToPin(_ client: ControlClient) async throws(ControlError) -> [Ed25519PublicKey]? {
        let offered = try await client.controlKeys()
        let pinned = state.controlKeys.keys(of: client.server)
        if pinned.isEmpty { return offered }
        guard offered.contains(where: { pinned.values.contains($0) }) else {
            throw .unknownControlKey(server: client.server.text)
        }
        return nil
    }

    /// Polls until the person has decided. Who leaves before that takes the question back: else the page would go on to say
    /// that a device connects.
    func poll<Answer: RedeemedAnswer>(
        _ client: ControlClient, _ authorization: DeviceAuthorizationAnswer, _ conversation: SignInConversation
    ) async throws -> Answer {
        do { return try await pollUntilDecided(client, authorization, conversation) } catch {
            if case ControlError.refused = error { throw error }
            // In a task of its own, as this one may be cancelled.
            await Task { try? await client.withdraw(deviceCode: authorization.deviceCode) }.value
            throw error
        }
    }

    /// Source: RFC 8628 §3.5.
    private func pollUntilDecided<Answer: RedeemedAnswer>(
        _ client: ControlClient, _ authorization: DeviceAuthorizationAnswer, _ conversation: SignInConversation
    ) async throws -> Answer {
        let end = environment.now() + authorization.expiresIn
        var interval = authorization.interval
        while environment.now() < end {
            try await environment.sleep(.seconds(interval))
            try await conversation.waiting(max(end - environment.now(), 0))
            let loopbackCode = await conversation.loopbackCode()
            do throws(ControlError) {
                return try await client.redeem(
                    deviceCode: authorization.deviceCode, loopbackCode: loopbackCode)
            } catch {
                interval = try intervalToRepeat(after: error, interval: interval)
            }
        }
        throw ControlError.refused(status: 400, name: "expired_token", description: "", retryAfter: nil)
    }

    /// Seconds to the next poll. Errors: those after which polling makes no sense.
    private func intervalToRepeat(after error: ControlError, interval: Int) throws(ControlError) -> Int {
        switch error {
        case .refused(_, "authorization_pending", _, _): return interval
        case .refused(_, "slow_down", _, _): return interval + 5
        case .refused(429, _, _, let retryAfter), .refused(503, _, _, let retryAfter):
            return max(interval, min(retryAfter ?? interval, 60))
        case .transport(let reason) where reason != .cancelled:
            logger.info("a poll had no answer", metadata: ["reason": "\(reason.explanation)"])
            return interval
        default: throw error
        }
    }

    private func begin(_ answer: TokenAnswer, _ client: ControlClient) throws(StateError) {
        if let former = state.session, former.server != client.server { forgetSession() }
        self.client = client
        registered = nil
        try adopt(answer, server: client.server)
        var settings = state.settings
        settings.server = client.server
        settings.isUp = true
        try state.setSettings(settings)
        set(.connecting)
        logger.notice("signed in", metadata: ["server": "\(client.server)", "session": "\(answer.session)"])
    }

    /// The person left just as the tokens came: nobody is to hold them. In a task of its own, as this one is cancelled.
    private func revokeUnheard(_ answer: TokenAnswer, _ client: ControlClient) async {
        await Task { _ = try? await client.revoke(answer.refreshToken) }.value
    }

    package struct SignedOut: Sendable {
        package let server: ServerURL
        /// False: the server could not be told.
        package let isRevoked: Bool
        /// Where to sign out of the identity provider, too.
        package let logoutURI: String?
    }

    /// Ends the session here at once, then tells the server.
    package func signOut() async throws -> SignedOut {
        guard let session = state.session else { throw LocalFailure(ControlError.signedOut) }
        let client = client(for: session.server)
        forgetSession()
        set(.idle)
        interrupt()
        do {
            let link = try await client.revoke(session.refreshToken)
            return SignedOut(server: session.server, isRevoked: true, logoutURI: link)
        } catch {
            logger.warning(
                "the server could not be told of the sign-out", metadata: ["reason": "\(error.local.message)"])
            return SignedOut(server: session.server, isRevoked: false, logoutURI: nil)
        }
    }

    /// Switches the tunnel off or on; the session goes on.
    package func setUp(_ isUp: Bool) throws {
        var settings = state.settings
        settings.isUp = isUp
        do { try state.setSettings(settings) } catch { throw LocalFailure(error) }
        if !isUp {
            publish(nil)
            netmap = nil
        }
        interrupt()
    }
}
