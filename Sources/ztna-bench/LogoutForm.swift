import Cryptography
import Gateway
import StrictJSON
import Walkthrough

/// What the identity provider posts when somebody's sign-in there is over. Source: OpenID Connect Back-Channel Logout 1.0 §2.4.
struct LogoutForm {
    let bytes: [UInt8]

    init(_ number: Int, server: BenchServer) throws {
        let now = server.clock.now
        let header: JSON = [
            "alg": .string(server.tokenSigner.algorithm), "kid": .string(server.tokenSigner.keyID), "typ": "logout+jwt",
        ]
        let claims: JSON = [
            "iss": .string(BenchServer.issuer), "aud": "ztna", "iat": .integer(now), "exp": .integer(now + 120),
            "jti": .string(Randomness.system.token(8)), "sub": .string("person-\(number)"),
            "events": ["http://schemas.openid.net/event/backchannel-logout": [:]],
        ]
        let input = Base64URL.encode(header.encoded()) + "." + Base64URL.encode(claims.encoded())
        let signature = try server.tokenSigner.sign(Array(input.utf8))
        bytes = Array("logout_token=\(input).\(Base64URL.encode(signature))".utf8)
    }

    func post(to server: BenchServer) async throws {
        let answer = try await server.responder.answer(
            method: "POST", target: "/oidc/backchannel-logout/corp",
            headers: [("content-type", "application/x-www-form-urlencoded")], body: bytes, address: "192.0.2.1")
        guard answer.status == 200 else {
            throw BenchError.failed("logout: \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
        }
    }
}
