internal import Cryptography
internal import WebAddresses

/// The exchange of a code for tokens: a POST of `form` to the token endpoint, with `authorization` as its header.
///
/// Both may hold the client secret, so neither the value nor a log line prints them.
/// Source: RFC 6749 §4.1.3, §2.3.1; RFC 7636 §4.5; OpenID Connect Core 1.0 §3.1.3.1.
package struct TokenRequest: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package static let contentType = "application/x-www-form-urlencoded"

    /// The body.
    package let form: String
    /// The `Authorization` header's value; nil where the method sends none.
    package let authorization: String?

    /// Errors: `secretMissing` where the configured method needs one.
    package init(
        code: String, redirectURI: String, proofKey: ProofKey, configuration: ProviderConfiguration
    ) throws(TokenResponseError) {
        var items: [FormEncoding.Item] = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectURI),
            ("code_verifier", proofKey.verifier),
        ]
        switch configuration.tokenEndpointAuthMethod {
        case .clientSecretBasic:
            guard let secret = configuration.clientSecret else { throw .secretMissing }
            authorization = Self.basic(clientID: configuration.clientID, secret: secret)
        case .clientSecretPost:
            guard let secret = configuration.clientSecret else { throw .secretMissing }
            items += [("client_id", configuration.clientID), ("client_secret", secret.text())]
            authorization = nil
        case .none:
            items.append(("client_id", configuration.clientID))
            authorization = nil
        }
        form = FormEncoding.encode(items)
    }

    package var description: String { "(token request)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// RFC 6749 §2.3.1: both halves are form-encoded first, so that a colon in either does no harm.
    private static func basic(clientID: String, secret: ClientSecret) -> String {
        let pair = FormEncoding.encode(clientID) + ":" + FormEncoding.encode(secret.text())
        return "Basic " + base64(Array(pair.utf8))
    }

    /// RFC 4648 §4, with padding.
    private static func base64(_ bytes: [UInt8]) -> String {
        let text = Base64URL.encode(bytes).map { character -> Character in
            switch character {
            case "-": "+"
            case "_": "/"
            default: character
            }
        }
        return String(text) + String(repeating: "=", count: (4 - text.count % 4) % 4)
    }
}
