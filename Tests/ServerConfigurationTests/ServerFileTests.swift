import Identity
import NetworkAddresses
import OpenIDConnect
import ServerConfiguration
import Testing
import WebAddresses

@Suite struct `A server configuration` {
    @Test func `with every key says what it says`() throws {
        let text = """
            server:
              url: https://ztna.example.com/
              listen: 0.0.0.0:443
              tls: { certificate: tls/cert.pem, key: /etc/key.pem }
              trusted_proxies: [192.0.2.1/32, "2001:db8::/32"]
            organisation: Example Corp
            state: state
            policy: policy.yaml
            network: { ipv4: 10.20.0.0/16, ipv6: "fd12:3456:789a::/48" }
            sessions: { lifetime: 12h }
            node_authorizations: { lifetime: 15m }
            administration: { mfa: 1h }
            identity_providers:
              - id: corp
                name: Example SSO
                type: oidc
                issuer: http://localhost:9000/realms/corp
                client_id: ztna
                client_secret_env: SECRET
                scopes: [openid, email, groups]
                domains: [example.com, Example.ORG]
                groups_claim: /realm_access/roles
                mfa: { amr: [mfa, otp], acr: "urn:example:gold" }
                admins: ["user:admin@example.com", "group:it"]
                ca_file: ca.pem
                allow_private_addresses: true
                token_endpoint_auth_method: client_secret_post
              - { id: public, name: Public, type: oidc, issuer: "https://id.example.net", client_id: p,
                  token_endpoint_auth_method: none, domains: example.net }
            places: { database: geo/GeoLite2-Country.mmdb }
            fixtures: { plain_http_on_loopback: true }
            """
        let system = files(
            [
                "/etc/ztna/z.yaml": text, "/etc/ztna/policy.yaml": "", "/etc/ztna/tls/cert.pem": "PEM",
                "/etc/key.pem": "PEM",
                "/etc/ztna/ca.pem": "PEM", "/etc/ztna/geo/GeoLite2-Country.mmdb": "",
            ], environment: ["SECRET": "hunter2"])
        let loaded = try ServerConfiguration.load(path: "/etc/ztna/z.yaml", files: system, now: 0).get()
        #expect(loaded.url.text == "https://ztna.example.com")
        #expect(loaded.listen == Endpoint("0.0.0.0:443"))
        #expect(loaded.tls?.certificate == "/etc/ztna/tls/cert.pem" && loaded.tls?.key == "/etc/key.pem")
        #expect(loaded.trustedProxies == [IPPrefix("192.0.2.1/32"), IPPrefix("2001:db8::/32")])
        #expect(loaded.organisation == "Example Corp" && loaded.stateDirectory == "/etc/ztna/state")
        #expect(loaded.policyFile == "/etc/ztna/policy.yaml")
        #expect(loaded.overlayIPv4 == IPPrefix("10.20.0.0/16") && loaded.overlayIPv6 == IPPrefix("fd12:3456:789a::/48"))
        #expect(loaded.sessionLifetime == .seconds(43_200) && loaded.nodeAuthorizationLifetime == .seconds(900))
        #expect(loaded.administratorsMFA == .seconds(3600))
        #expect(loaded.plainHTTPOnLoopback)
        #expect(loaded.placesDatabase == "/etc/ztna/geo/GeoLite2-Country.mmdb")
        try #require(loaded.providers.count == 2)
        let corp = try #require(loaded.providers[0].openIDConnect)
        #expect(corp.id == ProviderID("corp") && corp.name == "Example SSO" && corp.clientID == "ztna")
        #expect(corp.issuer == "http://localhost:9000/realms/corp" && corp.clientSecret != nil)
        #expect(corp.scopes == ["openid", "email", "groups"])
        #expect(corp.domains.map(\.text) == ["example.com", "example.org"])
        #expect(corp.groupsClaim == GroupsClaim("/realm_access/roles"))
        #expect(corp.mfa == MFARule(amr: ["mfa", "otp"], acr: ["urn:example:gold"]))
        #expect(corp.admins.count == 2 && corp.caFile == "/etc/ztna/ca.pem" && corp.allowPrivateAddresses)
        #expect(corp.allowPlainHTTPOnLoopback && corp.tokenEndpointAuthMethod == .clientSecretPost)
        let open = try #require(loaded.providers[1].openIDConnect)
        #expect(open.clientSecret == nil && open.mfa == MFARule())
    }

    @Test func `has defaults for what may be left out`() throws {
        let loaded = try Samples.load(Samples.small).get()
        #expect(loaded.listen == Endpoint("127.0.0.1:8443") && loaded.tls == nil && loaded.trustedProxies.isEmpty)
        #expect(loaded.overlayIPv4 == IPPrefix("100.64.0.0/10") && loaded.overlayIPv6 == nil)
        #expect(loaded.sessionLifetime == .seconds(30 * 86_400) && loaded.nodeAuthorizationLifetime == .seconds(3600))
        #expect(!loaded.plainHTTPOnLoopback && loaded.samlKey == nil && loaded.warnings.isEmpty)
        let corp = try #require(loaded.providers[0].openIDConnect)
        #expect(!corp.allowPlainHTTPOnLoopback && corp.scopes == ["openid", "profile", "email"])
        #expect(corp.groupsClaim == GroupsClaim("groups"))
    }

    /// What is replaced in the small sample, by what, and the one error that this makes.
    @Test(arguments: [
        (
            "organisation: Example Corp", "organization: x",
            "1:1 the configuration: organisation is missing|2:1 unknown key \"organization\" in the configuration"
        ),
        ("state: state", "state: state\ncolor: red", "4:1 unknown key \"color\" in the configuration"),
        ("state: state", "state:", "3:1 the configuration: state is empty"),
        ("state: state", "state: [a]", "3:8 this value is wrong"),
        ("state: state", "state: { a: b }", "3:8 this value is wrong"),
        ("state: state", "state: \"a\\0b\"", "3:8 this value is wrong"),
        ("state: state", "state: state\nstate: other", "4:1 the key \"state\" is given twice; it was first on line 3"),
        ("state: state", "state: !!str state", ""),
        ("state: state", "state: !path state", "3:8 YAML tags are not allowed; write the value without one"),
        ("state: state", "state: &s state\nfixtures: *s", "4:11 aliases are not allowed; write the value again"),
        ("state: state", "state: state\n---\nstate: b", "4:1 this is not YAML|"),
        ("state: state", "state: state\n[a]: b", "4:1 a key must be a text"),
        ("policy: policy.yaml", "policy: polcy.yaml", "4:9 the file does not exist"),
        ("{ url: \"http://127.0.0.1:8443\" }", "x", "1:9 server must be a mapping"),
        (
            "{ url: \"http://127.0.0.1:8443\" }", "{ ulr: \"https://a.example\" }",
            "1:9 server: url is missing|1:11 unknown key \"ulr\" in server"
        ),
        ("\"http://127.0.0.1:8443\"", "http://a.example", "1:16 this value is wrong"),
        ("\"http://127.0.0.1:8443\"", "https://a.example/path", "1:16 this value is wrong"),
        ("\"http://127.0.0.1:8443\"", "https://u@a.example", "1:16 this value is wrong"),
        ("\"http://127.0.0.1:8443\"", "\"https://a.example?q\"", "1:16 this value is wrong"),
        ("8443\" }", "8443\", listen: localhost }", "1:49 this value is wrong"),
        (
            "8443\" }", "8443\", listen: \"0.0.0.0:443\" }",
            "1:49 server: tls is missing, and 0.0.0.0:443 is not a loopback address"
        ),
        (
            "8443\" }", "8443\", tls: { certificate: ca.pem } }",
            "1:16 server: url is http, but tls is configured|1:46 server.tls: key is missing"
        ),
        (
            "8443\" }", "8443\", tls: { certificate: no.pem, key: ca.pem } }",
            "1:16 server: url is http, but tls is configured|1:61 the file does not exist"
        ),
        ("8443\" }", "8443\", trusted_proxies: [10.0.0.1/8] }", "1:59 this value is wrong"),
        ("8443\" }", "8443\", trusted_proxies: [10.0.0.1, 10.0.0.1/32] }", "1:69 this is given twice"),
        ("8443\" }", "8443\", trusted_proxies: [] }", "1:58 this list is empty"),
        (
            "state: state", "state: s\nnetwork: { ipv4: 8.0.0.0/8, ipv6: \"2001:db8::/48\" }",
            "4:18 this value is wrong|4:35 this value is wrong"
        ),
        ("state: state", "state: s\nnetwork: { ipv4: 10.0.0.0/25 }", "4:18 this value is wrong"),
        ("state: state", "state: s\nsessions: { lifetime: 31d }", "4:23 this value is wrong"),
        ("state: state", "state: s\nsessions: { lifetime: 4m }", "4:23 this value is wrong"),
        ("state: state", "state: s\nnode_authorizations: { lifetime: 25h }", "4:34 this value is wrong"),
        ("state: state", "state: s\nadministration: { mfa: 5s }", "4:24 this value is wrong"),
        ("state: state", "state: s\nfixtures: { plain_http_on_loopback: yes }", "4:37 this value is wrong"),
        ("state: state", "state: s\nplaces: geo.mmdb", "4:9 places must be a mapping"),
        ("state: state", "state: s\nplaces: {}", "4:9 places: database is missing"),
        ("state: state", "state: s\nplaces: { database: no.mmdb }", "4:21 the file does not exist"),
        (
            "state: state", "state: s\nplaces: { databse: ca.pem }",
            "4:9 places: database is missing|4:11 unknown key \"databse\" in places"
        ),
        ("id: corp", "id: Corp", "6:9 this value is wrong"),
        ("type: oidc", "type: ldap", "8:11 this value is wrong"),
        ("https://sso.example.com", "http://localhost:1", "9:13 this value is wrong"),
        ("https://sso.example.com", "https://sso.example.com?a=b", "9:13 this value is wrong"),
        ("client_secret_file: secret.txt", "client_secret_file: no.txt", "11:25 the file does not exist"),
        (
            "client_secret_file: secret.txt", "client_secret_file: empty.txt",
            "11:25 identity_providers[0]: the secret is unusable"
        ),
        (
            "client_secret_file: secret.txt", "client_secret_file: [a]",
            "11:25 identity_providers[0]: client_secret_file must be a text"
        ),
        ("client_secret_file: secret.txt", "client_secret_env: NOT_SET", "11:24 this environment variable is not set"),
        (
            "client_secret_file: secret.txt", "client_secret_env: A=B",
            "11:24 client_secret_env holds a character that a name cannot have"
        ),
        (
            "client_secret_file: secret.txt", "client_secret: hunter2",
            "11:20 a secret may stand in this file only while nobody else can read the file"
        ),
        ("    client_secret_file: secret.txt\n", "", "6:5 identity_providers[0]: the client secret is missing"),
        (
            "client_secret_file: secret.txt", "client_secret_file: secret.txt\n    client_secret_env: A",
            "12:5 identity_providers[0]: the secret is given twice"
        ),
        (
            "type: oidc", "type: oidc\n    token_endpoint_auth_method: none",
            "12:5 identity_providers[0]: token_endpoint_auth_method is none, so there is no secret"
        ),
        ("type: oidc", "type: oidc\n    token_endpoint_auth_method: client_secret_bsic", "9:33 this value is wrong"),
        ("domains: [example.com]", "domains: [example]", "12:15 this value is wrong"),
        (
            "domains: [example.com]", "scopes: [\"a b\"]",
            "6:5 identity_providers[0]: domains is missing|12:14 this value is wrong"
        ),
        ("domains: [example.com]", "domains: [example.com]\n    groups_claim: /a~2", "13:19 this value is wrong"),
        ("domains: [example.com]", "domains: [example.com]\n    mfa: { }", "13:10 mfa names no values"),
        (
            "domains: [example.com]", "domains: [example.com]\n    mfa: { arm: mfa, acr: a }",
            "13:12 unknown key \"arm\" in identity_providers[0].mfa"
        ),
        (
            "domains: [example.com]", "domains: [example.com]\n    admins: [\"tag:it\", \"user:x\"]",
            "13:14 this value is wrong|13:24 this value is wrong"
        ),
        ("domains: [example.com]", "domains: [example.com]\n    ca_file: no.pem", "13:14 the file does not exist"),
        (
            "domains: [example.com]", "domains: [example.com]\n    allow_private_addresses: \"true\"",
            "13:30 this value is wrong"
        ),
        (
            "identity_providers:", "identity_providers: x\nold:",
            "5:21 identity_providers must be a list|6:1 unknown key \"old\" in the configuration"
        ),
        ("state: state", "state: state\n\tx: y", "4:1 a tab indents this line; use spaces"),
        ("state: state", "state: \u{7}state", "3:8 the character U+0007 is not allowed"),
        ("state: state", "state: state\u{2028}", "3:13 the character U+2028 is not allowed"),
        ("state: state", "state: \u{E001}", "3:8 the character U+E001 is not allowed"),
        (
            "state: state", "state: [[[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]]]",
            "3:23 this is nested too deeply|3:8 this value is wrong"
        ),
    ])
    func `refuses each wrong thing at its place`(_ old: String, _ new: String, _ errors: String) {
        let text = Samples.small.replacing(old, with: new)
        #expect(text != Samples.small)
        let found = Samples.load(text).errors
        if errors.hasSuffix("|") {
            #expect(found.count == 1)
            return
        }
        #expect(Set(found) == Set(errors.split(separator: "|").map(String.init)))
    }

    @Test func `tells all errors of one run in the order of the file`() {
        let errors = Samples.load(
            """
            server: { url: "ftp://x", listen: "0.0.0.0:443", colour: red }
            organisation:
            state: state
            state: again
            polcy: policy.yaml
            identity_providers:
              - { id: a, name: A, type: oidc, issuer: "https://a.example", client_id: a, client_secret_file: secret.txt,
                  domains: [example.com, example.org] }
              - { id: a, name: B, type: odic, issuer: x, client_id: b, client_id: c, client_secret_file: secret.txt,
                  domains: [example.net, EXAMPLE.com] }
            """
        ).errors
        #expect(
            errors == [
                "1:1 the configuration: policy is missing", "1:16 this value is wrong",
                "1:50 unknown key \"colour\" in server", "2:1 the configuration: organisation is empty",
                "4:1 the key \"state\" is given twice; it was first on line 3",
                "5:1 unknown key \"polcy\" in the configuration",
                "9:11 the id \"a\" is used twice; it was first on line 7", "9:29 this value is wrong",
                "9:43 this value is wrong", "9:60 the key \"client_id\" is given twice; it was first on line 9",
                "10:30 the domain example.com is already given to a on line 8; one domain has one identity provider",
            ])
    }

    @Test func `lets one provider alone take any domain`() {
        let open = Samples.small.replacing("[example.com]", with: "\"*\"")
        #expect(Samples.load(open).errors.isEmpty)
        let two =
            open + """

                  - { id: b, name: B, type: oidc, issuer: "https://b.example", client_id: b, client_secret_file: secret.txt,
                      domains: example.net }
                """
        #expect(Samples.load(two).errors == ["12:14 domains: \"*\" overlaps with every other identity provider"])
    }

    @Test func `prints like a compiler`() {
        let text = Samples.small.replacing("issuer:", with: "isuer:")
        #expect(
            Samples.load(text).printed.split(separator: "\n").last(where: { $0.contains("error") })
                .map {
                    $0.hasPrefix(
                        "ztna.yaml:9:5: error: unknown key \"isuer\" in identity_providers[0]; expected one of id, ")
                        && $0.hasSuffix("; did you mean \"issuer\"?")
                } == true)
        let state = Samples.load(Samples.small.replacing("type: oidc", with: "type: odic")).printed
        #expect(
            state == """
                ztna.yaml:8:11: error: this value is wrong; found "odic"; expected one of oidc, saml; did you mean "oidc"?
                      type: odic
                            ^
                """)
    }

    @Test func `says why a file cannot be read`() {
        let system = files(bytes: [
            "large": Array(repeating: 0x20, count: 300_000), "empty": [], "comment": Array("# x\n".utf8),
            "latin": Array("a: b\nb: caf".utf8) + [0xE9, 0x0A], "null": Array("~".utf8),
        ])
        func errors(_ path: String) -> [String] { ServerConfiguration.load(path: path, files: system, now: 0).errors }
        #expect(errors("absent") == ["1:1 the file does not exist"])
        #expect(errors("large") == ["1:1 the file is too large"])
        #expect(errors("empty") == ["1:1 the file is empty"])
        #expect(errors("comment") == ["1:1 the file is empty"])
        #expect(errors("null") == ["1:1 the file is empty"])
        #expect(errors("latin") == ["2:7 the file is not UTF-8 from here on"])
    }
}
