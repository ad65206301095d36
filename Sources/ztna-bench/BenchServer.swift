import AccessPolicy
import Coordinator
import Cryptography
import Gateway
import HTTPClient
import Identity
import IdentityProviders
import Logging
import OpenIDConnect
import SAML
import SignedXML
import StoreSQLite
import StrictJSON
import Walkthrough
import WebAddresses
import Wire

/// The whole server without its sockets: gateway, coordinator and a SQLite file with `synchronous=FULL`, and beside it an
/// identity provider that answers at once.
struct BenchServer: Sendable {
    static let issuer = "https://login.example.com"
    static let teams = 20

    let url: String
    let store: SQLiteStore
    let counts: CountingStore
    let control: CountingSigner
    let gateway: Gateway
    let responder: InProcessResponder
    let coordinator: Coordinator
    let provider: InProcessProvider
    /// The provider's.
    let tokenSigner: InProcessProvider.TokenSigner
    let samlProvider: InProcessSAMLProvider
    let clock: LeapingClock
    let logger: Logger

    /// How people sign in.
    enum SignOn: Sendable { case openIDConnect, saml }

    /// `meter` gets the time that the provider takes to answer the server. The provider's directory comes by SCIM when
    /// there is `provisioning`.
    init(
        url: String = "https://ztna.example.com", by signOn: SignOn = .openIDConnect,
        provisioning: ProvisioningConfiguration? = nil, file: String, meter: ClientMeter
    ) async throws {
        self.url = url
        let clock = LeapingClock()
        self.clock = clock
        store = try SQLiteStore(path: file)
        counts = CountingStore(store)
        control = CountingSigner(try Ed25519PrivateKey(from: .system))
        logger = Logger(label: "ztna-bench") { _ in Discarding() }
        let tokenSigner = Self.tokenSigner(try RSAPrivateKey())
        self.tokenSigner = tokenSigner
        let provider = InProcessProvider(
            issuer: Self.issuer, clientID: "ztna",
            account: InProcessProvider.Account(subject: "nobody", email: "nobody@example.com", groups: []),
            signer: tokenSigner, clock: { Clocks.epoch })
        self.provider = provider
        let samlKey = try InProcessSAMLProvider.newKey("bench provider", now: Clocks.epoch)
        samlProvider = InProcessSAMLProvider(
            origin: Self.issuer,
            account: InProcessSAMLProvider.Account(nameID: "nobody", email: "nobody@example.com", groups: []),
            key: samlKey, clock: { Clocks.epoch })
        let coordinator = Coordinator(
            store: counts, signer: control,
            configuration: try CoordinatorConfiguration(serverURL: url, ipv6: Population.network),
            policy: try Self.policy(), clock: { clock.now }, logger: logger)
        self.coordinator = coordinator
        try await coordinator.start()
        var root = Randomness.system.bytes(32)
        let services = GatewayServices(
            store: counts, signer: control, secrets: try GatewaySecrets(taking: &root),
            fetch: ProviderFetch { _, request throws(HTTPError) in
                let piece = meter.begin()
                defer { meter.end(piece) }
                do { return try provider.http(request) } catch { throw .protocolError("\(error)") }
            },
            nodes: .coordinated(by: coordinator),
            saml: SAMLServices(
                signingKey: try InProcessSAMLProvider.newKey("bench server", now: Clocks.epoch),
                workers: XMLWorkers(), readFile: { _, _ in [] }),
            clock: { clock.now }, randomness: .system, logger: logger)
        let identityProvider = try Self.identityProvider(
            signOn, samlCertificate: samlKey.certificate.certificate, provisioning: provisioning)
        gateway = try await Gateway(
            configuration: GatewayConfiguration(
                serverURL: url, organisation: "Example Corp", providers: [identityProvider],
                sessionLifetime: 30 * 86_400, trustedProxies: []),
            services: services)
        responder = InProcessResponder(gateway, logger: logger)
    }

    /// Runs `work` with the coordinator following the store's changes, as the server does.
    func running(_ work: () async throws -> Void) async throws {
        let coordinator = coordinator
        let following = Task { await coordinator.follow() }
        do { try await work() } catch {
            following.cancel()
            throw error
        }
        following.cancel()
        await store.close()
    }

    /// The network of one person: our server and their provider, by function calls. `piece` is what the person's browser
    /// and device do; it runs on here but for the server's own work.
    func transport(
        address: String, account: InProcessProvider.Account, meter: ClientMeter, piece: CurrentPiece? = nil
    ) -> WebTransport {
        let (responder, provider, samlProvider, url) = (responder, provider, samlProvider, url)
        let samlAccount = InProcessSAMLProvider.Account(
            nameID: account.subject, email: account.email, groups: account.groups)
        return WebTransport { request in
            if request.url.hasPrefix(Self.issuer) {
                return request.url.hasPrefix(Self.samlSignOn)
                    ? try samlProvider.answer(request, as: samlAccount) : try provider.answer(request, as: account)
            }
            // Makes of the browser's request what a socket would hand over: that counts as the client's.
            let call = try responder.call(
                method: request.method, target: String(request.url.dropFirst(url.count)),
                headers: request.headers, body: request.body, address: address)
            let answer = try await meter.pausing(piece) { try await responder.answer(to: call) }
            return WebResponse(status: answer.status, headers: answer.headers, body: answer.body)
        }
    }

    private static let samlSignOn = issuer + "/sso"

    private static func identityProvider(
        _ signOn: SignOn, samlCertificate: [UInt8], provisioning: ProvisioningConfiguration?
    ) throws -> IdentityProvider {
        guard let id = ProviderID("corp"), let domain = DomainName("example.com") else { throw BenchError.constant }
        switch signOn {
        case .openIDConnect:
            var provider = ProviderConfiguration(
                id: id, name: "Example SSO", issuer: issuer, clientID: "ztna", domains: [domain],
                tokenEndpointAuthMethod: .none)
            provider.provisioning = provisioning
            return .openIDConnect(provider)
        case .saml:
            return .saml(
                SAMLProviderConfiguration(
                    id: id, name: "Example SSO",
                    source: .inline(
                        entityID: issuer + "/metadata", ssoURL: try EndpointURL(parsing: samlSignOn), sloURL: nil,
                        certificates: [samlCertificate]),
                    domains: [domain]))
        }
    }

    /// Each team reaches its own people's devices, at a port of its own: `tcp/22` and up.
    private static func policy() throws -> Policy {
        let rules = try (0..<teams).map { team in
            Rule(
                name: try RuleName("team-\(team)"), sources: [try Selector(parsing: "group:team-\(team)")],
                destinations: [try Selector(parsing: "group:team-\(team)")],
                allow: [try Service(parsing: "tcp/\(22 + team)")])
        }
        return Policy(rules: rules, revision: "bench")
    }

    private static func tokenSigner(_ key: RSAPrivateKey) -> InProcessProvider.TokenSigner {
        InProcessProvider.TokenSigner(
            algorithm: "RS256",
            jwk: [
                "kty": "RSA", "alg": "RS256", "use": "sig", "kid": "rsa-1", "n": .string(Base64URL.encode(key.modulus)),
                "e": .string(Base64URL.encode(key.exponent)),
            ],
            keyID: "rsa-1", sign: { try key.signature(for: $0) })
    }
}

enum BenchError: Error, Hashable { case constant, failed(String) }

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
    static func coordinated(by coordinator: Coordinator) -> NodeService {
        NodeService(
            register: { session, person, key, registration throws(Refusal) in
                do throws(CoordinatorError) {
                    return try await coordinator.register(
                        session: session, person: person, device: key, registration: registration)
                } catch { throw Refusal(name: .serverError, status: 500, explanation: error.explanation) }
            },
            netmap: { session, _, _, address throws(Refusal) in
                do throws(CoordinatorError) {
                    return try await coordinator.netmap(session: session, resume: nil, from: address)
                } catch {
                    throw Refusal(name: .serverError, status: 500, explanation: error.explanation)
                }
            },
            label: { await coordinator.label(ofNode: $0) })
    }
}

/// A log at the server's level whose lines are made and thrown away.
private struct Discarding: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {}
}
