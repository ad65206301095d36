import Cryptography
import Gateway
import HTTPClient
import Identity
import IdentityProviders
import Logging
import NetworkAddresses
import OpenIDConnect
import SignedDocuments
import Store
import StoreSQLite
import StrictJSON
import Synchronization
import Testing
import Walkthrough
import Wire

/// A clock that tests turn by hand.
final class HandClock: Sendable {
    private let seconds: Mutex<Int>
    init(_ seconds: Int) { self.seconds = Mutex(seconds) }
    var now: Int { seconds.withLock { $0 } }
    func advance(_ by: Int) { seconds.withLock { $0 += by } }
}

/// A gateway over a store in memory, with a provider beside it; nothing here touches a socket.
struct GatewayHarness {
    static let server = "https://ztna.example.com"
    static let issuer = "https://login.example.com"

    let clock: HandClock
    let store: SQLiteStore
    let provider: InProcessProvider
    let gateway: Gateway
    private let responder: InProcessResponder
    let control: Ed25519PrivateKey
    let log: LogLines
    let events = EventLines()

    static let alice = InProcessProvider.Account(
        subject: "alice", email: "alice@example.com", groups: ["engineering"])

    /// `scim`: how the provider "corp" provisions; there is then another, "other", that does too.
    init(
        store: SQLiteStore? = nil, clock: HandClock = HandClock(1_800_000_000), scim: ProvisioningConfiguration? = nil,
        provider former: InProcessProvider? = nil, control services: ControlServices = ControlServices(),
        administratorsMFA: Int? = nil, nodes: NodeService = .none, trustedProxies: [IPPrefix] = [],
        randomness: Randomness = .system,
        _ change: (inout ProviderConfiguration) throws -> Void = { _ in }
    ) async throws {
        self.clock = clock
        self.store = try store ?? SQLiteStore(inMemory: ())
        log = LogLines()
        let provider =
            try former
            ?? InProcessProvider(
                issuer: Self.issuer, clientID: "ztna", account: Self.alice,
                signer: .ed25519(try Ed25519PrivateKey(from: .system)), clock: { clock.now })
        self.provider = provider
        control = try Ed25519PrivateKey(from: .system)
        let id = try #require(ProviderID("corp"))
        var corp = ProviderConfiguration(
            id: id, name: "Example SSO", issuer: Self.issuer, clientID: "ztna",
            domains: [try #require(DomainName("example.com"))], tokenEndpointAuthMethod: .none)
        corp.provisioning = scim
        try change(&corp)
        var providers = [IdentityProvider.openIDConnect(corp)]
        if scim != nil {
            var other = ProviderConfiguration(
                id: try #require(ProviderID("other")), name: "Other SSO", issuer: "https://other.example.net",
                clientID: "ztna", domains: [try #require(DomainName("example.net"))], tokenEndpointAuthMethod: .none)
            other.provisioning = scim
            providers.append(.openIDConnect(other))
        }
        let configuration = GatewayConfiguration(
            serverURL: Self.server, organisation: "Example Corp",
            providers: providers, sessionLifetime: 86_400, trustedProxies: trustedProxies,
            administratorsMFA: administratorsMFA)
        let logger = log.logger()
        var root = [UInt8](repeating: 7, count: 32)
        var gateway = try await Gateway(
            configuration: configuration,
            services: GatewayServices(
                store: self.store, signer: control, secrets: try GatewaySecrets(taking: &root),
                fetch: ProviderFetch { _, request throws(HTTPError) in
                    do { return try provider.http(request) } catch { throw .protocolError("\(error)") }
                },
                nodes: nodes, clock: { clock.now }, randomness: randomness, audit: events, logger: logger))
        gateway.control = services
        self.gateway = gateway
        responder = InProcessResponder(gateway, logger: logger)
    }

    static let address = "192.0.2.7"
    var transport: WebTransport { transport(from: Self.address) }

    func transport(from address: String) -> WebTransport {
        WebTransport { [provider, responder] request in
            if request.url.hasPrefix(Self.issuer) { return try provider.answer(request) }
            let answer = try await responder.answer(
                method: request.method, target: String(request.url.dropFirst(Self.server.count)),
                headers: request.headers, body: request.body, address: address)
            return WebResponse(status: answer.status, headers: answer.headers, body: answer.body)
        }
    }

    /// One request by a function call.
    func answer(
        _ method: String, _ target: String, headers: [(name: String, value: String)], body: [UInt8]
    ) async throws -> InProcessResponder.Answer {
        try await responder.answer(method: method, target: target, headers: headers, body: body, address: Self.address)
    }

    func device(_ key: Ed25519PrivateKey? = nil, from address: String = Self.address) throws -> DeviceClient {
        let clock = clock
        return DeviceClient(
            key: try key ?? Ed25519PrivateKey(from: .system), server: Self.server, transport: transport(from: address),
            clock: { clock.now })
    }

    func browser(from address: String = Self.address) -> Browser { Browser(transport: transport(from: address)) }

    /// Begins, walks the pages, and returns what the device must redeem.
    func approved(_ device: inout DeviceClient) async throws -> String {
        let begun = try await device.beginSignIn()
        var browser = browser()
        let walk = SignInWalk(user: "alice", password: "", number: begun.integer("number"))
        let page = try await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
        #expect(page.outcome == "allowed")
        return try #require(begun.string("device_code"))
    }

    /// A whole sign-in; the token answer.
    func signedIn(_ device: inout DeviceClient) async throws -> DeviceClient.Answer {
        let code = try await approved(&device)
        return try await device.poll(code)
    }
}

extension InProcessProvider {
    /// The relying party's request, as the provider's network end sees it.
    func http(_ request: HTTPRequest) throws -> HTTPResponse {
        let answer = try answer(
            WebRequest(method: request.method.rawValue, url: request.url, body: request.body ?? []))
        var headers = HTTPHeaders()
        for header in answer.headers { headers.append(header.name, header.value) }
        return HTTPResponse(status: answer.status, headers: headers, body: answer.body)
    }
}

extension NodeService {
    /// For tests that never come so far.
    static let none = NodeService(
        register: { _, _, _, _ throws(Refusal) in
            throw Refusal(name: .serverError, status: 500, explanation: "no coordinator here")
        },
        netmap: { _, _, _, _ throws(Refusal) in
            throw Refusal(name: .serverError, status: 500, explanation: "no coordinator here")
        })
}

/// What an operator would read.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var text: String { lines.withLock { $0.joined(separator: "\n") } }

    func logger() -> Logger {
        var logger = Logger(label: "test") { _ in Handler(lines: self) }
        logger.logLevel = .debug
        return logger
    }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .debug

        init(lines: LogLines) { self.lines = lines }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let facts = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
            lines.lines.withLock { $0.append("\(event.level) \(event.message) \(facts)") }
        }
    }
}
