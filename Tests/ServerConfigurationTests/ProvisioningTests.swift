import Identity
import IdentityProviders
import ServerConfiguration
import Testing

@Suite struct `SCIM in the configuration file` {
    private static func load(_ scim: String) -> Result<ServerConfiguration, InvalidConfiguration> {
        let text = """
            server: { url: "https://ztna.example.com" }
            organisation: Example Corp
            state: state
            policy: policy.yaml
            identity_providers:
              - id: corp
                name: Example SSO
                type: oidc
                domains: [example.com]
                issuer: https://login.example.com
                client_id: ztna
                token_endpoint_auth_method: none
                \(scim)
            """
        return ServerConfiguration.load(
            path: "ztna.yaml", files: files(["ztna.yaml": text, "policy.yaml": ""]), now: 0)
    }

    @Test(arguments: [
        ("scim: {}", ProvisioningConfiguration()), ("scim: { enabled: true }", ProvisioningConfiguration()),
        ("scim: { enabled: false, strict: true }", nil), ("", nil),
        (
            "scim: { strict: true, hold_removals_above: 20%, put_without_members: clear }",
            ProvisioningConfiguration(isStrict: true, holdRemovalsAbove: 20, omittedMembers: .clear)
        ),
        ("scim: { groups: sign-in }", ProvisioningConfiguration(groups: .signIn)),
        (
            "scim: { match: [externalId = oid, \"userName=email\"] }",
            ProvisioningConfiguration(matches: [.init(.externalId, .directoryID), .init(.userName, .email)])
        ),
    ])
    func `is read`(_ scim: String, _ expected: ProvisioningConfiguration?) throws {
        let configuration = try Self.load(scim).get()
        #expect(configuration.providers.map(\.provisioning) == [expected])
    }

    @Test(arguments: [
        "scim: on", "scim: { enabled: yes }", "scim: { match: [] }", "scim: { match: [externalId] }",
        "scim: { match: [externalId = phone] }", "scim: { match: [a = b = c] }", "scim: { token: secret }",
        "scim: { hold_removals_above: 0% }", "scim: { hold_removals_above: 100% }", "scim: { hold_removals_above: 20 }",
        "scim: { put_without_members: drop }", "scim: { groups: token }",
    ])
    func `is refused where it is wrong`(_ scim: String) {
        #expect(throws: InvalidConfiguration.self) { try Self.load(scim).get() }
    }
}
