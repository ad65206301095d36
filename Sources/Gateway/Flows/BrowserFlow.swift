internal import Cryptography
internal import Identity
internal import Logging
internal import OpenIDConnect
internal import Sessions
internal import Store

/// The browser's side of a sign-in, step by step; each step is one transaction. Source: DESIGN §5; RFC 8628 §3.3, §5.4.
struct BrowserFlow: Sendable {
    let configuration: GatewayConfiguration
    let services: GatewayServices
    let open: OpenSignIns
    let providers: ProviderClients

    /// Enters a code. Nil when no open sign-in has it. `onlyLocal`: refused without its command's own token, as if no
    /// sign-in had that code.
    func claim(
        _ code: UserCode, cookieHash: [UInt8], localToken: String?, onlyLocal: Bool, now: Int
    ) async throws -> Result<DeviceAuthorization, SignInRefusal>? {
        let hash = services.secrets.userCodeHash(code.letters)
        let localHash = localToken.map { Digest.sha256($0) }
        let randomness = services.randomness
        return try await step(find: { try $0.deviceAuthorization(userCodeHash: hash) }) {
            authorization throws(SignInRefusal) in
            let expected = authorization.loopback?.tokenHash
            let isLocal = expected.map { constantTimeEqual($0, localHash ?? []) } ?? false
            guard isLocal || !onlyLocal else { throw .outOfOrder }
            var numbers = [authorization.number]
            for _ in 0..<2 {
                var number = authorization.number
                while numbers.contains(number) { number = 10 + Int(randomness.uniform(below: 90)) }
                numbers.append(number)
            }
            let place = Int(randomness.uniform(below: 3))
            numbers.swapAt(0, place)
            try authorization.claim(
                by: BrowserBinding(cookieHash: cookieHash, isLocal: isLocal, numbers: isLocal ? [] : numbers), now: now)
        }
    }

    /// The sign-in this browser is in; nil when it is in none (any more).
    func current(_ id: RecordID, cookieHash: [UInt8], now: Int) async throws -> DeviceAuthorization? {
        let authorization = try await services.store.deviceAuthorization(id)
        guard let authorization, !authorization.isExpired(at: now), let browser = authorization.browser,
            constantTimeEqual(browser.cookieHash, cookieHash)
        else { return nil }
        return authorization
    }

    /// Where to send the browser, once its `state` is stored.
    func redirect(
        _ id: RecordID, to provider: ProviderConfiguration, cookieHash: [UInt8], now: Int
    ) async throws -> Result<Departure, SignInRefusal>? {
        let metadata = try await providers.metadata(of: provider)
        let state = services.randomness.token()
        let verifier = services.randomness.token()
        let nonceBytes = services.randomness.bytes(32)
        let outcome = try await step(find: { try $0.deviceAuthorization(id) }) { authorization throws(SignInRefusal) in
            try authorization.redirect(
                ProviderRedirect(
                    provider: provider.id, stateHash: Digest.sha256(state), randomBytes: nonceBytes,
                    exchange: .openIDConnect(codeVerifier: verifier), requestedAt: now),
                cookieHash: cookieHash, now: now)
        }
        switch outcome {
        case nil: return nil
        case .failure(let refusal)?: return .failure(refusal)
        case .success(let authorization)?:
            services.recorder.note(.sentToProvider, of: authorization, provider: provider.id)
            guard let nonce = CommittingNonce(device: authorization.device, randomBytes: nonceBytes) else { return nil }
            let request = AuthorizationRequest(
                clientID: provider.clientID, redirectURI: configuration.redirectURI(provider.id),
                scope: provider.scope, state: state, nonce: nonce, proofKey: ProofKey(verifier: verifier),
                // OIDC Core §3.1.2.1: when `max_age` is used, the ID token MUST include `auth_time`. No session lasts
                // longer, so nobody is asked to authenticate more often than before.
                maxAge: authorization.renewal == nil ? configuration.sessionLifetime : 0,
                acrValues: authorization.renewal == nil ? [] : provider.mfa.acr.sorted())
            return .success(.address(request.url(at: metadata.authorizationEndpoint)))
        }
    }

    /// Uses up the `state` of a callback: what was sent along, once, and only to the browser that was sent. One without our
    /// cookie is another one.
    func takeRedirect(
        state: String, cookieHash: [UInt8]?, now: Int
    ) async throws -> Result<Taken, SignInRefusal>? {
        let hash = Digest.sha256(state)
        let result = try await services.store.write {
            transaction -> (DeviceAuthorization, Result<ProviderRedirect, SignInRefusal>)? in
            guard var authorization = try transaction.deviceAuthorization(stateHash: hash) else { return nil }
            let outcome: Result<ProviderRedirect, SignInRefusal>
            do throws(SignInRefusal) {
                outcome = .success(try authorization.takeRedirect(cookieHash: cookieHash ?? [], now: now))
            } catch {
                // Another browser has denied the sign-in: that is kept.
                guard error == .anotherBrowser else { return (authorization, .failure(error)) }
                outcome = .failure(error)
            }
            try transaction.save(authorization)
            return (authorization, outcome)
        }
        guard let (authorization, outcome) = result else { return nil }
        open.note(authorization)
        return outcome.map { Taken(authorization: authorization, redirect: $0) }
    }

    struct Taken: Sendable {
        var authorization: DeviceAuthorization
        var redirect: ProviderRedirect
    }

    func deny(
        _ id: RecordID, _ denial: DeviceAuthorization.Denial = .person, cookieHash: [UInt8], now: Int
    ) async throws -> Result<DeviceAuthorization, SignInRefusal>? {
        try await step(find: { try $0.deviceAuthorization(id) }) { authorization throws(SignInRefusal) in
            try authorization.deny(denial, cookieHash: cookieHash, now: now)
        }
    }

    /// The person's word. The account is matched or made here, in the same transaction, and only now.
    func approve(
        _ id: RecordID, number: Int?, loopbackCode: String, cookieHash: [UInt8], now: Int
    ) async throws -> Result<DeviceAuthorization, SignInRefusal>? {
        guard let session = SessionID(services.randomness.identifier()),
            let newPerson = PersonID(services.randomness.identifier())
        else { return nil }
        let loopback = LoopbackCode(hash: Digest.sha256(loopbackCode))
        let configuration = configuration
        let result: Result<DeviceAuthorization, SignInRefusal>? = try await services.store.write { transaction in
            guard var authorization = try transaction.deviceAuthorization(id) else { return nil }
            guard let signIn = authorization.signIn(for: cookieHash) else { return .failure(.outOfOrder) }
            let links = configuration.accountLinks(signIn.provider)
            let admission = try transaction.admission(of: signIn, links: links, newID: newPerson, now: now)
            guard case .admitted(let person, let user) = admission else {
                do throws(SignInRefusal) {
                    try authorization.deny(admission.denial ?? .person, cookieHash: cookieHash, now: now)
                } catch { return .failure(error) }
                try transaction.save(authorization)
                return .failure(admission.refusal ?? .denied)
            }
            do throws(SignInRefusal) {
                try authorization.approve(
                    session: session, person: person.id, number: number, loopback: loopback, cookieHash: cookieHash,
                    now: now)
            } catch {
                // A wrong number has denied the sign-in, another person has failed it: that is kept.
                switch error {
                case .wrongNumber, .renewal: try transaction.save(authorization)
                default: break
                }
                return .failure(error)
            }
            try transaction.keep(person, signIn, user: user, groups: links?.groups, at: now)
            try transaction.save(authorization)
            return .success(authorization)
        }
        switch result {
        case .success(let authorization)?: open.note(authorization)
        case .failure(.wrongNumber)?, .failure(.denied)?, .failure(.inactive)?, .failure(.unknownToDirectory)?,
            .failure(.renewal)?:
            try await refreshOpen(id)
        case .failure?, nil: break
        }
        return result
    }

    private func refreshOpen(_ id: RecordID) async throws {
        if let authorization = try await services.store.deviceAuthorization(id) { open.note(authorization) }
    }

    /// Loads one sign-in, lets `change` move it on, saves it: all or nothing.
    func step(
        find: @escaping @Sendable (any StoreTransaction) throws -> DeviceAuthorization?,
        change: @escaping @Sendable (inout DeviceAuthorization) throws(SignInRefusal) -> Void
    ) async throws -> Result<DeviceAuthorization, SignInRefusal>? {
        let result: Result<DeviceAuthorization, SignInRefusal>? = try await services.store.write { transaction in
            guard var authorization = try find(transaction) else { return nil }
            do throws(SignInRefusal) { try change(&authorization) } catch { return .failure(error) }
            try transaction.save(authorization)
            return .success(authorization)
        }
        if case .success(let authorization)? = result { open.note(authorization) }
        return result
    }
}
