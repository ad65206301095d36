internal import HTTPTypes
internal import Hummingbird
internal import Identity
internal import Logging
internal import SAML

/// Where a provider's logout messages arrive, by either binding, and where ours begin.
///
/// Source: SAML Bindings 2.0 §3.4, §3.5; SAML Profiles 2.0 §4.4.3.
struct LogoutRoutes: Sendable {
    let configuration: GatewayConfiguration
    let services: GatewayServices
    let logout: LogoutFlow
    let answers: PageAnswers
    let call: DeviceCall
    let limits: GatewayLimits

    func add(to router: Router<GatewayContext>) {
        router.get("/saml/:provider/logout") { request, context in
            await answers.guarded(request, context) { try await depart(request, context) }
        }
        router.get("/saml/:provider/slo") { request, context in
            await answers.guarded(request, context) {
                if let wait = tooSoon(request, context) { return answers.tooManyMessages(wait: wait) }
                let query = request.uri.query ?? ""
                return try await received(context) { expectation throws(SAMLError) in
                    try LogoutMessage(redirect: query, against: expectation)
                }
            }
        }
        router.post("/saml/:provider/slo") { request, context in
            await answers.guarded(request, context) {
                if let wait = tooSoon(request, context) { return answers.tooManyMessages(wait: wait) }
                let message = try await SAMLForm.message(in: request)
                return try await received(context) { expectation throws(SAMLError) in
                    try LogoutMessage(posted: message, against: expectation)
                }
            }
        }
    }

    private func tooSoon(_ request: Request, _ context: GatewayContext) -> Int? {
        limits.readMessage(address: call.address(of: request, context), now: services.clock())
    }

    private func provider(_ context: GatewayContext) -> SAMLProviderConfiguration? {
        configuration.samlProvider(context.parameters.get("provider") ?? "")
    }

    private func depart(_ request: Request, _ context: GatewayContext) async throws -> Response {
        guard let provider = provider(context), let handle = request.uri.queryParameters["session"].map(String.init)
        else {
            return answers.logoutOver()
        }
        do {
            guard let departure = try await logout.depart(handle, provider: provider, now: services.clock()) else {
                return answers.logoutOver()
            }
            return answers.onward(
                to: provider.name, message: "This device is signed out. Your sign-in there ends now, too.", departure)
        } catch ProviderFault.saml(.noEndpoint) { return answers.loggedOut(of: nil) } catch let fault as ProviderFault {
            throw fault.at(provider.id)
        }
    }

    private func received(
        _ context: GatewayContext,
        _ read: @escaping @Sendable (LogoutExpectation) throws(SAMLError) -> LogoutMessage
    ) async throws -> Response {
        guard let provider = provider(context) else { return answers.unsolicited(status: .notFound) }
        let now = services.clock()
        do {
            let (message, idp) = try await logout.message(from: provider, now: now, read)
            switch message {
            case .response(let response, let relayState):
                guard logout.isAnswer(response, relayState: relayState) else { throw ProviderFault.saml(.inResponseTo) }
                services.logger.info(
                    "the identity provider answered our logout",
                    metadata: ["provider": "\(provider.id)", "status": "\(response.status.shortCode)"])
                return answers.loggedOut(of: response.status.isSuccess ? provider.name : nil)
            case .request(let request, let relayState):
                guard
                    try await logout.end(request, from: provider.id, issuer: idp.entityID, now: now) != nil
                else { throw ProviderFault.saml(.replayed) }
                return try await answer(request, relayState: relayState, to: provider, idp, now: now)
            }
        } catch let fault as ProviderFault { return answers.logoutRefused(fault, provider: provider.id) }
    }

    /// By redirect where the provider takes that, also from within a frame of its page; else the person presses a button.
    private func answer(
        _ request: LogoutRequest, relayState: String?, to provider: SAMLProviderConfiguration, _ idp: IdPDescription,
        now: Int
    ) async throws -> Response {
        guard idp.logout != nil else { return answers.loggedOut(of: nil) }
        let id = MessageID.make(from: services.randomness)
        let serviceProvider = try logout.flow.serviceProvider(provider.id)
        let response: OutgoingMessage
        do {
            response = try await logout.flow.onWorkers { () throws(SAMLError) in
                try LogoutResponse(inResponseTo: request.id).outgoing(
                    id: id, from: serviceProvider, to: idp,
                    relayState: relayState.flatMap { $0.utf8.count <= 80 ? $0 : nil }, now: now)
            }
        } catch ProviderFault.overloaded {
            // What was asked for is done; only the provider does not hear of it.
            return answers.loggedOut(of: nil)
        }
        switch response {
        case .redirect(let url): return Answer.seeOther(url)
        case .post:
            return answers.onward(
                to: provider.name, message: "You are signed out of this network.", Departure(response))
        }
    }
}
