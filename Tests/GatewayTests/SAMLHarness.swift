import Cryptography
import Gateway
import HTTPClient
import Identity
import IdentityProviders
import SAML
import SignedXML
import Store
import StoreSQLite
import Synchronization
import Testing
import Walkthrough
import WebAddresses

/// A gateway with two SAML providers beside it; nothing here touches a socket.
struct SAMLHarness {
    static let server = "https://ztna.example.com"
    static let alice = InProcessSAMLProvider.Account(
        nameID: "alice", email: "alice@example.com", groups: ["engineering"])
    static let bob = InProcessSAMLProvider.Account(nameID: "bob", email: "bob@example.com", groups: [])

    let clock: HandClock
    let store: SQLiteStore
    /// `corp`, and `other`, which has the same people and the same key.
    let provider: InProcessSAMLProvider
    let other: InProcessSAMLProvider
    let gateway: Gateway
    let log: LogLines
    let events = EventLines()
    /// Set to have the metadata of all providers out of reach.
    let outage: Outage
    private let responder: InProcessResponder

    final class Outage: Sendable {
        private let isOn = Mutex(false)
        private let count = Mutex(0)
        var fetches: Int { count.withLock { $0 } }
        func begin() { isOn.withLock { $0 = true } }
        func end() { isOn.withLock { $0 = false } }
        func check() throws(HTTPError) {
            count.withLock { $0 += 1 }
            if isOn.withLock({ $0 }) { throw .timedOut }
        }
    }

    /// Making RSA keys takes long: one for all.
    private static let keys = Result {
        try (
            provider: InProcessSAMLProvider.newKey("idp", now: 1_799_000_000),
            server: InProcessSAMLProvider.newKey("sp", now: 1_799_000_000),
            stranger: InProcessSAMLProvider.newKey("stranger", now: 1_799_000_000)
        )
    }

    /// Of the provider's key, in DER.
    var certificate: [UInt8] { (try? Self.keys.get().provider.certificate.certificate) ?? [] }

    static func providerKey() throws -> SigningKey { try keys.get().provider }
    static func strangerKey() throws -> SigningKey { try keys.get().stranger }

    init(
        store: SQLiteStore? = nil, clock: HandClock = HandClock(1_800_000_000), restarted former: SAMLHarness? = nil,
        _ change: (inout SAMLProviderConfiguration) throws -> Void = { _ in }
    ) async throws {
        let clock = former?.clock ?? clock
        self.clock = clock
        self.store = try former?.store ?? store ?? SQLiteStore(inMemory: ())
        let (log, outage) = (LogLines(), former?.outage ?? Outage())
        (self.log, self.outage) = (log, outage)
        let keys = try Self.keys.get()
        let provider =
            former?.provider
            ?? InProcessSAMLProvider(
                origin: "https://idp.example.com", account: Self.alice, key: keys.provider, clock: { clock.now })
        let other =
            former?.other
            ?? InProcessSAMLProvider(
                origin: "https://other.example.net", account: Self.alice, key: keys.provider, clock: { clock.now })
        (self.provider, self.other) = (provider, other)
        var configurations: [SAMLProviderConfiguration] = []
        for (id, provider) in [("corp", provider), ("other", other)] {
            configurations.append(
                SAMLProviderConfiguration(
                    id: try #require(ProviderID(id)), name: "Sign-on \(id)",
                    source: .url(try EndpointURL(parsing: provider.origin + "/metadata"))))
        }
        try change(&configurations[0])
        let logger = log.logger()
        var root = [UInt8](repeating: 7, count: 32)
        gateway = try await Gateway(
            configuration: GatewayConfiguration(
                serverURL: Self.server, organisation: "Example Corp",
                providers: configurations.map { .saml($0) }, sessionLifetime: 86_400, trustedProxies: []),
            services: GatewayServices(
                store: self.store, signer: try Ed25519PrivateKey(from: .system),
                secrets: try GatewaySecrets(taking: &root),
                fetch: ProviderFetch { id, request throws(HTTPError) in
                    try outage.check()
                    return try (id.text == "corp" ? provider : other).http(request)
                },
                nodes: .none,
                saml: SAMLServices(
                    signingKey: keys.server, workers: XMLWorkers(),
                    readFile: { path, _ in
                        guard path == "/metadata.xml" else { throw HTTPError.timedOut }
                        return Array(provider.metadata.utf8)
                    }),
                clock: { clock.now }, randomness: .system, audit: events, logger: logger))
        responder = InProcessResponder(gateway, logger: logger)
    }

    var transport: WebTransport {
        WebTransport { [provider, other, responder] request in
            for party in [provider, other] where request.url.hasPrefix(party.origin) {
                return try party.answer(request)
            }
            let answer = try await responder.answer(
                method: request.method, target: String(request.url.dropFirst(Self.server.count)),
                headers: request.headers, body: request.body, address: "192.0.2.7")
            return WebResponse(status: answer.status, headers: answer.headers, body: answer.body)
        }
    }

    func browser() -> Browser { Browser(transport: transport) }

    func device(_ key: Ed25519PrivateKey? = nil) throws -> DeviceClient {
        let clock = clock
        return DeviceClient(
            key: try key ?? Ed25519PrivateKey(from: .system), server: Self.server, transport: transport,
            clock: { clock.now })
    }

    /// From the code to the provider's page, whose form holds the response.
    func atProvider(
        _ begun: DeviceClient.Answer, in browser: inout Browser, choosing id: String = "corp"
    ) async throws -> Browser.Page {
        var page = try await browser.open(try #require(begun.string("verification_uri_complete")))
        page = try await browser.submit(page)
        return try await browser.submit(page, button: ("provider", id))
    }

    /// A whole sign-in; the token answer.
    func signedIn(_ device: inout DeviceClient, choosing id: String = "corp") async throws -> DeviceClient.Answer {
        let begun = try await device.beginSignIn()
        var browser = browser()
        var page = try await atProvider(begun, in: &browser, choosing: id)
        // One form more where the provider takes nothing but forms.
        for _ in 0..<2 where page.outcome == nil && !page.url.hasSuffix("/device/confirm") {
            page = try await browser.submit(page)
        }
        let number = try #require(begun.integer("number"))
        page = try await browser.submit(
            page, ["number": String(number)], button: ("decision", "allow"))
        #expect(page.outcome == "allowed")
        return try await device.poll(try #require(begun.string("device_code")))
    }

    /// Posts a form as a program would, with whatever headers.
    func post(
        _ path: String, _ items: [FormEncoding.Item],
        headers: [(name: String, value: String)] = [("Content-Type", FormEncoding.contentType)]
    ) async throws -> WebResponse {
        try await transport.send(
            WebRequest(
                method: "POST", url: Self.server + path, headers: headers,
                body: Array(FormEncoding.encode(items).utf8)))
    }

    var openSessions: Int { get async throws { try await store.read { try $0.openSessions().count } } }
}

extension InProcessSAMLProvider {
    /// The service provider's request, as the provider's network end sees it.
    func http(_ request: HTTPRequest) throws(HTTPError) -> HTTPResponse {
        do {
            let answer = try answer(WebRequest(url: request.url))
            return HTTPResponse(status: answer.status, headers: [:], body: answer.body)
        } catch { throw .protocolError("\(error)") }
    }
}
