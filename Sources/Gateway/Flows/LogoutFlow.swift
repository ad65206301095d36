internal import Cryptography
internal import Identity
internal import Logging
internal import SAML
internal import Sessions
internal import SignedXML
internal import Store

/// Single logout, both ways. Ours ends at once what it ends; the provider is told afterwards, through the browser.
///
/// Source: SAML Profiles 2.0 §4.4; SAML Core 2.0 §3.7.
struct LogoutFlow: Sendable {
    /// Seconds after the end of a session that its link is good for.
    static let linkSeconds = 600
    /// Longer than the age at which a message is refused.
    static let messageSeconds = 900

    let configuration: GatewayConfiguration
    let services: GatewayServices
    let flow: SAMLFlow

    /// Where the person can sign out of their provider, too, now that `session` has ended here; nil where that is known
    /// not to be. Waits for no provider: that is for the browser that opens it.
    func link(after session: Session) async -> String? {
        guard session.principal != nil, let provider = configuration.samlProvider(session.provider.text),
            await flow.clients.mayHaveLogout(provider)
        else { return nil }
        return "\(configuration.serverURL)/saml/\(provider.id.text)/logout?session=\(handle(session.id))"
    }

    /// To the provider's logout, once. Nil when the link is none of ours, was used, or is too old. Errors: `ProviderFault`.
    func depart(_ received: String, provider: SAMLProviderConfiguration, now: Int) async throws -> Departure? {
        guard let id = sessionID(received) else { return nil }
        let hash = BrowserFlow.messageHash(received, issuer: configuration.serverURL)
        let session = try await services.store.write { transaction -> Session? in
            guard let session = try transaction.session(id), session.provider == provider.id,
                let endedAt = session.endedAt, now - endedAt < Self.linkSeconds,
                try transaction.rememberMessage(hash, of: provider.id, expiresAt: endedAt + Self.linkSeconds)
            else { return nil }
            return session
        }
        guard let session, let principal = session.principal else { return nil }
        let idp = try await flow.clients.description(of: provider)
        let serviceProvider = try flow.serviceProvider(provider.id)
        let requestID = requestID(received)
        return Departure(
            try await flow.onWorkers { () throws(SAMLError) in
                try LogoutRequest(
                    id: requestID, nameID: try principal.name,
                    sessionIndexes: principal.sessionIndex.map { [$0] } ?? []
                ).outgoing(from: serviceProvider, to: idp, relayState: try RelayState(received), now: now)
            })
    }

    /// A verified message of the provider's. Errors: `ProviderFault`.
    func message(
        from provider: SAMLProviderConfiguration, now: Int,
        _ read: @escaping @Sendable (LogoutExpectation) throws(SAMLError) -> LogoutMessage
    ) async throws -> (LogoutMessage, IdPDescription) {
        let serviceProvider = try flow.serviceProvider(provider.id)
        // Without SHA-1 first, so that it shows where a message needs it.
        var strict = provider
        strict.allowsSHA1 = false
        let run = { [strict] (idp: IdPDescription) async throws -> (LogoutMessage, IdPDescription) in
            let message = { (provider: SAMLProviderConfiguration) async throws -> LogoutMessage in
                let expectation = LogoutExpectation(
                    provider: provider, idp: idp, serviceProvider: serviceProvider, now: now)
                return try await flow.onWorkers { () throws(SAMLError) in try read(expectation) }
            }
            do { return (try await message(strict), idp) } catch ProviderFault.saml(.xml(.sha1))
                where provider.allowsSHA1
            {
                let weak = try await message(provider)
                flow.warnOfSHA1(provider.id)
                return (weak, idp)
            }
        }
        do { return try await run(try await flow.clients.description(of: provider)) } catch let fault as ProviderFault
            where fault == .saml(.xml(.unknownKey)) || fault == .saml(.redirectSignature)
        {
            guard let anew = try await flow.clients.descriptionAnew(of: provider) else { throw fault }
            return try await run(anew)
        }
    }

    /// Ends the sessions that a provider's request means, and the sign-ins under way of that person, in one transaction.
    /// Their nodes follow by the change log. Nil when the request was used before.
    func end(_ request: LogoutRequest, from provider: ProviderID, issuer: String, now: Int) async throws -> [SessionID]?
    {
        let hash = BrowserFlow.messageHash(request.id, issuer: issuer)
        let result = try await services.store.write { transaction -> ([SessionID], [DeviceAuthorization])? in
            guard try transaction.rememberMessage(hash, of: provider, expiresAt: now + Self.messageSeconds) else {
                return nil
            }
            var ended: [SessionID] = []
            for var session in try transaction.openSessions(provider: provider, nameID: request.nameID.text)
            where session.principal.map({ $0.isMeant(by: request) }) == true {
                session.end(.identityProvider, now: now)
                try transaction.save(session)
                try transaction.appendChange(.session(session.id), at: now)
                ended.append(session.id)
            }
            var stopped: [DeviceAuthorization] = []
            for var authorization in try transaction.openDeviceAuthorizations(now: now) {
                guard let signIn = authorization.verifiedSignIn, signIn.provider == provider,
                    signIn.principal.map({ $0.isMeant(by: request) }) == true
                else { continue }
                authorization.state = .denied(.signedOut)
                try transaction.save(authorization)
                stopped.append(authorization)
            }
            return (ended, stopped)
        }
        guard let (ended, stopped) = result else { return nil }
        for authorization in stopped { flow.browser.open.note(authorization) }
        services.logger.notice(
            "signed out by the identity provider",
            metadata: [
                "provider": "\(provider)", "sessions": "\(ended.map(\.text).joined(separator: " "))",
                "sign_ins": "\(stopped.count)",
            ])
        return ended
    }

    /// Whether a response answers the request that its RelayState belongs to.
    func isAnswer(_ response: LogoutResponse, relayState: String?) -> Bool {
        guard let relayState, sessionID(relayState) != nil else { return false }
        return constantTimeEqual(Array(response.inResponseTo.utf8), Array(requestID(relayState).utf8))
    }

    // A handle is the session's id and our code over it, so that nothing has to be kept: 22 and 43 characters.

    private func handle(_ session: SessionID) -> String { session.text + code("link " + session.text) }

    private func sessionID(_ handle: String) -> SessionID? {
        guard handle.utf8.count == 65, let id = SessionID(String(handle.prefix(22))),
            constantTimeEqual(Array(self.handle(id).utf8), Array(handle.utf8))
        else { return nil }
        return id
    }

    private func requestID(_ handle: String) -> String {
        "_" + Hexadecimal.encode(Digest.sha256("logout request " + code("request " + handle)))
    }

    private func code(_ text: String) -> String {
        Base64URL.encode(
            services.secrets.logoutKey.withBytes { Digest.hmacSHA256(Array(text.utf8), key: Array($0)) })
    }
}

extension SAMLPrincipal {
    var name: NameID {
        get throws(SAMLError) {
            try NameID(nameID, format: format, nameQualifier: nameQualifier, spNameQualifier: spNameQualifier)
        }
    }

    func isMeant(by request: LogoutRequest) -> Bool {
        (try? name).map { request.ends(nameID: $0, sessionIndex: sessionIndex) } ?? false
    }
}

extension DeviceAuthorization {
    /// The verified sign-in that has not become a session yet.
    var verifiedSignIn: SignIn? {
        switch state {
        case .answered(_, let signIn, _), .authenticated(_, let signIn): signIn
        case .approved(let approval): approval.signIn
        case .pending, .claimed, .redirected, .redeemed, .denied, .failed: nil
        }
    }
}
