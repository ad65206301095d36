/// What `ztna-server` is started from: `ztna.yaml`, the policy, the client's secret.
struct ServerFiles: Sendable {
    let configuration: String
    let policy: String
    let state: String
    let url: String

    /// Without certificates everything is on loopback, in plain http.
    init(place: Place, openID: Providers.OpenIDConnect, providers: Providers) throws {
        let (certificates, port) = (providers.certificates, providers.serverPort)
        let directory = place.directory
        configuration = directory + "/ztna.yaml"
        policy = directory + "/policy.yaml"
        state = directory + "/server"
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
        try File.write(openID.secret, to: directory + "/client-secret.txt")
        try File.write(Policies.first, to: policy)
        try File.write(
            """
            server:
              url: \(url)
              listen: \(host):\(port)
            \(tls)organisation: Example Corp
            state: \(state)
            policy: policy.yaml
            identity_providers:
              - id: \(Person.Provider.company)
                name: Example Corp
                type: oidc
                issuer: \(openID.issuer)
                client_id: ztna
                client_secret_file: client-secret.txt
                domains: \(Person.Provider.company.domain)
                groups_claim: groups
                mfa: { amr: [mfa], acr: ["urn:example:acr:mfa"] }
                scim: { enabled: true }
                admins: "user:alice@example.com"
            \(trust)\
              - id: \(Person.Provider.partner)
                name: Contractors Ltd
                type: saml
                metadata: \(providers.samlMetadata)
                domains: \(Person.Provider.partner.domain)
            \(trust)\(fixtures)
            """, to: configuration)
    }

    static func url(isOnLoopback: Bool, port: UInt16) -> String {
        isOnLoopback ? "http://127.0.0.1:\(port)" : "https://\(Network.serverAddress)" + (port == 443 ? "" : ":\(port)")
    }

    /// Where the provider says that somebody has signed out there.
    static func backChannelLogoutURI(isOnLoopback: Bool, port: UInt16) -> String {
        url(isOnLoopback: isOnLoopback, port: port) + "/oidc/backchannel-logout/\(Person.Provider.company)"
    }

    static func redirectURI(isOnLoopback: Bool, port: UInt16) -> String {
        url(isOnLoopback: isOnLoopback, port: port) + "/oidc/callback/\(Person.Provider.company)"
    }
}
