internal import Cryptography
internal import Hummingbird
internal import Identity
internal import Logging
internal import SAML

/// An administrator's test of one SAML connection: a whole sign-in that ends in a report, and never in a session.
struct TestSignInFlow: Sendable {
    let configuration: GatewayConfiguration
    let services: GatewayServices
    let flow: SAMLFlow
    let answers: PageAnswers
    let tests: TestSignIns

    func add(to router: Router<GatewayContext>) {
        router.get("/saml/:provider/test") { request, context in
            await answers.guarded(request, context) { try await open(request, context) }
        }
        router.get("/saml/:provider/test-report") { request, context in
            await answers.guarded(request, context) { report(request, context) }
        }
    }

    /// The address that the administrator opens, once, within ten minutes. Nil when too many tests are under way.
    func begin(_ provider: ProviderID) -> String? {
        let token = services.randomness.token()
        guard tests.begin(provider, token: token, now: services.clock()) else { return nil }
        services.logger.notice("test sign-in begun", metadata: ["provider": "\(provider)"])
        return "\(configuration.serverURL)/saml/\(provider.text)/test?token=\(token)"
    }

    private func open(_ request: Request, _ context: GatewayContext) async throws -> Response {
        guard let provider = configuration.samlProvider(context.parameters.get("provider") ?? ""),
            let token = request.uri.queryParameters["token"].map(String.init)
        else { return answers.testOver() }
        let now = services.clock()
        guard tests.isBegun(provider.id, token: token, now: now) else { return answers.testOver() }
        let browser = BrowserRequest(request)
        let cookie = browser.cookie ?? services.randomness.token()
        let (relayState, requestID) = (services.randomness.token(), MessageID.make(from: services.randomness))
        let departure: Departure
        do {
            departure = try await flow.departure(
                requestID, relayState: relayState, to: provider,
                described: try await flow.clients.description(of: provider), now: now)
        } catch let fault as ProviderFault { throw fault.at(provider.id) }
        let sent = TestSignIns.Sent(cookieHash: SignInCookie.hash(cookie), requestID: requestID, requestedAt: now)
        guard tests.send(provider.id, token: token, relayState: relayState, sent, now: now) else {
            return answers.testOver()
        }
        var response = answers.onward(
            to: provider.name, message: "This is a test: it signs no device in, and shows what was checked.", departure)
        if browser.cookie == nil {
            response.headers.append(.init(name: .setCookie, value: SignInCookie.browser.setting(cookie)))
        }
        return response
    }

    /// Nil when the RelayState is none of a test's.
    func accept(
        _ xml: [UInt8], relayState: String, at provider: SAMLProviderConfiguration, now: Int
    ) async throws -> Response? {
        let handle = services.randomness.token()
        guard let sent = tests.take(provider.id, relayState: relayState, handle: handle, now: now) else { return nil }
        let text = try? await flow.onWorkers { () throws(SAMLError) in
            try RedactedResponse.text(of: xml, masksPeople: false)
        }
        let report: TestReportPage
        do {
            let assertion = try await flow.validated(
                xml, from: provider, requestID: sent.requestID, requestedAt: sent.requestedAt, now: now)
            let identity = try flow.identity(assertion, from: provider)
            report = TestReport.accepted(assertion, identity, provider, response: text)
        } catch let fault as ProviderFault {
            report = TestReport.refused(fault, response: text)
            services.logger.notice(
                "test sign-in refused",
                metadata: [
                    "provider": "\(provider.id)", "rule": "\(fault.ruleName ?? "")", "reason": "\(fault.explanation)",
                ])
        }
        tests.answer(provider.id, handle: handle, report: report, now: now)
        return Answer.seeOther("/saml/\(provider.id.text)/test-report?report=\(handle)")
    }

    private func report(_ request: Request, _ context: GatewayContext) -> Response {
        guard let id = ProviderID(context.parameters.get("provider") ?? ""),
            let handle = request.uri.queryParameters["report"].map(String.init),
            let cookieHash = BrowserRequest(request).cookieHash,
            let page = tests.report(id, handle: handle, cookieHash: cookieHash, now: services.clock())
        else { return answers.testOver() }
        return Answer.page(answers.pages.testReport(page))
    }
}

/// What came of a test, check by check.
enum TestReport {
    static func accepted(
        _ assertion: ValidatedAssertion, _ identity: SAMLIdentity, _ provider: SAMLProviderConfiguration,
        response: String?
    ) -> TestReportPage {
        let signed = [
            assertion.responseWasSigned ? "the response" : nil, assertion.assertionWasSigned ? "the assertion" : nil,
        ].compactMap(\.self).joined(separator: " and ")
        var facts: [(name: String, value: String)] = [
            ("Subject", identity.subject), ("Name", identity.displayName),
            ("E-mail", identity.email?.text ?? "none"),
            (
                "Groups",
                identity.groups.map { $0.isEmpty ? "none" : $0.map(\.text).sorted().joined(separator: ", ") }
                    ?? "not known, so none: " + UnknownGroups.remedy
            ),
            ("MFA", identity.mfa ? "yes" : "no"), ("Context", identity.acr ?? "none"),
            ("Administrator", identity.isAdministrator(by: provider.admins) ? "yes" : "no"),
            ("NameID", assertion.nameID.map { "\($0.text) (\($0.format ?? "unspecified"))" } ?? "none"),
            ("Attributes", assertion.attributes.map(\.name).joined(separator: ", ")), ("Signed", signed),
            ("Encrypted", assertion.wasEncrypted ? "yes" : "no"),
        ]
        facts += identity.notes.map { ("Note", $0) }
        return TestReportPage(
            title: "This sign-in would succeed", message: "Nobody has been signed in: this was a test.",
            checks: ResponseCheck.allCases.map { ($0.title, "passed", nil) }, facts: facts, response: response)
    }

    /// The checks before the one that failed have passed; those after it were not made.
    static func refused(_ fault: ProviderFault, response: String?) -> TestReportPage {
        guard case .saml(let error) = fault else {
            return TestReportPage(
                title: "The response could not be checked", message: fault.explanation, checks: [], facts: [],
                response: response)
        }
        let failed = ResponseCheck(error)
        let checks = ResponseCheck.allCases.map { check -> (name: String, verdict: String, explanation: String?) in
            if check.rawValue < failed.rawValue { return (check.title, "passed", nil) }
            guard check == failed else { return (check.title, "not made", nil) }
            return (check.title, "failed", "\(error.name): \(error.explanation)")
        }
        return TestReportPage(
            title: "This sign-in would be refused", message: "Nobody has been signed in: this was a test.",
            checks: checks, facts: [], response: response)
    }
}
