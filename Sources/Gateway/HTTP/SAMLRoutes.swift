internal import Cryptography
internal import HTTPTypes
internal import Hummingbird
internal import Identity
internal import IdentityProviders
internal import Logging
internal import NIOCore
internal import SAML
internal import Sessions
internal import Store
internal import Synchronization

/// Our service provider's addresses: metadata, and the assertion consumer service with the way back from it.
///
/// Source: SAML Profiles 2.0 §4.1.4; SAML Bindings 2.0 §3.5; DESIGN §5 step 4.
struct SAMLRoutes: Sendable {
    let configuration: GatewayConfiguration
    let services: GatewayServices
    let flow: SAMLFlow
    let tests: TestSignInFlow
    let answers: PageAnswers
    let call: DeviceCall
    let limits: GatewayLimits
    private let metadata = SignedMetadata()

    init(
        configuration: GatewayConfiguration, services: GatewayServices, flow: SAMLFlow, tests: TestSignInFlow,
        answers: PageAnswers, call: DeviceCall, limits: GatewayLimits
    ) {
        self.configuration = configuration
        self.services = services
        self.flow = flow
        self.tests = tests
        self.answers = answers
        self.call = call
        self.limits = limits
    }

    func add(to router: Router<GatewayContext>) {
        router.get("/saml/:provider/metadata") { request, context in
            await answers.guarded(request, context) { try await showMetadata(context) }
        }
        router.post("/saml/:provider/acs") { request, context in
            await answers.guarded(request, context) { try await accept(request, context) }
        }
        // People open it by hand, or a proxy has turned a POST into a GET.
        router.get("/saml/:provider/acs") { _, _ in
            var response = answers.unsolicited(status: .methodNotAllowed)
            response.headers.set(.allow, "POST")
            return response
        }
        router.get("/saml/continue") { request, context in
            await answers.guarded(request, context) { try await comeBack(request) }
        }
    }

    private func provider(_ context: GatewayContext) -> SAMLProviderConfiguration? {
        configuration.samlProvider(context.parameters.get("provider") ?? "")
    }

    private func showMetadata(_ context: GatewayContext) async throws -> Response {
        guard let provider = provider(context) else { return answers.unsolicited(status: .notFound) }
        let document = try await metadata.document(of: provider.id, flow: flow)
        var headers = HTTPFields()
        headers.set(.contentType, ServiceProviderMetadata.contentType)
        headers.set(.cacheControl, "public, max-age=3600")
        headers.set(.xContentTypeOptions, "nosniff")
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: document)))
    }

    /// First the RelayState is used up, then the answer is believed step by step.
    private func accept(_ request: Request, _ context: GatewayContext) async throws -> Response {
        guard let provider = provider(context) else { return answers.unsolicited(status: .notFound) }
        let message = try await SAMLForm.message(in: request)
        guard message.kind == .response else {
            throw ProviderFault.saml(.wrongRoot(message.kind.rawValue)).at(provider.id)
        }
        let now = services.clock()
        if let state = message.relayState, (1...80).contains(state.utf8.count) {
            if let answered = try await tests.accept(message.xml, relayState: state, at: provider, now: now) {
                return answered
            }
            switch try await flow.browser.takePosted(state: state, now: now) {
            case .success(let posted)?:
                guard posted.redirect.provider == provider.id, posted.redirect.exchange == .saml else {
                    services.logger.warning(
                        "response refused: its RelayState is another provider's",
                        metadata: ["provider": "\(provider.id)"])
                    services.recorder.note(
                        .providerAnswered, of: posted.authorization, provider: provider.id,
                        refused: "state-of-another-provider")
                    return answers.over(.outOfOrder)
                }
                return try await finish(message.xml, posted, from: provider)
            case .failure(let refusal)?:
                services.logger.notice(
                    "response refused", metadata: ["provider": "\(provider.id)", "reason": "\(refusal)"])
                services.recorder.noteStranger(
                    .providerAnswered, refused: refusal.reasonName, provider: provider.id)
                return answers.over(refusal)
            case nil: break
            }
        }
        return try await unsolicited(
            message.xml, from: provider, address: call.address(of: request, context), now: now)
    }

    private func finish(
        _ response: [UInt8], _ posted: BrowserFlow.Posted, from provider: SAMLProviderConfiguration
    ) async throws -> Response {
        let now = services.clock()
        let randomBytes = posted.redirect.randomBytes
        guard let requestID = CommittingRequestID(device: posted.authorization.device, randomBytes: randomBytes) else {
            return answers.over(.outOfOrder)
        }
        let signIn: SignIn
        let assertion: ValidatedAssertion
        do {
            assertion = try await flow.validated(
                response, from: provider, requestID: requestID.text, requestedAt: posted.redirect.requestedAt,
                renews: posted.authorization.renewal != nil, now: now)
            let result = try flow.signIn(assertion, from: provider, randomBytes: randomBytes)
            signIn = result.0
            for note in result.notes {
                services.logger.notice("claims", metadata: ["provider": "\(provider.id)", "note": "\(note)"])
            }
        } catch let fault as ProviderFault {
            if let refusal = try await flow.browser.refuseRenewal(
                after: fault, of: posted.authorization, cookieHash: posted.cookieHash, now: now)
            {
                return answers.over(refusal)
            }
            return answers.providerFailed(fault, provider: provider.id, of: posted.authorization)
        }
        if let refusal = try await flow.browser.refuseRenewal(
            signIn, of: posted.authorization, cookieHash: posted.cookieHash, now: now)
        {
            return answers.over(refusal)
        }
        if let refusal = try await flow.browser.turnAway(
            signIn, from: posted.authorization.id, cookieHash: posted.cookieHash, now: now)
        {
            return answers.over(refusal)
        }
        let handle = services.randomness.token()
        let keeping = try await flow.browser.keep(
            signIn, for: posted, replayKey: assertion.replayKey, handle: handle, now: now)
        switch keeping {
        case .kept:
            services.recorder.note(
                .providerAnswered, of: posted.authorization, signIn: signIn, remark: flow.browser.remark(on: signIn))
            return Answer.seeOther("/saml/continue?answer=\(handle)")
        case .refused(let refusal):
            services.recorder.note(
                .providerAnswered, of: posted.authorization, signIn: signIn, refused: refusal.reasonName)
            return answers.over(refusal)
        case .replayed:
            return answers.providerFailed(.saml(.replayed), provider: provider.id, of: posted.authorization)
        }
    }

    /// IdP-initiated, or an answer whose request is not one of ours or was answered before. It makes no session.
    private func unsolicited(
        _ response: [UInt8], from provider: SAMLProviderConfiguration, address: String, now: Int
    ) async throws -> Response {
        guard provider.greetsUnsolicited else {
            services.logger.notice(
                "response refused: it answers no sign-in under way",
                metadata: ["provider": "\(provider.id)", "rule": "\(SAMLError.unsolicited.name)"])
            services.recorder.noteStranger(
                .providerAnswered, refused: SAMLError.unsolicited.name, address: address, provider: provider.id)
            return answers.unsolicited(status: .conflict)
        }
        if let wait = limits.readMessage(address: address, now: now) { return answers.tooManyMessages(wait: wait) }
        do {
            let assertion = try await flow.validatedUnsolicited(response, from: provider, now: now)
            let key = assertion.replayKey
            let hash = BrowserFlow.messageHash(key.assertionID, issuer: key.issuer)
            let isNew = try await services.store.write {
                try $0.rememberMessage(hash, of: provider.id, expiresAt: key.until)
            }
            guard isNew else { throw ProviderFault.saml(.replayed) }
            if assertion.usedSHA1 { flow.warnOfSHA1(provider.id) }
            return answers.greeting(from: provider.name)
        } catch let fault as ProviderFault { return answers.providerFailed(fault, provider: provider.id) }
    }

    /// The browser comes for its answer, now with its cookie.
    private func comeBack(_ request: Request) async throws -> Response {
        guard let handle = request.uri.queryParameters["answer"].map(String.init), handle.utf8.count <= 128 else {
            return answers.over(.outOfOrder)
        }
        let taken = try await flow.browser.takeAnswer(
            handle: handle, cookieHash: BrowserRequest(request).cookieHash, now: services.clock())
        switch taken {
        case .done: return Answer.seeOther("/device/confirm")
        case .refused(.anotherBrowser):
            services.logger.warning(
                "sign-in stopped: another browser than was sent to the provider came back with its answer")
            services.recorder.noteStranger(
                .providerAnswered, refused: SignInRefusal.anotherBrowser.reasonName, address: nil)
            return answers.over(.anotherBrowser)
        case .refused(let refusal):
            services.logger.notice("answer not handed over", metadata: ["reason": "\(refusal)"])
            services.recorder.noteStranger(.providerAnswered, refused: refusal.reasonName)
            return answers.over(refusal)
        case .unknown: return answers.over(.outOfOrder)
        }
    }
}

/// Our metadata, signed once for each connection: it says the same for as long as we run.
private final class SignedMetadata: Sendable {
    private let documents = Mutex<[ProviderID: [UInt8]]>([:])

    func document(of provider: ProviderID, flow: SAMLFlow) async throws -> [UInt8] {
        if let document = documents.withLock({ $0[provider] }) { return document }
        let serviceProvider = try flow.serviceProvider(provider)
        let id = MessageID.make(from: flow.services.randomness)
        let document = try await flow.onWorkers { () throws(SAMLError) in
            try ServiceProviderMetadata.signed(for: serviceProvider, id: id)
        }
        return documents.withLock { documents in
            let first = documents[provider] ?? document
            documents[provider] = first
            return first
        }
    }
}
