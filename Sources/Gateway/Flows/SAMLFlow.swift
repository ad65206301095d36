internal import Cryptography
internal import Identity
internal import Logging
internal import SAML
internal import Sessions
internal import SignedXML
internal import Store
internal import WebAddresses

/// A SAML sign-in, from the choice of the provider to an identity that its signed answer states.
///
/// Source: SAML Profiles 2.0 §4.1; DESIGN §3, §5, §6.
struct SAMLFlow: Sendable {
    let configuration: GatewayConfiguration
    let services: GatewayServices
    let saml: SAMLServices
    let browser: BrowserFlow
    let clients: SAMLProviderClients

    func serviceProvider(_ provider: ProviderID) throws(EndpointFault) -> ServiceProvider {
        try ServiceProvider(serverURL: configuration.serverURL, provider: provider, key: saml.signingKey)
    }

    /// Where to send the browser, once its RelayState is stored.
    func redirect(
        _ id: RecordID, to provider: SAMLProviderConfiguration, cookieHash: [UInt8], now: Int
    ) async throws -> Result<Departure, SignInRefusal>? {
        let idp = try await clients.description(of: provider)
        let state = services.randomness.token()
        let randomBytes = services.randomness.bytes(CommittingRequestID.randomByteCount)
        let outcome = try await browser.step(find: { try $0.deviceAuthorization(id) }) {
            authorization throws(SignInRefusal) in
            try authorization.redirect(
                ProviderRedirect(
                    provider: provider.id, stateHash: Digest.sha256(state), randomBytes: randomBytes, exchange: .saml,
                    requestedAt: now),
                cookieHash: cookieHash, now: now)
        }
        switch outcome {
        case nil: return nil
        case .failure(let refusal)?: return .failure(refusal)
        case .success(let authorization)?:
            services.recorder.note(.sentToProvider, of: authorization, provider: provider.id)
            guard let requestID = CommittingRequestID(device: authorization.device, randomBytes: randomBytes) else {
                return nil
            }
            return .success(
                try await departure(
                    requestID.text, relayState: state, to: provider, described: idp,
                    renews: authorization.renewal != nil, now: now))
        }
    }

    /// The signed request, by the binding that the provider takes. `renews`: the person must authenticate anew, in one of
    /// the ways that count as multi-factor.
    func departure(
        _ requestID: String, relayState: String, to provider: SAMLProviderConfiguration, described idp: IdPDescription,
        renews: Bool = false, now: Int
    ) async throws -> Departure {
        guard let (binding, endpoint) = idp.signOn else { throw ProviderFault.saml(.noEndpoint("SingleSignOnService")) }
        let request = AuthnRequest(
            id: requestID, issueInstant: now, destination: endpoint, serviceProvider: try serviceProvider(provider.id),
            nameIDFormat: provider.nameIDFormat, forceAuthn: renews,
            requestedContext: renews ? AuthnRequest.RequestedContext(provider.mfaContexts.sorted()) : nil)
        let key = saml.signingKey
        return try await onWorkers { () throws(SAMLError) in
            let state = try RelayState(relayState)
            return switch binding {
            case .redirect: Departure.address(try request.redirectURL(signedBy: key, relayState: state))
            case .post: Departure.form(try request.postForm(signedBy: key, relayState: state))
            }
        }
    }

    /// What the response to one request says, or the rule that it breaks. Errors: `ProviderFault`.
    func validated(
        _ response: [UInt8], from provider: SAMLProviderConfiguration, requestID: String, requestedAt: Int,
        renews: Bool = false, now: Int
    ) async throws -> ValidatedAssertion {
        try await checked(provider, now: now) { expectation throws(SAMLError) in
            var expectation = expectation
            expectation.requestID = requestID
            expectation.requestedAt = requestedAt
            expectation.forcedAuthentication = renews
            return try ResponseValidation.validate(response, against: expectation)
        }
    }

    /// A response to no request, where the provider's people are greeted. Errors: `ProviderFault`.
    func validatedUnsolicited(
        _ response: [UInt8], from provider: SAMLProviderConfiguration, now: Int
    ) async throws -> UnsolicitedAssertion {
        try await checked(provider, now: now) { expectation throws(SAMLError) in
            try ResponseValidation.validateUnsolicited(response, against: expectation)
        }
    }

    /// Runs a check on the threads for XML. By keys that we do not know it is run once more with the provider's present
    /// metadata: keys change.
    func checked<Value: Sendable>(
        _ provider: SAMLProviderConfiguration, now: Int,
        _ check: @escaping @Sendable (ResponseExpectation) throws(SAMLError) -> Value
    ) async throws -> Value {
        let serviceProvider = try serviceProvider(provider.id)
        let run = { (idp: IdPDescription) async throws -> Value in
            let expectation = ResponseExpectation(
                provider: provider, idp: idp, spEntityID: serviceProvider.entityID, acsURL: serviceProvider.acsURL,
                requestID: "", requestedAt: now, now: now, decryptionKeys: saml.decryptionKeys)
            return try await onWorkers { () throws(SAMLError) in try check(expectation) }
        }
        do { return try await run(try await clients.description(of: provider)) } catch ProviderFault.saml(
            .xml(.unknownKey))
        {
            guard let anew = try await clients.descriptionAnew(of: provider) else {
                throw ProviderFault.saml(.xml(.unknownKey))
            }
            return try await run(anew)
        }
    }

    /// On the threads for XML: signing is all computation, too. Errors: `ProviderFault`.
    func onWorkers<Value: Sendable>(
        _ work: @escaping @Sendable () throws(SAMLError) -> Value
    ) async throws -> Value {
        do { return try await saml.workers.run(work) } catch let error as SAMLError {
            throw ProviderFault.saml(error)
        } catch is XMLWorkersError { throw ProviderFault.overloaded }
    }

    func warnOfSHA1(_ provider: ProviderID) {
        services.logger.warning(
            "a signature with SHA-1 was accepted, as allow_sha1 says", metadata: ["provider": "\(provider)"])
    }

    /// Errors: `ProviderFault`.
    func identity(_ assertion: ValidatedAssertion, from provider: SAMLProviderConfiguration) throws -> SAMLIdentity {
        do throws(SAMLError) {
            return try SAMLIdentity(assertion: assertion, configuration: provider)
        } catch { throw ProviderFault.saml(error) }
    }

    /// The sign-in that an assertion makes, and what was left out of it. Errors: `ProviderFault`.
    func signIn(
        _ assertion: ValidatedAssertion, from provider: SAMLProviderConfiguration, randomBytes: [UInt8]
    ) throws -> (SignIn, notes: [String]) {
        let identity = try identity(assertion, from: provider)
        if assertion.usedSHA1 { warnOfSHA1(provider.id) }
        let signIn = SignIn(
            provider: provider.id, subject: identity.subject, email: identity.email, displayName: identity.displayName,
            groups: identity.groups, authTime: identity.authTime, amr: identity.amr, acr: identity.acr,
            isMultiFactor: identity.mfa,
            evidence: Sessions.SignInEvidence(
                .saml(String(decoding: assertion.evidence.bytes, as: UTF8.self)), randomBytes: randomBytes),
            validUntil: assertion.sessionNotOnOrAfter,
            principal: assertion.nameID.map { nameID in
                SAMLPrincipal(
                    nameID: nameID.text, format: nameID.format, nameQualifier: nameID.nameQualifier,
                    spNameQualifier: nameID.spNameQualifier, sessionIndex: assertion.sessionIndex)
            })
        return (signIn, identity.notes)
    }
}
