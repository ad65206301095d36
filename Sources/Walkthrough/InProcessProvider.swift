package import Cryptography
internal import SignedDocuments
package import StrictJSON
internal import Synchronization

/// A small OpenID provider without sockets and without latency: signs its account in at once.
///
/// `alter` lets a test spoil the claims or header of each ID token before it is signed.
package final class InProcessProvider: Sendable {
    package struct Account: Hashable, Sendable {
        package var subject: String
        package var email: String
        package var groups: [String]

        package init(subject: String, email: String, groups: [String]) {
            self.subject = subject
            self.email = email
            self.groups = groups
        }
    }

    /// Signs the octets of an ID token: the algorithm's name, the key's JWK with its `kid`, and the signature.
    package struct TokenSigner: Sendable {
        package var algorithm: String
        package var jwk: JSON
        package var keyID: String
        package var sign: @Sendable ([UInt8]) throws -> [UInt8]

        package init(
            algorithm: String, jwk: JSON, keyID: String, sign: @escaping @Sendable ([UInt8]) throws -> [UInt8]
        ) {
            self.algorithm = algorithm
            self.jwk = jwk
            self.keyID = keyID
            self.sign = sign
        }

        package static func ed25519(_ key: Ed25519PrivateKey) -> TokenSigner {
            var jwk = key.publicKey.jwk.objectValue ?? [:]
            jwk["kid"] = .string(key.publicKey.thumbprint)
            jwk["alg"] = "EdDSA"
            return TokenSigner(
                algorithm: "EdDSA", jwk: .object(jwk), keyID: key.publicKey.thumbprint,
                sign: { try key.signature(for: $0) })
        }
    }

    private struct Grant {
        let nonce: String
        let redirectURI: String
        let account: Account
        /// The first of the contexts asked for: it is what the person gets.
        let context: String?
    }

    private struct State {
        var account: Account
        var signer: TokenSigner
        var grants: [String: Grant] = [:]
        var requests: [[String: String]] = []
        var alter: @Sendable (inout [String: JSON], inout [String: JSON]) -> Void = { _, _ in }
    }

    package let issuer: String
    private let clientID: String
    private let clock: @Sendable () -> Int
    private let randomness: Randomness
    private let state: Mutex<State>

    package init(
        issuer: String, clientID: String, account: Account, signer: TokenSigner, randomness: Randomness = .system,
        clock: @escaping @Sendable () -> Int
    ) {
        self.issuer = issuer
        self.clientID = clientID
        self.clock = clock
        self.randomness = randomness
        state = Mutex(State(account: account, signer: signer))
    }

    package func use(_ account: Account) { state.withLock { $0.account = account } }
    package func use(_ signer: TokenSigner) { state.withLock { $0.signer = signer } }

    /// The authorization requests, in order, by parameter: what was asked for (`max_age`, `acr_values`).
    package var requests: [[String: String]] { state.withLock { $0.requests } }

    /// Changes (header, claims) of the tokens to come.
    package func alter(_ change: @escaping @Sendable (inout [String: JSON], inout [String: JSON]) -> Void) {
        state.withLock { $0.alter = change }
    }

    /// Any request to the issuer's origin, from the browser or from the relying party. `account` is who sits at the
    /// browser, if not the one in use.
    package func answer(_ request: WebRequest, as account: Account? = nil) throws -> WebResponse {
        let parts = request.url.split(separator: "?", maxSplits: 1)
        let path = parts[0].dropFirst(issuer.count)
        switch path {
        case "/.well-known/openid-configuration": return json(metadata)
        case "/jwks": return json(["keys": [state.withLock { $0.signer.jwk }]])
        case "/authorize": return authorize(parts.count > 1 ? String(parts[1]) : "", account)
        case "/token": return try token(String(decoding: request.body, as: UTF8.self))
        default: return WebResponse(status: 404, headers: [], body: [])
        }
    }

    private var metadata: JSON {
        [
            "issuer": .string(issuer), "authorization_endpoint": .string(issuer + "/authorize"),
            "token_endpoint": .string(issuer + "/token"), "jwks_uri": .string(issuer + "/jwks"),
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [.string(state.withLock { $0.signer.algorithm })],
            "code_challenge_methods_supported": ["S256"], "authorization_response_iss_parameter_supported": true,
        ]
    }

    private func authorize(_ query: String, _ account: Account?) -> WebResponse {
        let values = Self.decoded(query)
        let code = randomness.token(16)
        let redirect = values["redirect_uri"] ?? ""
        let contexts = (values["acr_values"] ?? "").split(separator: " ")
        state.withLock {
            $0.requests.append(values)
            $0.grants[code] = Grant(
                nonce: values["nonce"] ?? "", redirectURI: redirect, account: account ?? $0.account,
                context: contexts.first.map(String.init))
        }
        let target = "\(redirect)?code=\(code)&state=\(values["state"] ?? "")&iss=\(Self.escaped(issuer))"
        return WebResponse(status: 303, headers: [("Location", target)], body: [])
    }

    private func token(_ form: String) throws -> WebResponse {
        let values = Self.decoded(form)
        let taken = state.withLock { state in
            (state.grants.removeValue(forKey: values["code"] ?? ""), state.signer, state.alter)
        }
        guard let grant = taken.0 else {
            return json(["error": "invalid_grant"], status: 400)
        }
        let now = clock()
        var header: [String: JSON] = ["alg": .string(taken.1.algorithm), "kid": .string(taken.1.keyID), "typ": "JWT"]
        var claims: [String: JSON] = [
            "iss": .string(issuer), "sub": .string(grant.account.subject), "aud": .string(clientID),
            "iat": .integer(now), "exp": .integer(now + 300), "auth_time": .integer(now), "nonce": .string(grant.nonce),
            "email": .string(grant.account.email), "email_verified": true, "name": .string(grant.account.subject),
            "groups": .array(grant.account.groups.map { .string($0) }), "amr": ["pwd", "mfa"],
        ]
        if let context = grant.context { claims["acr"] = .string(context) }
        taken.2(&header, &claims)
        let input =
            Base64URL.encode(JSON.object(header).encoded()) + "." + Base64URL.encode(JSON.object(claims).encoded())
        let idToken = input + "." + Base64URL.encode(try taken.1.sign(Array(input.utf8)))
        return json([
            "access_token": .string(randomness.token(16)), "token_type": "Bearer", "expires_in": 300,
            "id_token": .string(idToken),
        ])
    }

    private func json(_ json: JSON, status: Int = 200) -> WebResponse {
        WebResponse(status: status, headers: [("Content-Type", "application/json")], body: json.encoded())
    }

    private static func decoded(_ query: String) -> [String: String] {
        var result: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            result[String(parts[0])] = unescaped(parts[1])
        }
        return result
    }

    private static func unescaped(_ text: Substring) -> String {
        var output: [UInt8] = []
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: bytes.prefix(2), as: UTF8.self), radix: 16)
            {
                output.append(value)
                bytes = bytes.dropFirst(2)
            } else {
                output.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func escaped(_ text: String) -> String {
        text.replacing(":", with: "%3A").replacing("/", with: "%2F")
    }
}
