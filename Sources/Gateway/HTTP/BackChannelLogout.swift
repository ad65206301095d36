internal import Cryptography
internal import HTTPTypes
internal import Hummingbird
internal import Identity
internal import IdentityProviders
internal import Logging
internal import NIOCore
internal import OpenIDConnect
internal import Sessions
internal import Store
internal import StrictJSON
internal import WebAddresses
internal import Wire

/// An OpenID provider says, without a browser, that somebody's sign-in there is over: our sessions from it end at once.
///
/// `sid` names one session of the provider's, `sub` all of a person; a session whose `sid` we were never told is meant by
/// any. Source: OpenID Connect Back-Channel Logout 1.0 §2.5–2.8.
struct BackChannelLogout: Sendable {
    let configuration: GatewayConfiguration
    let services: GatewayServices
    let open: OpenSignIns
    let clients: ProviderClients
    let call: DeviceCall

    func add(to router: Router<GatewayContext>) {
        router.post("/oidc/backchannel-logout/:provider") { request, context in
            await answer(
                request, provider: context.parameters.get("provider") ?? "", from: call.address(of: request, context))
        }
    }

    private struct Refusal: Error { let reason: String }

    private func answer(_ request: Request, provider name: String, from address: String) async -> Response {
        do {
            guard case .openIDConnect(let provider)? = ProviderID(name).flatMap({ configuration.provider($0) }) else {
                throw Refusal(reason: "no OpenID provider is called so")
            }
            let token = try await validated(try await Self.logoutToken(in: request), from: provider)
            try await end(token, from: provider)
            // §2.8
            return Answer.json([:])
        } catch let refusal as Refusal { return refused(refusal.reason, name, address) } catch let fault
            as ProviderFault
        {
            return refused(fault.explanation, name, address)
        } catch let error as IDTokenError { return refused(error.explanation, name, address) } catch {
            let reason = (error as? StoreError)?.explanation ?? "\(error)"
            services.logger.error(
                "back-channel logout failed", metadata: ["provider": "\(name)", "reason": "\(reason)"])
            return Answer.failure(
                OAuthFailure(.temporarilyUnavailable, "the server cannot write its records"), nonce: nil)
        }
    }

    private func refused(_ reason: String, _ provider: String, _ address: String) -> Response {
        services.recorder.noteStranger(.logoutMessage, refused: reason, provider: ProviderID(provider))
        services.refusals.note(
            .warning, "back-channel logout refused",
            ["provider": "\(ProviderID(provider)?.text ?? "unknown")", "reason": "\(reason)"], from: address,
            now: services.clock())
        return Answer.failure(OAuthFailure(.invalidRequest, "the logout token is not accepted"), nonce: nil)
    }

    private static func logoutToken(in request: Request) async throws -> String {
        guard request.headers.value(.contentType)?.hasPrefix(FormEncoding.contentType) == true else {
            throw Refusal(reason: "the request is no form")
        }
        let body: ByteBuffer
        do { body = try await request.body.collect(upTo: 64 * 1024) } catch {
            throw Refusal(reason: "the form is larger than 64 KiB")
        }
        guard let form = try? FormBody(parsing: body.readableBytesView), let token = form["logout_token"] else {
            throw Refusal(reason: "the form has no logout_token, or is malformed")
        }
        return token
    }

    private func validated(_ text: String, from provider: ProviderConfiguration) async throws -> ValidatedLogoutToken {
        let unverified = try UnverifiedLogoutToken(parsing: text)
        let key = try await clients.key(for: unverified.token, of: provider)
        return try unverified.validated(
            with: key, issuer: provider.issuer, clientID: provider.clientID, now: services.clock())
    }

    /// One transaction: the token is used up, the sessions end, and so do sign-ins under way from that session.
    private func end(_ token: ValidatedLogoutToken, from provider: ProviderConfiguration) async throws {
        let now = services.clock()
        let hash = BrowserFlow.messageHash(token.id, issuer: provider.issuer)
        let (ended, stopped) = try await services.store.write {
            transaction -> ([SessionID], [DeviceAuthorization]) in
            let isNew = try transaction.rememberMessage(
                hash, of: provider.id, expiresAt: now + ValidatedLogoutToken.lifetime)
            guard isNew else { throw Refusal(reason: "the token was used before") }
            var ended: [SessionID] = []
            for var session in try Self.sessions(meantBy: token, of: provider.id, in: transaction) {
                session.end(.identityProvider, now: now)
                try transaction.save(session)
                try transaction.appendChange(.session(session.id), at: now)
                ended.append(session.id)
            }
            var stopped: [DeviceAuthorization] = []
            for var authorization in try transaction.openDeviceAuthorizations(now: now) {
                guard let signIn = authorization.verifiedSignIn, signIn.provider == provider.id,
                    token.isMeant(subject: signIn.subject, session: signIn.providerSession)
                else { continue }
                authorization.state = .denied(.signedOut)
                try transaction.save(authorization)
                stopped.append(authorization)
            }
            return (ended, stopped)
        }
        for authorization in stopped { open.note(authorization) }
        services.logger.notice(
            "signed out by the identity provider",
            metadata: [
                "provider": "\(provider.id)", "sessions": "\(ended.map(\.text).joined(separator: " "))",
                "sign_ins": "\(stopped.count)",
            ])
    }

    private static func sessions(
        meantBy token: ValidatedLogoutToken, of provider: ProviderID, in reader: any StoreReader
    ) throws -> [Session] {
        guard let subject = token.subject else {
            return try token.session.map { try reader.openSessions(provider: provider, providerSession: $0) } ?? []
        }
        guard let person = try reader.person(provider: provider, subject: subject) else { return [] }
        return try reader.openSessions(of: person.id).filter {
            token.isMeant(subject: subject, session: $0.providerSession)
        }
    }
}

extension ValidatedLogoutToken {
    fileprivate func isMeant(subject: String, session: String?) -> Bool {
        if let own = self.subject, !own.utf8.elementsEqual(subject.utf8) { return false }
        guard let named = self.session else { return true }
        guard let session else { return self.subject != nil }
        return named.utf8.elementsEqual(session.utf8)
    }
}
