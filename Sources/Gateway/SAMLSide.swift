internal import Hummingbird
internal import Identity
internal import IdentityProviders

/// All that the gateway does by SAML; there when one of its providers speaks it.
struct SAMLSide: Sendable {
    let routes: SAMLRoutes
    let logout: LogoutRoutes
    let tests: TestSignInFlow

    /// Nil when no provider speaks SAML. Errors: `Gateway.NoSAMLServices`.
    init?(
        configuration: GatewayConfiguration, services: GatewayServices, browser: BrowserFlow, answers: PageAnswers,
        call: DeviceCall, limits: GatewayLimits
    ) throws {
        let isNeeded = configuration.providers.contains { if case .saml = $0 { true } else { false } }
        guard isNeeded else { return nil }
        guard let saml = services.saml else { throw Gateway.NoSAMLServices() }
        let flow = SAMLFlow(
            configuration: configuration, services: services, saml: saml, browser: browser,
            clients: SAMLProviderClients(services: services, saml: saml))
        tests = TestSignInFlow(
            configuration: configuration, services: services, flow: flow, answers: answers, tests: TestSignIns())
        routes = SAMLRoutes(
            configuration: configuration, services: services, flow: flow, tests: tests, answers: answers, call: call,
            limits: limits)
        logout = LogoutRoutes(
            configuration: configuration, services: services,
            logout: LogoutFlow(configuration: configuration, services: services, flow: flow), answers: answers,
            call: call, limits: limits)
    }

    func add(to router: Router<GatewayContext>) {
        routes.add(to: router)
        logout.add(to: router)
        tests.add(to: router)
    }

    func beginTest(of provider: ProviderID) -> String? {
        guard routes.configuration.samlProvider(provider.text) != nil else { return nil }
        return tests.begin(provider)
    }

    func readMetadata() async {
        await withTaskGroup(of: Void.self) { group in
            for case .saml(let provider) in routes.configuration.providers {
                group.addTask { await routes.flow.clients.readAnew(provider) }
            }
        }
    }

    func metadataAges() async -> [ProviderID: Int] {
        await routes.flow.clients.ages(now: routes.services.clock())
    }
}
