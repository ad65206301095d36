internal import Identity
internal import Logging
internal import Wire

/// `ztna login --step-up`: the session that the device has gets a recent second factor. Nothing connects anew: the new
/// authorization comes over the netmap stream, like any other.
extension ControlLink {
    /// How long the new authorization may take, in tenths of a second; it comes by itself later, too.
    private static var patience: Int { 100 }

    /// Errors: as `signIn`.
    func renewSignIn(_ request: LocalRequest, _ conversation: SignInConversation) async throws {
        guard request.server == nil, !request.force else {
            throw LocalFailure(
                .badRequest, "A step-up renews the session that this device has.",
                remedy: "Leave out --server and --force, or leave out --step-up.")
        }
        guard let session = state.session, session.expiresAt > environment.now() else {
            throw LocalFailure(ControlError.signedOut)
        }
        try await alone { try await self.renew(session, loopbackPort: request.loopbackPort, conversation) }
    }

    private func renew(
        _ session: SessionRecord, loopbackPort: UInt16?, _ conversation: SignInConversation
    ) async throws {
        let client = client(for: session.server)
        let authorization = try await beginRenewal(client, of: session, loopbackPort: loopbackPort)
        try await conversation.code(authorization)
        let answer: RenewalAnswer = try await poll(client, authorization, conversation)
        guard answer.session == session.session, state.session?.session == session.session else {
            throw ControlError.notForUs("session_id")
        }
        if var record = state.session, record.expiresAt != answer.sessionExpiresAt {
            record.expiresAt = answer.sessionExpiresAt
            try state.setSession(record)
        }
        logger.notice("the sign-in is renewed", metadata: ["session": "\(session.session)"])
        try await conversation.signedIn(ownAuthorization?.principal.label ?? "", answer.sessionExpiresAt)
        for _ in 0..<Self.patience where ownAuthorization?.mfaAt != answer.mfaAt {
            guard status.control == .connected else { return }
            try await environment.sleep(.milliseconds(100))
        }
    }

    private func beginRenewal(
        _ client: ControlClient, of session: SessionRecord, loopbackPort: UInt16?
    ) async throws -> DeviceAuthorizationAnswer {
        do throws(ControlError) {
            return try await client.authorizeDevice(
                name: environment.hostName, operatingSystem: environment.operatingSystem, loopbackPort: loopbackPort,
                renewing: session.session)
        } catch {
            guard case .refused(_, "invalid_grant", let words, _) = error else { throw error }
            throw LocalFailure(.signedOut, "The server has nothing to renew: \(words).", remedy: "Run `ztna login`.")
        }
    }

    var ownAuthorization: NodeAuthorization? { netmap?.own ?? registered?.authorization }
}
