internal import HTTPTypes
package import Hummingbird
package import Identity
internal import Logging
package import SAML
internal import Sessions
internal import Store
internal import StrictJSON

/// The identity gateway: authorization server for devices, relying party towards identity providers, pages for people.
package struct Gateway: Sendable {
    private let oauth: OAuthRoutes
    private let nodes: NodeRoutes
    private let devicePages: DevicePages
    private let callbacks: CallbackRoutes
    private let saml: SAMLSide?
    private let backChannel: BackChannelLogout
    private let provisioning: ProvisioningRoutes
    private let provisioningTokens: ProvisioningTokenEndpoint
    /// What an operator asks and does about provisioning.
    package let provisioningAdministration: ProvisioningAdministration
    /// What signed-in devices may ask beside their netmap; set before the router is made.
    package var control = ControlServices()
    private let configuration: GatewayConfiguration
    private let services: GatewayServices
    private let limits: GatewayLimits

    /// A provider speaks SAML, and the services for it are not there.
    package struct NoSAMLServices: Error {}

    /// Reads the sign-ins under way from the store, so that a restart loses none.
    package init(configuration: GatewayConfiguration, services: GatewayServices) async throws {
        let now = services.clock()
        try await services.store.write { try $0.deleteDeviceAuthorizations(expiredBefore: now) }
        let open = OpenSignIns(try await services.store.read { try $0.openDeviceAuthorizations(now: now) })
        let call = DeviceCall(
            configuration: configuration, services: services, gate: try DPoPGate(randomness: services.randomness))
        let limits = GatewayLimits(now: now)
        let clients = ProviderClients(fetch: services.fetch, clock: services.clock)
        let answers = PageAnswers(
            pages: Pages(organisation: configuration.organisation), services: services, call: call)
        let flow = BrowserFlow(configuration: configuration, services: services, open: open, providers: clients)
        let sessionFlow = SessionFlow(configuration: configuration, services: services)
        saml = try SAMLSide(
            configuration: configuration, services: services, browser: flow, answers: answers, call: call,
            limits: limits)
        oauth = OAuthRoutes(
            configuration: configuration, services: services, call: call, limits: limits,
            deviceFlow: DeviceFlow(configuration: configuration, services: services, open: open),
            sessionFlow: sessionFlow, logout: saml?.logout.logout)
        nodes = NodeRoutes(services: services, call: call, sessionFlow: sessionFlow)
        devicePages = DevicePages(
            configuration: configuration, services: services, call: call, limits: limits, flow: flow,
            saml: saml?.routes.flow, answers: answers)
        callbacks = CallbackRoutes(
            configuration: configuration, services: services, flow: flow, clients: clients, answers: answers)
        backChannel = BackChannelLogout(
            configuration: configuration, services: services, open: open, clients: clients, call: call)
        let provisioningFlow = ProvisioningFlow(configuration: configuration, services: services)
        provisioning = ProvisioningRoutes(flow: provisioningFlow, services: services, call: call)
        provisioningTokens = ProvisioningTokenEndpoint(flow: provisioningFlow, services: services, call: call)
        provisioningAdministration = ProvisioningAdministration(
            flow: provisioningFlow, configuration: configuration, services: services)
        self.configuration = configuration
        self.services = services
        self.limits = limits
    }

    package func router() -> Router<GatewayContext> {
        let router = Router(context: GatewayContext.self)
        let serverURL = configuration.serverURL
        router.add(middleware: RequestSizes())
        if serverURL.hasPrefix("https://") { router.add(middleware: StrictTransportSecurity()) }
        let pages = devicePages.answers.pages
        let landing = pages.landing(LandingPage(serverURL: serverURL))
        router.get("/") { _, _ in Answer.page(landing) }
        router.get("/healthz") { _, _ in Answer.json(["status": "ok"]) }
        router.get("/assets/ztna.css") { _, _ in Answer.asset(Pages.stylesheet, type: "text/css; charset=utf-8") }
        router.get("/assets/icon.svg") { _, _ in Answer.asset(Pages.icon, type: "image/svg+xml") }
        oauth.add(to: router)
        nodes.add(to: router)
        ControlRoutes(
            configuration: configuration, services: services, nodes: nodes, control: control, limits: limits
        ).add(to: router)
        devicePages.add(to: router)
        callbacks.add(to: router)
        saml?.add(to: router)
        backChannel.add(to: router)
        provisioning.add(to: router)
        provisioningTokens.add(to: router)
        return router
    }

    /// The address of a test sign-in, to be opened once within ten minutes by the browser that shall see its report.
    /// Nil when the provider does not speak SAML, or too many tests are under way.
    package func beginTest(of provider: ProviderID) -> String? { saml?.beginTest(of: provider) }

    /// What we hold of a SAML provider, loaded when nobody has asked for it yet. Nil when it is none of ours.
    package func description(of provider: SAMLProviderConfiguration) async throws(ProviderFault) -> IdPDescription? {
        try await saml?.routes.flow.clients.description(of: provider)
    }

    /// Says in one line how many lines about refused requests were left out; to be asked once a minute, and at the end.
    package func tellLeftOutLines() { services.refusals.tellLeftOut() }

    /// Reads or fetches every SAML provider's metadata, all at once; what fails is logged, and the last good one stays.
    package func readMetadata() async { await saml?.readMetadata() }

    /// How old what we hold of each SAML provider is, in seconds; nothing for one that nobody has asked for yet.
    package func metadataAges() async -> [ProviderID: Int] { await saml?.metadataAges() ?? [:] }
}
