internal import HTTPTypes
internal import Hummingbird
internal import Identity
internal import IdentityProviders
internal import Logging
internal import OpenIDConnect
internal import Sessions
internal import Store

/// Where an OpenID provider sends the browser back. Source: OIDC Core §3.1.2.5; DESIGN §5 step 4.
struct CallbackRoutes: Sendable {
    let configuration: GatewayConfiguration
    let services: GatewayServices
    let flow: BrowserFlow
    let clients: ProviderClients
    let answers: PageAnswers

    func add(to router: Router<GatewayContext>) {
        router.get("/oidc/callback/:provider") { request, context in
            let name = context.parameters.get("provider") ?? ""
            return await answers.guarded(request, context) { try await callback(request, context, provider: name) }
        }
    }

    /// First the `state` is used up for this browser, then the answer is believed step by step.
    private func callback(
        _ request: Request, _ context: GatewayContext, provider name: String
    ) async throws -> Response {
        guard case .openIDConnect(let provider)? = ProviderID(name).flatMap({ configuration.provider($0) }) else {
            return answers.over(.outOfOrder)
        }
        let address = answers.call.address(of: request, context)
        let response: AuthorizationResponse
        do throws(AuthorizationResponseError) {
            response = try AuthorizationResponse(parsing: request.uri.query ?? "")
        } catch {
            return answers.providerFailed(.authorizationResponse(error), provider: provider.id, from: address)
        }
        let browser = BrowserRequest(request)
        let now = services.clock()
        let taken = try await flow.takeRedirect(state: response.state, cookieHash: browser.cookieHash, now: now)
        guard case .success(let taken)? = taken, let cookieHash = browser.cookieHash else {
            if case .failure(let refusal)? = taken {
                services.refusals.note(.notice, "callback refused", ["reason": "\(refusal)"], from: address, now: now)
                services.recorder.noteStranger(
                    .providerAnswered, refused: refusal.reasonName, provider: provider.id)
                return answers.over(refusal)
            }
            services.refusals.note(
                .notice, "callback refused: its state is not one of ours, or was used before",
                ["provider": "\(provider.id)"], from: address, now: now)
            services.recorder.noteStranger(.providerAnswered, refused: "unknown-state", provider: provider.id)
            return answers.over(.outOfOrder)
        }
        guard taken.redirect.provider == provider.id,
            case .openIDConnect(let codeVerifier) = taken.redirect.exchange
        else {
            services.logger.warning(
                "callback refused: state of another provider (mix-up, RFC 9207)",
                metadata: ["provider": "\(provider.id)"])
            services.recorder.note(
                .providerAnswered, of: taken.authorization, provider: provider.id, refused: "state-of-another-provider")
            return answers.over(.outOfOrder)
        }
        return try await finish(
            response, taken, codeVerifier: codeVerifier, provider: provider, cookieHash: cookieHash)
    }

    private func finish(
        _ response: AuthorizationResponse, _ taken: BrowserFlow.Taken, codeVerifier: String,
        provider: ProviderConfiguration, cookieHash: [UInt8]
    ) async throws -> Response {
        let exchange = CodeExchange(
            provider: provider, redirectURI: configuration.redirectURI(provider.id), clients: clients,
            fetch: services.fetch)
        let signIn: SignIn
        do throws(ProviderFault) {
            let result = try await exchange.signIn(
                response, device: taken.authorization.device, sent: taken.redirect, codeVerifier: codeVerifier,
                // A sign-in is not refused for an `auth_time` that is old or missing: it counts for what it says.
                maxAge: taken.authorization.renewal == nil ? nil : 0, now: services.clock())
            signIn = result.0
            for note in result.notes {
                services.logger.notice("claims", metadata: ["provider": "\(provider.id)", "note": "\(note)"])
            }
        } catch {
            if let refusal = try await flow.refuseRenewal(
                after: error, of: taken.authorization, cookieHash: cookieHash, now: services.clock())
            {
                return answers.over(refusal)
            }
            return answers.providerFailed(error, provider: provider.id, of: taken.authorization)
        }
        if let refusal = try await flow.refuseRenewal(
            signIn, of: taken.authorization, cookieHash: cookieHash, now: services.clock())
        {
            return answers.over(refusal)
        }
        switch try await flow.authenticate(
            taken.authorization, signIn, cookieHash: cookieHash, now: services.clock())
        {
        case .success?: return Answer.seeOther("/device/confirm")
        case .failure(let refusal)?: return answers.over(refusal)
        case nil: return answers.over(.outOfOrder)
        }
    }
}
