/// What `ztna-server` is started from: `ztna.yaml`, the policy, the client's secret.
struct ServerFiles: Sendable {
    let configuration: String
    let policy: String
    let url: String

    /// - Parameter port: where the server listens.
    /// - Parameter certificates: nil on loopback: plain http.
    init(place: Place, issuer: String, secret: String, port: UInt16, certificates: Certificates?) throws {
        let directory = place.directory
        configuration = directory + "/ztna.yaml"
        policy = directory + "/policy.yaml"
        url = Self.url(isOnLoopback: certificates == nil, port: port)
        let (host, tls, trust, fixtures): (String, String, String, String)
        if let certificates {
            let pair = certificates.pair("server")
            host = Network.serverAddress
            tls = "  tls: { certificate: \(pair.certificate), key: \(pair.key) }\n"
            trust = "    ca_file: \(certificates.authority)\n    allow_private_addresses: true\n"
            fixtures = ""
        } else {
            host = "127.0.0.1"
            (tls, trust) = ("", "")
            fixtures = "fixtures: { plain_http_on_loopback: true }\n"
        }
        try File.write(secret, to: directory + "/client-secret.txt")
        try File.write(Policies.first, to: policy)
        try File.write(
            """
            server:
              url: \(url)
              listen: \(host):\(port)
            \(tls)organisation: Example Corp
            state: \(directory)/server
            policy: policy.yaml
            identity_providers:
              - id: fixture
                name: Example sign-in
                type: oidc
                issuer: \(issuer)
                client_id: ztna
                client_secret_file: client-secret.txt
                domains: example.com
                groups_claim: groups
                admins: "user:alice@example.com"
            \(trust)\(fixtures)
            """, to: configuration)
    }

    static func url(isOnLoopback: Bool, port: UInt16) -> String {
        isOnLoopback ? "http://127.0.0.1:\(port)" : "https://\(Network.serverAddress)" + (port == 443 ? "" : ":\(port)")
    }

    static func redirectURI(isOnLoopback: Bool, port: UInt16) -> String {
        url(isOnLoopback: isOnLoopback, port: port) + "/oidc/callback/fixture"
    }
}
