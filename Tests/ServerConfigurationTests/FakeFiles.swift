import IdentityProviders
import OpenIDConnect
import SAML
import ServerConfiguration

/// Files and environment that exist only in a test.
func files(
    _ texts: [String: String], modes: [String: UInt32] = [:], environment: [String: String] = [:]
) -> Files {
    files(bytes: texts.mapValues { Array($0.utf8) }, modes: modes, environment: environment)
}

func files(
    bytes: [String: [UInt8]], modes: [String: UInt32] = [:], environment: [String: String] = [:]
) -> Files {
    Files(
        read: { path, maximum in
            guard let content = bytes[path] else { return .failure(.notFound) }
            return content.count > maximum ? .failure(.tooLarge) : .success(content)
        },
        mode: { modes[$0] ?? (bytes[$0] == nil ? nil : 0o600) }, environment: { environment[$0] })
}

extension Result where Failure == InvalidConfiguration {
    var diagnostics: [Diagnostic] { if case .failure(let invalid) = self { invalid.diagnostics } else { [] } }
    /// "line:column message".
    var errors: [String] { diagnostics.map { "\($0.line):\($0.column) \($0.message)" } }
    /// All that a person would see.
    var printed: String { if case .failure(let invalid) = self { invalid.description } else { "" } }
}

extension IdentityProvider {
    var openIDConnect: ProviderConfiguration? { if case .openIDConnect(let provider) = self { provider } else { nil } }
    var saml: SAMLProviderConfiguration? { if case .saml(let provider) = self { provider } else { nil } }
}

enum Samples {
    /// A good file on loopback: the least that there can be.
    static let small = """
        server: { url: "http://127.0.0.1:8443" }
        organisation: Example Corp
        state: state
        policy: policy.yaml
        identity_providers:
          - id: corp
            name: Example SSO
            type: oidc
            issuer: https://sso.example.com
            client_id: ztna
            client_secret_file: secret.txt
            domains: [example.com]
        """

    static let policy = """
        rules:
          - { name: a, source: "group:dba", destination: "tag:prod-db", allow: tcp/5432 }
        """

    static func load(
        _ text: String, mode: UInt32 = 0o644, environment: [String: String] = [:]
    ) -> Result<ServerConfiguration, InvalidConfiguration> {
        ServerConfiguration.load(
            path: "ztna.yaml",
            files: files(
                [
                    "ztna.yaml": text, "policy.yaml": policy, "secret.txt": "hunter2\n", "empty.txt": "\n",
                    "ca.pem": "PEM",
                ],
                modes: ["ztna.yaml": mode], environment: environment), now: 0)
    }
}
