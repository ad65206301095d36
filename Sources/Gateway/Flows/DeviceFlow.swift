internal import Cryptography
internal import Identity
internal import Logging
internal import Sessions
internal import Store
internal import Wire

/// The device's side of the device authorization grant: begin, poll, redeem. Source: RFC 8628 §3.1–§3.5.
struct DeviceFlow: Sendable {
    static let lifetime = 600
    static let grantType = "urn:ietf:params:oauth:grant-type:device_code"

    let configuration: GatewayConfiguration
    let services: GatewayServices
    let open: OpenSignIns

    struct Request: Sendable {
        var proof: DPoPProof
        var hostName: String
        var operatingSystem: String
        var address: String
        var loopbackPort: UInt16?
        /// Renews this session instead of beginning one.
        var renews: SessionID?
    }

    struct Started: Sendable {
        var deviceCode: String
        var userCode: UserCode
        var number: Int
        var localToken: String?
    }

    func begin(_ request: Request, now: Int) async throws -> Started {
        do { return try await beginOnce(request, now: now) } catch StoreError.conflict {
            // Another sign-in has this user code, as happens once in millions of times: a new id gives a new code.
            return try await beginOnce(request, now: now)
        }
    }

    private func beginOnce(_ request: Request, now: Int) async throws -> Started {
        let randomness = services.randomness
        let deviceCode = randomness.token()
        let localToken = request.loopbackPort == nil ? nil : randomness.token(24)
        guard let id = RecordID(randomness.token(16)) else { throw OAuthFailure(.serverError, "try again") }
        let userCode = services.secrets.userCode(of: id)
        var renewal: Renewal?
        if let session = request.renews {
            renewal = try await self.renewal(of: session, by: request.proof.device, now: now)
        }
        let authorization = DeviceAuthorization(
            id: id, deviceCodeHash: Digest.sha256(deviceCode),
            userCodeHash: services.secrets.userCodeHash(userCode.letters), device: request.proof.device,
            asking: AskingDevice(
                hostName: request.hostName, operatingSystem: request.operatingSystem, address: request.address,
                publicKey: request.proof.key.bytes),
            number: 10 + Int(randomness.uniform(below: 90)),
            loopback: request.loopbackPort.flatMap { port in
                localToken.map { LoopbackListener(port: port, tokenHash: Digest.sha256($0)) }
            },
            renewal: renewal, createdAt: now, expiresAt: now + Self.lifetime)
        guard open.reserve(authorization, now: now) else {
            services.logger.warning(
                "sign-in refused: too many already wait for a browser", metadata: ["address": "\(request.address)"])
            services.recorder.noteStranger(
                .begun, refused: "too-many-waiting", address: request.address, device: request.proof.device,
                host: request.hostName)
            throw OAuthFailure(
                .temporarilyUnavailable, "too many sign-ins are waiting: try again in a minute", retryAfter: 60)
        }
        do {
            try await services.store.write { try $0.save(authorization) }
        } catch {
            open.forget(authorization.deviceCodeHash)
            throw error
        }
        services.recorder.note(.begun, of: authorization)
        services.logger.info(
            renewal == nil ? "sign-in begun" : "renewal of a sign-in begun",
            metadata: [
                "sign_in": "\(id)", "device": "\(request.proof.device)", "host": "\(request.hostName)",
                "address": "\(request.address)",
            ])
        return Started(
            deviceCode: deviceCode, userCode: userCode, number: authorization.number, localToken: localToken)
    }

    /// What a poll that found news gets: tokens, once.
    func poll(deviceCode: String, loopbackCode: String?, proof: DPoPProof, now: Int) async throws -> GrantedTokens {
        let hash = Digest.sha256(deviceCode)
        switch open.poll(hash, by: proof.device, now: now) {
        case .unknown: throw OAuthFailure(.invalidGrant, "this device code is not known, or was used already")
        case .foreignKey:
            services.logger.warning(
                "device code polled with a foreign key", metadata: ["device": "\(proof.device)"])
            services.recorder.noteStranger(.signedIn, refused: "foreign-key", device: proof.device)
            throw OAuthFailure(.invalidGrant, "this device code is not known, or was used already")
        case .expired: throw OAuthFailure(.expiredToken, "nobody confirmed the sign-in in time: start again")
        case .slowDown(let isFirst):
            if isFirst {
                services.logger.notice("device polls too fast", metadata: ["device": "\(proof.device)"])
            }
            throw OAuthFailure(.slowDown, "poll less often: five seconds more between polls")
        case .pending: throw OAuthFailure(.authorizationPending, "waiting for the browser")
        case .decided:
            return try await redeem(
                hash, loopbackCodeHash: loopbackCode.map { Digest.sha256($0) }, device: proof.device, now: now)
        }
    }

    /// One transaction: the code is used up, the device's former session ends, the new one begins; or else its present one
    /// is renewed.
    private func redeem(
        _ hash: [UInt8], loopbackCodeHash: [UInt8]?, device: DeviceID, now: Int
    ) async throws -> GrantedTokens {
        let (found, outcome) = try await services.store.write {
            transaction -> (DeviceAuthorization?, Result<Redeemed?, SignInRefusal>) in
            guard let authorization = try transaction.deviceAuthorization(deviceCodeHash: hash) else {
                return (nil, .failure(.outOfOrder))
            }
            let outcome = try take(
                authorization, in: transaction, loopbackCodeHash: loopbackCodeHash, by: device, now: now)
            return (authorization, outcome)
        }
        switch outcome {
        case .success(nil): throw OAuthFailure(.authorizationPending, "waiting for the browser")
        case .success(let redeemed?):
            let session = redeemed.session
            let facts: Logger.Metadata = [
                "session": "\(session.id)", "person": "\(session.person)", "device": "\(session.device)",
            ]
            if redeemed.isRepeated {
                services.logger.notice("signed in: the device asks again for an answer it had not got", metadata: facts)
            } else {
                open.noteRedeemed(hash, by: device, seconds: RefreshState.retrySeconds, now: now)
                services.recorder.note(
                    redeemed.isRenewed ? .renewed : .signedIn, session, label: redeemed.label, asking: redeemed.asking)
                services.logger.info(redeemed.isRenewed ? "sign-in renewed" : "signed in", metadata: facts)
            }
            return try GrantedTokens(
                session: session, generation: redeemed.isRenewed ? nil : 0, services: services,
                issuer: configuration.serverURL, now: now)
        case .failure(let refusal):
            if let found, found.device == device {
                services.recorder.note(.signedIn, of: found, refused: refusal.reasonName)
            } else {
                services.recorder.noteStranger(.signedIn, refused: refusal.reasonName, device: device)
            }
            throw wireFailure(refusal, of: found, hash: hash)
        }
    }

    /// Nil while the browser is on its way to the command's listener: it carries the code that is still missing.
    private func take(
        _ received: DeviceAuthorization, in transaction: any StoreTransaction, loopbackCodeHash: [UInt8]?,
        by device: DeviceID, now: Int
    ) throws -> Result<Redeemed?, SignInRefusal> {
        var authorization = received
        if case .redeemed(let id) = authorization.state {
            guard let unheard = try transaction.unheard(id, of: authorization, by: device, now: now) else {
                return .failure(.outOfOrder)
            }
            return .success(unheard)
        }
        if loopbackCodeHash == nil, authorization.device == device, !authorization.isExpired(at: now),
            case .approved(let approval) = authorization.state, approval.loopback != nil
        {
            return .success(nil)
        }
        let approval: Approval
        do throws(SignInRefusal) {
            approval = try authorization.redeem(by: device, loopbackCodeHash: loopbackCodeHash, now: now)
        } catch { return .failure(error) }
        guard let person = try transaction.person(approval.person), person.isActive else {
            return .failure(.inactive)
        }
        if authorization.renewal != nil {
            guard let session = try transaction.renewSession(of: device, by: approval, now: now) else {
                return .failure(.renewal(.sessionOver))
            }
            try transaction.save(authorization)
            return .success(
                Redeemed(session: session, isRenewed: true, label: person.label, asking: authorization.asking))
        }
        let token = RefreshToken(session: approval.session, generation: 0, key: services.secrets.refreshTokenKey)
        var session = Session(
            id: approval.session, person: approval.person, device: device, signIn: approval.signIn, createdAt: now,
            lifetime: configuration.sessionLifetime)
        // What the provider vouched for may have run out while the person hesitated.
        guard session.isActive(at: now) else { return .failure(.expired) }
        session.refresh = RefreshState(
            currentHash: token.hash, generation: 0, previousHash: nil, attemptHash: nil, rotatedAt: now)
        try transaction.replaceSession(of: device, by: session, now: now)
        try transaction.save(authorization)
        return .success(
            Redeemed(session: session, isRenewed: false, label: person.label, asking: authorization.asking))
    }

    private func wireFailure(
        _ refusal: SignInRefusal, of found: DeviceAuthorization?, hash: [UInt8]
    ) -> OAuthFailure {
        switch refusal {
        case .expired: return OAuthFailure(.expiredToken, "nobody confirmed the sign-in in time: start again")
        case .denied, .wrongNumber, .inactive, .unknownToDirectory:
            open.forget(hash)
            if case .denied(let denial)? = found?.state { return OAuthFailure(.accessDenied, denial.explanation) }
            return OAuthFailure(.accessDenied, DeviceAuthorization.Denial.inactive.explanation)
        case .renewal(let refusal):
            open.forget(hash)
            return OAuthFailure(.accessDenied, "\(refusal.rawValue): \(refusal.explanation)")
        case .outOfOrder, .anotherBrowser:
            return OAuthFailure(.invalidGrant, "this device code is not known, or was used already")
        }
    }

    /// The device waits no more: nobody approves it from here on, and what it was given without hearing of it ends. A code
    /// that is not this device's is answered alike.
    func withdraw(deviceCode: String, by device: DeviceID, now: Int) async throws {
        let hash = Digest.sha256(deviceCode)
        guard open.isOpen(hash, for: device, now: now) else { return }
        let withdrawn = try await services.store.write { transaction -> DeviceAuthorization? in
            guard var authorization = try transaction.deviceAuthorization(deviceCodeHash: hash) else { return nil }
            if case .redeemed(let id) = authorization.state {
                guard var session = try transaction.unheard(id, of: authorization, by: device, now: now)?.session,
                    authorization.renewal == nil
                else { return nil }
                session.end(.loggedOut, now: now)
                try transaction.save(session)
                try transaction.appendChange(.session(session.id), at: now)
                return authorization
            }
            do throws(SignInRefusal) { try authorization.withdraw(by: device, now: now) } catch { return nil }
            try transaction.save(authorization)
            return authorization
        }
        open.forget(hash)
        guard let withdrawn else { return }
        services.recorder.note(.signedIn, of: withdrawn, refused: "withdrawn")
        services.logger.info(
            "sign-in withdrawn by its device", metadata: ["sign_in": "\(withdrawn.id)", "device": "\(device)"])
    }

    fileprivate struct Redeemed: Sendable {
        var session: Session
        var isRenewed: Bool
        var isRepeated = false
        var label: String
        var asking: AskingDevice
    }
}

extension StoreTransaction {
    /// What was redeemed, for the device that asks again within a minute because the answer was lost on its way: the session
    /// as it began. Once its refresh token has been used the answer was heard; then nil. What was renewed is told again while
    /// its code lives: it gives nothing that the device has not got.
    fileprivate func unheard(
        _ id: SessionID, of authorization: DeviceAuthorization, by device: DeviceID, now: Int
    ) throws -> DeviceFlow.Redeemed? {
        guard authorization.device == device, !authorization.isExpired(at: now), let session = try session(id),
            session.device == device, session.isActive(at: now), let person = try person(session.person),
            person.isActive
        else { return nil }
        let isRenewed = authorization.renewal != nil
        if !isRenewed {
            guard let refresh = session.refresh, refresh.generation == 0,
                (0..<RefreshState.retrySeconds).contains(now - refresh.rotatedAt)
            else { return nil }
        }
        return DeviceFlow.Redeemed(
            session: session, isRenewed: isRenewed, isRepeated: true, label: person.label, asking: authorization.asking)
    }

    /// What the device is signed in as, with the new sign-in's word on time and factors. Nil: that session is over.
    fileprivate func renewSession(of device: DeviceID, by approval: Approval, now: Int) throws -> Session? {
        guard var session = try session(approval.session), session.device == device, session.person == approval.person,
            session.isActive(at: now)
        else { return nil }
        session.renew(by: approval.signIn)
        guard session.isActive(at: now) else { return nil }
        try save(session)
        try appendChange(.session(session.id), at: now)
        return session
    }
}
