import Cryptography
import Identity
import IdentityProviders
import SAML
import ServerConfiguration
import Testing
import WebAddresses

@Suite struct `A SAML identity provider` {
    private static let now = 2_000_000_000

    /// Certificates that exist only in a test.
    private static let made = Result {
        let key = try RSAPrivateKey()
        func certificate(_ key: RSAPrivateKey, from start: Int, _ name: String) throws -> X509Certificate {
            try key.selfSignedCertificate(commonName: name, now: start, lifetime: 86_400, randomness: .system)
        }
        return (
            good: try certificate(key, from: now, "good"), expired: try certificate(key, from: now - 90_000, "old"),
            weak: try certificate(try RSAPrivateKey(bits: 1024), from: now, "weak"),
            key: try key.withPEM { String(decoding: $0, as: UTF8.self) }
        )
    }

    private static let head = """
        server: { url: "https://ztna.example.com" }
        organisation: Example Corp
        state: state
        policy: policy.yaml
        identity_providers:

        """

    private static let provider = """
          - id: corp
            name: Example SSO
            type: saml
            domains: [example.com]

        """

    private static func load(
        _ keys: String, modes: [String: UInt32] = ["key.pem": 0o600]
    ) throws -> Result<ServerConfiguration, InvalidConfiguration> {
        let made = try made.get()
        let lines = keys.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }
        return ServerConfiguration.load(
            path: "ztna.yaml",
            files: files(
                [
                    "ztna.yaml": head + provider + lines.joined(separator: "\n"), "policy.yaml": "",
                    "good.pem": made.good.pem, "old.pem": made.expired.pem, "weak.pem": made.weak.pem,
                    "both.pem": made.good.pem + made.expired.pem, "none.pem": "PEM", "key.pem": made.key,
                    "metadata.xml": metadata(made.good), "broken.xml": "<md/>",
                    "both.xml": "<EntitiesDescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata'>"
                        + metadata(made.good) + metadata(made.expired, "urn:other") + "</EntitiesDescriptor>",
                ], modes: modes), now: now)
    }

    private static func metadata(_ certificate: X509Certificate, _ entityID: String = "urn:example:idp") -> String {
        let base64 = certificate.pem.split(separator: "\n").dropFirst().dropLast().joined()
        return """
            <EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="\(entityID)"><IDPSSODescriptor
              protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor>
              <ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>\(base64)
              </ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor><SingleSignOnService
              Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://sso.example.com/sso"/>
              </IDPSSODescriptor></EntityDescriptor>
            """
    }

    @Test func `of a metadata file has the file checked too`() throws {
        let loaded = try Self.load("metadata: metadata.xml").get()
        #expect(loaded.providers.first?.saml?.source == .file(path: "metadata.xml") && loaded.warnings.isEmpty)
        #expect(try Self.load("metadata: both.xml\nentity_id: urn:example:idp").get().warnings.isEmpty)
        let old = try Self.load("metadata: both.xml\nentity_id: urn:other").get().warnings
        #expect(old.map(\.line) == [10] && old.first?.message.contains("expired") == true)
        for (keys, words) in [
            ("metadata: broken.xml", "not an EntityDescriptor"), ("metadata: both.xml", "choose with entity_id"),
            ("metadata: metadata.xml\nentity_id: urn:nobody", "does not describe"),
            ("metadata: none.pem", "not well-formed"),
            ("metadata: metadata.xml\nmetadata_certificates: good.pem", "signature"),
        ] {
            let diagnostics = try Self.load(keys).diagnostics
            #expect(diagnostics.map(\.position) == [Position(line: 10, column: 15)])
            #expect(diagnostics.first?.message.contains(words) == true, "\(diagnostics)")
        }
    }

    @Test func `of metadata says what it says`() throws {
        let loaded = try Self.load(
            """
            metadata: https://sso.example.com/metadata?x=y
            metadata_certificates: good.pem
            entity_id: urn:example:idp
            name_id_format: persistent
            attributes: { email: mail, display_name: [cn, displayName], groups: urn:oid:1.2.3, stable_id: uid }
            mfa: { authn_context: [urn:example:gold, "https://refeds.org/profile/mfa"] }
            require_encrypted_assertions: true
            allow_cbc: false
            idp_initiated: greet
            admins: "group:it"
            ca_file: good.pem
            allow_private_addresses: true
            """
        ).get()
        let provider = try #require(loaded.providers.first?.saml)
        let made = try Self.made.get()
        #expect(provider.id == ProviderID("corp") && provider.name == "Example SSO")
        #expect(try provider.source == .url(EndpointURL(parsing: "https://sso.example.com/metadata?x=y")))
        #expect(provider.entityID == "urn:example:idp" && provider.metadataCertificates == [made.good.der])
        #expect(provider.nameIDFormat == "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
        #expect(
            provider.attributes
                == AttributeMap(
                    email: ["mail"], displayName: ["cn", "displayName"], groups: ["urn:oid:1.2.3"], stableID: ["uid"]))
        #expect(provider.mfaContexts == ["urn:example:gold", "https://refeds.org/profile/mfa"])
        #expect(provider.requiresEncryptedAssertions && !provider.allowsCBC && !provider.allowsSHA1)
        #expect(provider.greetsUnsolicited && provider.domains.map(\.text) == ["example.com"])
        #expect(provider.admins.count == 1 && provider.caFile == "good.pem" && provider.allowPrivateAddresses)
        #expect(loaded.warnings.isEmpty)
    }

    @Test func `without metadata says the same in three keys`() throws {
        let loaded = try Self.load(
            """
            entity_id: https://sso.example.com/idp
            sso_url: https://sso.example.com/sso
            slo_url: https://sso.example.com/slo
            certificates: [both.pem, good.pem]
            """
        ).get()
        let provider = try #require(loaded.providers.first?.saml)
        let made = try Self.made.get()
        #expect(
            try provider.source
                == .inline(
                    entityID: "https://sso.example.com/idp",
                    ssoURL: EndpointURL(parsing: "https://sso.example.com/sso"),
                    sloURL: EndpointURL(parsing: "https://sso.example.com/slo"),
                    certificates: [made.good.der, made.expired.der]))
        #expect(
            provider.attributes == AttributeMap() && provider.mfaContexts == SAMLProviderConfiguration.commonMFAContexts
        )
        #expect(!provider.requiresEncryptedAssertions && provider.allowsCBC && !provider.greetsUnsolicited)
        #expect(
            loaded.warnings.map(\.description) == [
                """
                ztna.yaml:13:20: warning: the certificate of CN=old has expired; its key is still accepted
                      certificates: [both.pem, good.pem]
                                     ^
                """
            ])
    }

    @Test func `that allows what is weak is warned of`() throws {
        let loaded = try Self.load("metadata: https://a.example/m\nallow_cbc: true\nallow_sha1: true").get()
        #expect(loaded.warnings.map(\.position.line) == [11, 12])
        #expect(loaded.warnings.map { $0.message.contains("AES-GCM") } == [true, false])
        #expect(loaded.warnings.map { $0.message.contains("SHA-1") } == [false, true])
        #expect(loaded.providers.first?.saml?.allowsSHA1 == true)
    }

    /// What is written in the provider from line 10 on, and all that is wrong with it.
    @Test(arguments: [
        ("", "6:5 identity_providers[0]: nothing says who the identity provider is"),
        ("metadata: no.xml", "10:15 the file does not exist"),
        ("metadata: http://sso.example.com/m", "10:15 this value is wrong"),
        ("metadata: ftp://sso.example.com/m", "10:15 this value is wrong"),
        ("metadata: [a, b]", "10:15 this value is wrong"),
        (
            "metadata: https://a.example/m\nsso_url: https://a.example/s\ncertificates: good.pem",
            "11:5 identity_providers[0]: sso_url is given beside metadata, which says it already|"
                + "12:5 identity_providers[0]: certificates is given beside metadata, which says it already"
        ),
        (
            "entity_id: urn:a",
            "6:5 identity_providers[0]: sso_url is missing|6:5 identity_providers[0]: certificates is missing"
        ),
        (
            "sso_url: http://a.example/s\ncertificates: [good.pem, none.pem, weak.pem, no.pem]",
            "6:5 identity_providers[0]: entity_id is missing|10:14 this value is wrong|"
                + "11:30 the file holds no certificate|11:40 the certificate's key is too weak|11:50 the file does not exist"
        ),
        (
            "entity_id: corp\nsso_url: https://a.example/s\ncertificates: good.pem", "10:16 this value is wrong"
        ),
        (
            "entity_id: urn:a\nsso_url: https://a.example/s\ncertificates: good.pem\nmetadata_certificates: good.pem",
            "13:5 identity_providers[0]: metadata_certificates without metadata"
        ),
        (
            "metadata: https://a.example/m\nissuer: https://a.example\nclient_id: c\nclient_secret_file: hunter2",
            "11:5 identity_providers[0]: issuer is a key of type: oidc, and this is type: saml|"
                + "12:5 identity_providers[0]: client_id is a key of type: oidc, and this is type: saml|"
                + "13:5 identity_providers[0]: client_secret_file is a key of type: oidc, and this is type: saml"
        ),
        ("metadata: https://a.example/m\nname_id: x", "11:5 unknown key \"name_id\" in identity_providers[0]"),
        ("metadata: https://a.example/m\nname_id_format: persistant", "11:21 this value is wrong"),
        ("metadata: https://a.example/m\nname_id_format: \"urn:a b\"", "11:21 this value is wrong"),
        (
            "metadata: https://a.example/m\nattributes: { mail: mail, groups: [] }",
            "11:19 unknown key \"mail\" in identity_providers[0].attributes|11:39 this list is empty"
        ),
        (
            "metadata: https://a.example/m\nmfa: { amr: mfa }",
            "11:10 identity_providers[0].mfa: authn_context is missing|"
                + "11:12 identity_providers[0].mfa: amr is a key of type: oidc, and this is type: saml"
        ),
        ("metadata: https://a.example/m\nidp_initiated: true", "11:20 this value is wrong"),
        (
            "metadata: https://a.example/m\nallow_sha1: yes\nallow_cbc: 1\nrequire_encrypted_assertions: on",
            "11:17 this value is wrong|12:16 this value is wrong|13:35 this value is wrong"
        ),
    ])
    func `refuses each wrong thing at its place`(_ keys: String, _ errors: String) throws {
        let result = try Self.load(keys)
        #expect(result.errors == errors.split(separator: "|").map(String.init))
        #expect(!result.printed.contains("hunter2"))
    }

    @Test func `is suggested the nearest key and type`() throws {
        #expect(
            try Self.load("metadata: https://a.example/m\nmetadata_certificate: good.pem").diagnostics.map(\.suggestion)
                == ["metadata_certificates"])
        #expect(
            try Self.load("metadata: https://a.example/m\nidp_initiated: greets").diagnostics.map(\.suggestion)
                == ["greet"])
    }

    /// Nothing but its keys says which type it is: still one run finds all that is wrong.
    @Test func `without its type is known by its keys`() {
        let text = Self.head + "  - { id: corp, name: C, domains: [a.example], metadata: no.xml, entity: x }"
        let errors = ServerConfiguration.load(
            path: "f", files: files(["f": text, "policy.yaml": ""]), now: 0
        ).errors
        #expect(
            errors == [
                "6:5 identity_providers[0]: type is missing", "6:58 the file does not exist",
                "6:66 unknown key \"entity\" in identity_providers[0]",
            ])
    }

    @Test func `of OpenID Connect does not take its keys`() throws {
        let text = Samples.small.replacing(
            "issuer:", with: "entity_id: urn:a\n    mfa: { authn_context: a }\n    issuer:")
        #expect(
            Samples.load(text).errors == [
                "9:5 identity_providers[0]: entity_id is a key of type: saml, and this is type: oidc",
                "10:10 mfa names no values",
                "10:12 identity_providers[0].mfa: authn_context is a key of type: saml, and this is type: oidc",
            ])
    }

    @Test func `may be shown a key of the administrator's`() throws {
        let metadata = "metadata: https://a.example/m\n"
        func result(
            _ key: String, _ certificate: String, mode: UInt32 = 0o600
        ) throws -> Result<ServerConfiguration, InvalidConfiguration> {
            let made = try Self.made.get()
            let text =
                Self.head + Self.provider + "    " + metadata
                + "saml: { key_file: \(key), certificate_file: \(certificate) }"
            return ServerConfiguration.load(
                path: "/etc/z.yaml",
                files: files(
                    [
                        "/etc/z.yaml": text, "/etc/policy.yaml": "", "/etc/key.pem": made.key,
                        "/etc/good.pem": made.good.pem, "/etc/weak.pem": made.weak.pem,
                        "/etc/old.pem": made.expired.pem,
                    ], modes: ["/etc/key.pem": mode]), now: Self.now)
        }
        let loaded = try result("key.pem", "good.pem").get()
        #expect(loaded.samlKey?.key == "/etc/key.pem" && loaded.samlKey?.certificate == "/etc/good.pem")
        #expect(try result("key.pem", "old.pem").get().warnings.count == 1)
        #expect(try result("good.pem", "good.pem").errors == ["11:19 the file holds no private key that can be used"])
        #expect(try result("key.pem", "key.pem").errors == ["11:46 the file holds no certificate"])
        #expect(try result("no.pem", "good.pem").errors == ["11:19 the file does not exist"])
        #expect(try result("key.pem", "good.pem", mode: 0o640).errors == ["11:19 others may read the private key"])
        #expect(
            try result("key.pem", "weak.pem").errors == [
                "11:46 the certificate's key is too weak", "11:46 saml: the certificate is not of the key in key_file",
            ])
    }
}
