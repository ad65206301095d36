internal import Cryptography
internal import Identity
internal import Logging
internal import Sessions
internal import SignedDocuments
internal import Store
internal import Wire

/// A session's later life: refresh, log-out, and the check of access tokens.
struct SessionFlow: Sendable {
    let configuration: GatewayConfiguration
    let services: GatewayServices

    private enum Refresh: Sendable {
        case granted(Session, generation: Int)
        case unknown, foreignKey, ended, reused
    }

    /// Source: RFC 6749 §6; rotation and its retry: `RefreshState`.
    func refresh(token text: String, attempt: String?, proof: DPoPProof, now: Int) async throws -> GrantedTokens {
        guard let token = RefreshToken(received: text) else { throw Self.invalidGrant }
        let attemptHash = attempt.map { Digest.sha256($0) }
        let secrets = services.secrets
        let device = proof.device
        let outcome: Refresh = try await services.store.write { transaction in
            guard var session = try transaction.session(token.session) else { return .unknown }
            guard session.device == device else { return .foreignKey }
            guard session.isActive(at: now), var state = session.refresh,
                try transaction.person(session.person)?.isActive == true
            else { return .ended }
            switch state.use(tokenHash: token.hash, attemptHash: attemptHash, now: now) {
            case .rotate(let generation):
                let next = RefreshToken(session: session.id, generation: generation, key: secrets.refreshTokenKey)
                state.rotate(toHash: next.hash, attemptHash: attemptHash, now: now)
                session.refresh = state
                try transaction.save(session)
                return .granted(session, generation: generation)
            case .repeated(let generation): return .granted(session, generation: generation)
            case .reused:
                session.end(.refreshTokenReused, now: now)
                try transaction.save(session)
                try transaction.appendChange(.session(session.id), at: now)
                return .reused
            }
        }
        switch outcome {
        case .granted(let session, let generation):
            return try GrantedTokens(
                session: session, generation: generation, services: services, issuer: configuration.serverURL, now: now)
        case .reused:
            services.logger.warning(
                "session ended: an old refresh token was used again; somebody may hold a copy of the device's state",
                metadata: ["session": "\(token.session)", "device": "\(device)"])
            services.recorder.noteStranger(
                .refreshed, refused: "refresh-token-reused", device: device, session: token.session)
        case .foreignKey:
            services.logger.warning(
                "refresh token presented with a foreign key",
                metadata: ["session": "\(token.session)", "device": "\(device)"])
            services.recorder.noteStranger(.refreshed, refused: "foreign-key", device: device, session: token.session)
        case .unknown, .ended:
            services.recorder.noteStranger(.refreshed, refused: "session-over", device: device, session: token.session)
            services.logger.info("refresh refused: the session is over", metadata: ["session": "\(token.session)"])
        }
        throw Self.invalidGrant
    }

    /// `ztna logout`: the session that it ended. Unknown tokens are answered alike (RFC 7009 §2.2); a foreign key ends
    /// nothing.
    func revoke(token text: String, proof: DPoPProof, now: Int) async throws -> Session? {
        guard let token = RefreshToken(received: text) else { return nil }
        let device = proof.device
        let ended = try await services.store.write { transaction -> Session? in
            guard var session = try transaction.session(token.session), session.device == device,
                let state = session.refresh, session.isActive(at: now),
                constantTimeEqual(state.currentHash, token.hash) || state.previousHash == token.hash
            else { return nil }
            session.end(.loggedOut, now: now)
            try transaction.save(session)
            try transaction.appendChange(.session(session.id), at: now)
            return session
        }
        if ended != nil {
            services.logger.info("signed out", metadata: ["session": "\(token.session)", "device": "\(device)"])
        }
        return ended
    }

    /// Source: RFC 9449 §7.1: the token's `cnf.jkt` must be the proof's key.
    func accessToken(_ text: String, proof: DPoPProof, now: Int) throws(OAuthFailure) -> AccessToken {
        let key = services.signer.publicKey
        do {
            let token = try AccessToken(
                verifying: text, issuer: configuration.serverURL, keys: [key.thumbprint: key], now: now)
            guard token.device == proof.device else { throw DocumentError.unknownKey }
            return token
        } catch {
            services.logger.info(
                "access token refused", metadata: ["reason": "\(error)", "device": "\(proof.device)"])
            throw OAuthFailure(.invalidToken, "the access token is not valid: refresh it")
        }
    }

    private static let invalidGrant = OAuthFailure(
        .invalidGrant, "the session is over: sign in again with `ztna login`")
}
