internal import Cryptography
internal import Identity
internal import Sessions
internal import StrictJSON

/// A successful token response. Source: RFC 6749 §5.1, RFC 9449 §5 (`token_type` DPoP).
struct GrantedTokens: Sendable {
    let accessToken: String
    let refreshToken: String
    let expiresIn: Int
    let session: Session

    init(session: Session, generation: Int, services: GatewayServices, issuer: String, now: Int) throws {
        let expiresAt = min(now + AccessToken.lifetime, session.expiresAt)
        let token = AccessToken(
            issuer: issuer, session: session.id, person: session.person, device: session.device, expiresAt: expiresAt)
        accessToken = try token.signed(by: services.signer, id: services.randomness.token(16), now: now)
        refreshToken =
            RefreshToken(
                session: session.id, generation: generation, key: services.secrets.refreshTokenKey
            ).text
        expiresIn = expiresAt - now
        self.session = session
    }

    var json: JSON {
        [
            "access_token": .string(accessToken), "token_type": "DPoP", "expires_in": .integer(expiresIn),
            "refresh_token": .string(refreshToken), "session_id": .string(session.id.text),
            "session_expires_at": .integer(session.expiresAt),
        ]
    }
}
