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
        let randomness = services.randomness
        let deviceCode = randomness.token()
        let localToken = request.loopbackPort == nil ? nil : randomness.token(24)
        let userCode = UserCode(from: randomness)
        guard let id = RecordID(randomness.token(16)) else { throw OAuthFailure(.serverError, "try again") }
        var renewal: Renewal?
        if let session = request.renews {
            renewal = try await self.renewal(of: session, by: request.proof.device, now: now)
        }
        let authorization = DeviceAuthorization(
            id: id, deviceCodeHash: Digest.sha256(deviceCode),
            userCodeHash: services.secrets.userCodeHash(userCode.letters), userCode: userCode,
            device: request.proof.device,
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
        case .slowDown: throw OAuthFailure(.slowDown, "poll less often: five seconds more between polls")
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
        let lifetime = configuration.sessionLifetime
        let secrets = services.secrets
        // Nil while the browser is on its way to the command's listener: it carries the code that is still missing.
        let outcome: Result<Redeemed?, SignInRefusal> = try await services.store.write { transaction in
            guard var authorization = try transaction.deviceAuthorization(deviceCodeHash: hash) else {
                return .failure(.outOfOrder)
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
                return .failure(.denied)
            }
            if authorization.renewal != nil {
                guard let session = try transaction.renewSession(of: device, by: approval, now: now) else {
                    return .failure(.renewal(.sessionOver))
                }
                try transaction.save(authorization)
                return .success(
                    Redeemed(session: session, isRenewed: true, label: person.label, asking: authorization.asking))
            }
            let token = RefreshToken(session: approval.session, generation: 0, key: secrets.refreshTokenKey)
            var session = Session(
                id: approval.session, person: approval.person, device: device, signIn: approval.signIn, createdAt: now,
                lifetime: lifetime)
            // What the provider vouched for may have run out while the person hesitated.
            guard session.isActive(at: now) else { return .failure(.expired) }
            session.refresh = RefreshState(
                currentHash: token.hash, generation: 0, previousHash: nil, attemptHash: nil, rotatedAt: now)
            try transaction.replaceSession(of: device, by: session, now: now)
            try transaction.save(authorization)
            return .success(
                Redeemed(session: session, isRenewed: false, label: person.label, asking: authorization.asking))
        }
        switch outcome {
        case .success(nil): throw OAuthFailure(.authorizationPending, "waiting for the browser")
        case .success(let redeemed?):
            open.forget(hash)
            let session = redeemed.session
            services.recorder.note(
                redeemed.isRenewed ? .renewed : .signedIn, session, label: redeemed.label, asking: redeemed.asking)
            services.logger.info(
                redeemed.isRenewed ? "sign-in renewed" : "signed in",
                metadata: ["session": "\(session.id)", "person": "\(session.person)", "device": "\(session.device)"])
            return try GrantedTokens(
                session: session, generation: redeemed.isRenewed ? nil : 0, services: services,
                issuer: configuration.serverURL, now: now)
        case .failure(let refusal):
            services.recorder.noteStranger(.signedIn, refused: refusal.reasonName, device: device)
            throw wireFailure(refusal, hash: hash)
        }
    }

    private func wireFailure(_ refusal: SignInRefusal, hash: [UInt8]) -> OAuthFailure {
        switch refusal {
        case .expired: return OAuthFailure(.expiredToken, "nobody confirmed the sign-in in time: start again")
        case .denied, .wrongNumber, .unknownToDirectory:
            open.forget(hash)
            return OAuthFailure(.accessDenied, "the sign-in was refused in the browser")
        case .renewal(let refusal):
            open.forget(hash)
            return OAuthFailure(.accessDenied, "\(refusal.rawValue): \(refusal.explanation)")
        case .outOfOrder, .anotherBrowser:
            return OAuthFailure(.invalidGrant, "this device code is not known, or was used already")
        }
    }

    private struct Redeemed: Sendable {
        var session: Session
        var isRenewed: Bool
        var label: String
        var asking: AskingDevice
    }
}

extension StoreTransaction {
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

    /// Ends what the device was signed in as. The same person's node passes to the new session without a gap; another
    /// person's node is nobody's until the device registers anew.
    fileprivate func replaceSession(of device: DeviceID, by session: Session, now: Int) throws {
        if var former = try openSession(of: device) {
            former.end(.replaced, now: now)
            try save(former)
            try appendChange(.session(former.id), at: now)
            if former.person == session.person, var node = try node(device: device), node.session == former.id {
                node.session = session.id
                node.updatedAt = now
                try save(node)
                try appendChange(.node(node.id), at: now)
            }
        }
        try save(session)
        try appendChange(.session(session.id), at: now)
    }
}
