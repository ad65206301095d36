internal import Identity
internal import IdentityProviders
internal import Logging
internal import OpenIDConnect
internal import SAML
internal import Sessions
internal import Store
internal import Wire

/// Step-up: what is different about a sign-in that renews a session. Source: DESIGN §5; RFC 9470.
extension DeviceFlow {
    /// The open session of the device that asks, ready to be renewed. Errors: `OAuthFailure`, each with what to do.
    func renewal(of id: SessionID, by device: DeviceID, now: Int) async throws -> Renewal {
        let found = try await services.store.read { reader -> (session: Session, label: String)? in
            guard let session = try reader.session(id), session.device == device, session.isActive(at: now),
                let person = try reader.person(session.person), person.isActive
            else { return nil }
            return (session, person.label)
        }
        guard let (session, label) = found else {
            services.logger.notice(
                "renewal refused: the device has no such session",
                metadata: ["session": "\(id)", "device": "\(device)"])
            services.recorder.noteStranger(.begun, refused: "no-such-session", device: device, session: id)
            throw OAuthFailure(.invalidGrant, "there is no session of this device to renew: run `ztna login`")
        }
        guard let provider = configuration.provider(session.provider) else {
            services.logger.notice(
                "renewal refused: the session's identity provider is not configured any more",
                metadata: ["provider": "\(session.provider)", "session": "\(id)"])
            services.recorder.noteStranger(
                .begun, refused: "provider-not-configured", provider: session.provider, device: device, session: id)
            throw OAuthFailure(
                .invalidGrant, "the identity provider of this session is no longer configured: run `ztna login --force`"
            )
        }
        guard provider.recognisesSecondFactor else {
            services.logger.warning(
                "renewal refused: the configuration names nothing that counts as a second factor",
                metadata: ["provider": "\(provider.id)"])
            services.recorder.noteStranger(
                .begun, refused: "second-factor-not-configured", provider: provider.id, device: device, session: id)
            throw OAuthFailure(
                .secondFactorNotConfigured,
                "nothing that \(provider.name) says counts as a second factor: an administrator must set "
                    + "\(provider.secondFactorKey) for \(provider.id) in ztna.yaml")
        }
        return Renewal(session, label: label)
    }
}

extension BrowserFlow {
    /// Whether the provider's answer renews the session; ends the sign-in where it does not, and says so in the log.
    /// Nil: it does, or nothing is to be renewed.
    func refuseRenewal(
        _ signIn: SignIn, of authorization: DeviceAuthorization, cookieHash: [UInt8], now: Int
    ) async throws -> SignInRefusal? {
        guard let renewal = authorization.renewal else { return nil }
        let person = try await services.store.read { try $0.person(renewal.person) }
        guard let person, person.provider == signIn.provider, person.subject == signIn.subject else {
            return try await fail(.anotherPerson, authorization, cookieHash: cookieHash, now: now)
        }
        guard signIn.isMultiFactor else {
            services.logger.notice(
                "no second factor",
                metadata: [
                    "provider": "\(signIn.provider)", "amr": "\(signIn.amr.joined(separator: " "))",
                    "acr": "\(signIn.acr ?? "none")",
                ])
            return try await fail(.noSecondFactor, authorization, cookieHash: cookieHash, now: now)
        }
        return nil
    }

    /// The same for a provider that gave no sign-in: nil where its fault has nothing to do with the renewal, so that the
    /// person may try again.
    func refuseRenewal(
        after fault: ProviderFault, of authorization: DeviceAuthorization, cookieHash: [UInt8], now: Int
    ) async throws -> SignInRefusal? {
        guard authorization.renewal != nil, let refusal = fault.renewalRefusal else { return nil }
        services.logger.notice("renewal: \(fault.explanation)")
        return try await fail(refusal, authorization, cookieHash: cookieHash, now: now)
    }

    private func fail(
        _ refusal: RenewalRefusal, _ authorization: DeviceAuthorization, cookieHash: [UInt8], now: Int
    ) async throws -> SignInRefusal {
        let id = authorization.id
        services.logger.warning(
            "sign-in not renewed",
            metadata: [
                "sign_in": "\(id)", "session": "\(authorization.renewal?.session.text ?? "")",
                "reason": "\(refusal.rawValue)",
            ])
        services.recorder.note(.providerAnswered, of: authorization, refused: refusal.rawValue)
        let outcome = try await step(find: { try $0.deviceAuthorization(id) }) { authorization throws(SignInRefusal) in
            try authorization.fail(refusal, cookieHash: cookieHash, now: now)
        }
        if case .failure(let earlier)? = outcome { return earlier }
        return .renewal(refusal)
    }
}

extension ProviderFault {
    /// What it means for a renewal; nil for faults that any sign-in may have.
    var renewalRefusal: RenewalRefusal? {
        switch self {
        case .idToken(.authTimeMissing): .timeUnknown
        case .idToken(.authenticationTooOld), .saml(.authenticationTooOld): .notRecent
        // OpenID Connect Core Error Code unmet_authentication_requirements 1.0 §2; SAML Core 2.0 §3.2.2.2.
        case .refused("unmet_authentication_requirements"): .noSecondFactor
        case .saml(.status(let status)) where status.shortCode == "NoAuthnContext": .noSecondFactor
        default: nil
        }
    }
}
