import Cryptography
import Foundation
import HTTPClient
import StrictJSON
import Synchronization
import Testing
import Walkthrough

/// One organisation: a provider, the server that trusts it, and what a device and a person need. All on loopback.
final class Site: Sendable {
    /// The provider, started for a server at `serverURL`, and what it printed when it listened.
    struct Provider: Sendable {
        let program: RunningProgram
        let issuer: String
        let secret: String
    }

    let folder: TestFolder
    let url: String
    let provider: Provider
    private let running: Mutex<RunningProgram>
    let client: HTTPClient
    /// Each sign-in comes from an address of its own, so that the limits of one address do not count.
    private let addresses = Atomic<Int>(1)

    /// With `canaille`, the provider that nobody here wrote. `scim`: what stands under that key; nil: no provisioning.
    /// `further`: further keys of the identity provider.
    init(
        canaille: Bool = false, providerArguments: [String] = [], scim: String? = nil, provider further: String? = nil
    ) async throws {
        let folder = try TestFolder()
        self.folder = folder
        let port = try freePort()
        url = "http://127.0.0.1:\(port)"
        let redirect = url + "/oidc/callback/corp"
        provider =
            try await canaille
            ? Self.canaille(redirect, in: folder)
            : Self.fixture(["--redirect-uri", redirect] + providerArguments, in: folder)
        client = try HTTPClient.onLoopback()
        try folder.write("secret.txt", provider.secret)
        try folder.write("policy.yaml", Self.policy)
        try folder.write(
            "ztna.yaml",
            Self.configuration(
                url: url, port: port, issuer: provider.issuer, domains: canaille ? "\"*\"" : "example.com", scim: scim,
                further: further))
        running = Mutex(try await Self.serve(in: folder))
    }

    /// With a SAML provider built on pysaml2, which has our metadata from the server itself.
    init(saml arguments: [String]) async throws {
        let folder = try TestFolder()
        self.folder = folder
        let port = try freePort()
        url = "http://127.0.0.1:\(port)"
        let program = try RunningProgram(
            Place.fixtures.appending(path: "saml/start").path, arguments, in: folder.url)
        let line = try await program.line("the provider to listen", /{.*}\n/, from: \.output)
        let members = try JSONMembers(parsing: Array(line.utf8))
        let metadata = try members.string("metadata_url")
        provider = Provider(program: program, issuer: String(metadata.dropLast("/metadata".count)), secret: "")
        client = try HTTPClient.onLoopback()
        try folder.write("policy.yaml", Self.policy)
        try folder.write(
            "ztna.yaml",
            """
            server: { url: "\(url)", listen: "127.0.0.1:\(port)", trusted_proxies: [127.0.0.1] }
            organisation: Example Corp
            state: state
            policy: policy.yaml
            identity_providers:
              - { id: corp, name: Example SSO, type: saml, metadata: "\(metadata)", domains: [example.com] }
            fixtures: { plain_http_on_loopback: true }

            """)
        running = Mutex(try await Self.serve(in: folder))
        try await control("sp-metadata?url=\(url)/saml/corp/metadata")
    }

    var server: RunningProgram { running.withLock { $0 } }

    deinit {
        client.shutdown()
        server.kill()
        provider.program.kill()
    }

    static func configuration(
        url: String, port: Int, issuer: String, domains: String = "example.com", scim: String? = nil,
        further: String? = nil
    ) -> String {
        """
        server: { url: "\(url)", listen: "127.0.0.1:\(port)", trusted_proxies: [127.0.0.1] }
        organisation: Example Corp
        state: state
        policy: policy.yaml
        identity_providers:
          - id: corp
            name: Example SSO
            type: oidc
            issuer: \(issuer)
            client_id: ztna
            client_secret_file: secret.txt
            scopes: [openid, profile, email, groups]
            domains: [\(domains)]
            scim: \(scim ?? "{ enabled: false }")
            \(further ?? "")
        fixtures: { plain_http_on_loopback: true }

        """
    }

    static let policy = """
        rules:
          - { name: all-to-all, source: "*", destination: "*", allow: [tcp/22] }

        """

    // Server

    static func serve(in folder: TestFolder) async throws -> RunningProgram {
        let server = try RunningProgram(
            Place.program("ztna-server"), ["serve", "--config", folder.path("ztna.yaml")],
            environment: ["SWIFT_BACKTRACE": "enable=no"], in: folder.url)
        _ = try await server.line("the server to listen", /listening/, from: \.errors)
        return server
    }

    /// SIGKILL in the middle of whatever it does, then the same command again.
    func killAndRestart() async throws {
        server.kill()
        let next = try await Self.serve(in: folder)
        running.withLock { $0 = next }
    }

    /// What `ztna-server WORDS --json` prints.
    func administer(_ words: String...) async throws -> JSON {
        let program = try RunningProgram(
            Place.program("ztna-server"), words + ["--json", "--state", folder.path("state")], in: folder.url)
        let end = try await program.finish()
        try #require(end.status == 0, "\(end.everything)")
        return try JSON(parsing: Array(end.output.utf8))
    }

    // Provider

    private static func fixture(_ arguments: [String], in folder: TestFolder) async throws -> Provider {
        let program = try RunningProgram(
            "/usr/bin/python3", [Place.fixtures.appending(path: "oidc/provider.py").path] + arguments, in: folder.url)
        return try await ready(program)
    }

    private static func canaille(_ redirect: String, in folder: TestFolder) async throws -> Provider {
        let program = try RunningProgram(
            Place.fixtures.appending(path: "canaille/start").path, ["0", redirect, folder.path("canaille")],
            in: folder.url)
        return try await ready(program)
    }

    private static func ready(_ program: RunningProgram) async throws -> Provider {
        let line = try await program.line("the provider to listen", /{.*}\n/, from: \.output)
        let members = try JSONMembers(parsing: Array(line.utf8))
        return Provider(
            program: program, issuer: try members.string("issuer"), secret: try members.string("client_secret"))
    }

    func setFault(_ name: String) async throws { try await control("fault?name=\(name)") }

    func control(_ words: String) async throws {
        let answer = try await client.send(
            HTTPRequest(method: .post, url: "\(provider.issuer)/control/\(words)", body: []))
        try #require(answer.status == 200, "\(words): \(String(decoding: answer.body, as: UTF8.self))")
    }

    // Device and person

    /// Requests of one sign-in; `before` may interfere with any of them.
    func transport(before: @escaping @Sendable (WebRequest) async throws -> Void = { _ in }) -> WebTransport {
        let number = addresses.add(1, ordering: .relaxed).newValue
        let address = "198.18.\(number / 250 % 250).\(number % 250 + 1)"
        let client = client
        return WebTransport { request in
            try await before(request)
            return try await client.answer(request, headers: ["X-Forwarded-For": address])
        }
    }

    func device(_ transport: WebTransport) throws -> DeviceClient {
        DeviceClient(
            key: try Ed25519PrivateKey(from: .system), server: url, transport: transport,
            clock: { Int(Date().timeIntervalSince1970) })
    }
}

extension HTTPClient {
    static func onLoopback() throws -> HTTPClient {
        try HTTPClient(policy: HTTPClientPolicy(addresses: .any, allowPlainHTTPOnLoopback: true))
    }

    func answer(_ request: WebRequest, headers: HTTPHeaders = [:]) async throws -> WebResponse {
        var headers = headers
        for header in request.headers { headers.append(header.name, header.value) }
        let answer = try await send(
            HTTPRequest(
                method: HTTPMethod(rawValue: request.method) ?? .get, url: request.url, headers: headers,
                body: request.method == "GET" ? nil : request.body, timeout: .seconds(30)))
        return WebResponse(
            status: answer.status, headers: answer.headers.fields.map { ($0.name, $0.value) }, body: answer.body)
    }
}
