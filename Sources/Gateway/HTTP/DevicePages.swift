internal import Cryptography
internal import HTTPTypes
internal import Hummingbird
internal import Identity
internal import IdentityProviders
internal import Logging
internal import OpenIDConnect
internal import Sessions

/// The pages a person walks through: code, request, provider, confirmation. Nothing is approved by a GET.
///
/// Source: RFC 8628 §3.3, §5.4; RFC 10027 (what asks, explicit yes and no, the code shown again).
struct DevicePages: Sendable {
    let configuration: GatewayConfiguration
    let services: GatewayServices
    let call: DeviceCall
    let limits: GatewayLimits
    let flow: BrowserFlow
    /// Nil when no provider speaks SAML.
    let saml: SAMLFlow?
    let answers: PageAnswers

    func add(to router: Router<GatewayContext>) {
        router.get("/device") { request, context in
            await answers.guarded(request, context) { try await enterCode(request) }
        }
        router.post("/device") { request, context in
            await answers.guarded(request, context) { try await codeEntered(request, context) }
        }
        router.get("/device/request") { request, context in
            await answers.guarded(request, context) { try await showRequest(request) }
        }
        router.post("/device/sign-in") { request, context in
            await answers.guarded(request, context) { try await chooseProvider(request) }
        }
        router.get("/device/confirm") { request, context in
            await answers.guarded(request, context) { try await showConfirmation(request) }
        }
        router.post("/device/confirm") { request, context in
            await answers.guarded(request, context) { try await confirm(request) }
        }
        router.get("/device/done") { request, _ in
            answers.allowed(deviceName: nil, isRenewal: request.uri.queryParameters["renewed"] != nil)
        }
    }

    /// The code may come in the address; it is only shown, for comparison, never acted on.
    private func enterCode(_ request: Request) async throws -> Response {
        let query = request.uri.queryParameters
        let code = query["user_code"].flatMap { UserCode(typed: String($0)) }?.description ?? ""
        return codePage(BrowserRequest(request), code: code, local: query["local"].map(String.init), problem: nil)
    }

    private func codePage(_ browser: BrowserRequest, code: String, local: String?, problem: String?) -> Response {
        var cookies: [String] = []
        let cookie = browser.cookie ?? services.randomness.token()
        if browser.cookie == nil { cookies.append(SignInCookie.browser.setting(cookie)) }
        if let local, local.utf8.count == 32, local.utf8.allSatisfy({ $0 > 0x2C && $0 < 0x7F && $0 != 0x3B }) {
            cookies.append(SignInCookie.local.setting(local))
        }
        let csrf = services.secrets.csrfToken(forCookie: cookie)
        return Answer.page(
            answers.pages.enterCode(EnterCodePage(csrf: csrf, code: code, problem: problem)),
            status: problem == nil ? .ok : .badRequest, cookies: cookies)
    }

    private func codeEntered(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let browser = BrowserRequest(request)
        let (form, cookieHash) = try await browser.form(secrets: services.secrets, origin: configuration.serverURL)
        let typed = form["user_code"] ?? ""
        let now = services.clock()
        guard let code = UserCode(typed: typed) else {
            return codePage(
                browser, code: String(typed.prefix(16)), local: nil,
                problem: "A code has eight letters, like BCDF-GHJK. Look at your terminal again.")
        }
        let address = call.address(of: request, context)
        if let wait = limits.enterCode(address: address, now: now) {
            return tooManyCodes(wait: wait, address: address)
        }
        // Once strangers have used up the guesses, whoever comes by an address that only their own command knew goes on.
        let spent = limits.guessCode(now: now)
        if let spent, browser.localToken == nil { return tooManyCodes(wait: spent, address: address) }
        let outcome = try await flow.claim(
            code, cookieHash: cookieHash, localToken: browser.localToken, onlyLocal: spent != nil, now: now)
        switch outcome {
        case .success(let authorization)?:
            if spent == nil { limits.codeWasRight() }
            services.recorder.note(.codeEntered, of: authorization, address: address)
            return Answer.seeOther("/device/request", cookies: [SignInCookie.signIn.setting(authorization.id.text)])
        case .failure(.denied)?, .failure(.outOfOrder)?, .failure(.expired)?, nil, .failure(.anotherBrowser)?,
            .failure(.wrongNumber)?, .failure(.inactive)?, .failure(.unknownToDirectory)?, .failure(.renewal)?:
            if let spent { return tooManyCodes(wait: spent, address: address) }
            services.refusals.note(.info, "unknown code entered", [:], from: address, now: now)
            services.recorder.noteStranger(.codeEntered, refused: "unknown-code", address: address)
            return codePage(
                browser, code: code.description, local: nil,
                problem:
                    "No sign-in is waiting for this code. It may have expired: run `ztna login` again for a new one.")
        }
    }

    private func tooManyCodes(wait: Int, address: String) -> Response {
        services.refusals.note(.warning, "codes entered too fast", [:], from: address, now: services.clock())
        services.recorder.noteStranger(.codeEntered, refused: "too-fast", address: address)
        return answers.tooManyCodes(wait: wait)
    }

    private func showRequest(_ request: Request) async throws -> Response {
        let (browser, authorization) = try await current(request)
        return requestPage(browser, authorization, email: "", problem: nil)
    }

    private func requestPage(
        _ browser: BrowserRequest, _ authorization: DeviceAuthorization, email: String, problem: String?
    ) -> Response {
        // A session is renewed where it was made.
        let only = authorization.renewal?.provider
        let offered = configuration.providers.filter { only == nil || $0.id == only }
        let providers = offered.map { RequestPage.Provider(id: $0.id.text, name: $0.name) }
        let routes = offered.count > 1 && offered.contains { !$0.domains.isEmpty }
        let page = RequestPage(
            csrf: csrf(browser), facts: answers.facts(authorization, now: services.clock()), providers: providers,
            emailRouting: routes, email: email, isElsewhere: authorization.browser?.isLocal != true,
            isRenewal: authorization.renewal != nil, problem: problem)
        return Answer.page(answers.pages.request(page), status: problem == nil ? .ok : .badRequest)
    }

    private func chooseProvider(_ request: Request) async throws -> Response {
        let browser = BrowserRequest(request)
        let (form, cookieHash) = try await browser.form(secrets: services.secrets, origin: configuration.serverURL)
        guard let id = browser.signIn else { return answers.over(.outOfOrder) }
        let now = services.clock()
        if form["decision"] == "deny" { return try await deny(id, cookieHash: cookieHash, now: now) }
        guard let provider = chosenProvider(form) else {
            guard let authorization = try await flow.current(id, cookieHash: cookieHash, now: now) else {
                return answers.over(.outOfOrder)
            }
            return requestPage(
                browser, authorization, email: form["email"] ?? "",
                problem: "No identity provider here is responsible for that address. Choose one below.")
        }
        do {
            let departure =
                switch provider {
                case .openIDConnect(let provider):
                    try await flow.redirect(id, to: provider, cookieHash: cookieHash, now: now)
                case .saml(let provider):
                    try await saml?.redirect(id, to: provider, cookieHash: cookieHash, now: now)
                }
            switch departure {
            case .success(let departure)?:
                return answers.onward(
                    to: provider.name, message: "You sign in there with your usual account.", departure)
            case .failure(let refusal)?: return answers.over(refusal)
            case nil: return answers.over(.outOfOrder)
            }
        } catch let fault as ProviderFault {
            return answers.providerFailed(fault, provider: provider.id)
        }
    }

    private func chosenProvider(_ form: FormBody) -> IdentityProvider? {
        if let id = form["provider"] { return ProviderID(id).flatMap { configuration.provider($0) } }
        guard let email = form["email"].flatMap({ EmailAddress($0) }) else { return nil }
        return configuration.providers.first { $0.domains.contains { $0.text == email.domain } }
    }

    private func showConfirmation(_ request: Request) async throws -> Response {
        let (browser, authorization) = try await current(request)
        guard let cookieHash = browser.cookieHash, let signIn = authorization.signIn(for: cookieHash) else {
            return answers.over(.outOfOrder)
        }
        let page = ConfirmPage(
            csrf: csrf(browser), facts: answers.facts(authorization, now: services.clock()),
            person: signIn.displayName, email: signIn.email?.text ?? "",
            providerName: configuration.provider(signIn.provider)?.name ?? signIn.provider.text,
            numbers: authorization.browser?.numbers.map(String.init) ?? [],
            isRenewal: authorization.renewal != nil,
            problem: configuration.lacksGroups(signIn) ? UnknownGroups.notice : nil)
        return Answer.page(answers.pages.confirm(page))
    }

    private func confirm(_ request: Request) async throws -> Response {
        let browser = BrowserRequest(request)
        let (form, cookieHash) = try await browser.form(secrets: services.secrets, origin: configuration.serverURL)
        guard let id = browser.signIn else { return answers.over(.outOfOrder) }
        let now = services.clock()
        guard form["decision"] == "allow" else { return try await deny(id, cookieHash: cookieHash, now: now) }
        let code = services.randomness.token(24)
        let number = form["number"].flatMap { Int($0) }
        switch try await flow.approve(id, number: number, loopbackCode: code, cookieHash: cookieHash, now: now) {
        case .success(let authorization)?: return approved(authorization, code: code)
        case .failure(let refusal)?:
            services.logger.notice(
                "sign-in not confirmed", metadata: ["sign_in": "\(id)", "reason": "\(refusal)"])
            services.recorder.note(.confirmed, ofRequest: id, refused: refusal.reasonName)
            return answers.over(refusal)
        case nil: return answers.over(.outOfOrder)
        }
    }

    /// On the device itself the browser takes a code to the command's listener, which proves that both are one machine.
    private func approved(_ authorization: DeviceAuthorization, code: String) -> Response {
        services.logger.info("sign-in confirmed", metadata: ["sign_in": "\(authorization.id)"])
        services.recorder.note(.confirmed, of: authorization)
        guard case .approved(let approval) = authorization.state, approval.loopback != nil,
            let port = authorization.loopback?.port
        else {
            return answers.allowed(
                deviceName: authorization.asking.hostName, isRenewal: authorization.renewal != nil)
        }
        let url = "http://127.0.0.1:\(port)/?code=\(code)"
        return answers.onward(
            OnwardPage(
                title: "Handing over to your terminal",
                message: "Your browser and `ztna login` are on the same machine.",
                link: "Finish", url: url),
            to: url)
    }

    private func deny(_ id: RecordID, cookieHash: [UInt8], now: Int) async throws -> Response {
        let outcome = try await flow.deny(id, cookieHash: cookieHash, now: now)
        services.logger.notice("sign-in denied by the person", metadata: ["sign_in": "\(id)"])
        if case .success(let authorization)? = outcome {
            services.recorder.note(.confirmed, of: authorization, refused: "denied-by-person")
        }
        if case .failure(let refusal)? = outcome, refusal != .denied { return answers.over(refusal) }
        return answers.denied()
    }

    private func current(_ request: Request) async throws -> (BrowserRequest, DeviceAuthorization) {
        let browser = BrowserRequest(request)
        guard let id = browser.signIn, let cookieHash = browser.cookieHash,
            let authorization = try await flow.current(id, cookieHash: cookieHash, now: services.clock())
        else { throw SignInRefusal.outOfOrder }
        return (browser, authorization)
    }

    private func csrf(_ browser: BrowserRequest) -> String {
        services.secrets.csrfToken(forCookie: browser.cookie ?? "")
    }
}
