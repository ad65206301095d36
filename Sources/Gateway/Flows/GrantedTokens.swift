internal import Cryptography
internal import Identity
internal import Sessions
internal import StrictJSON

/// A successful token response. Source: RFC 6749 §5.1, RFC 9449 §5 (`token_type` DPoP).
struct GrantedTokens: Sendable {
    let accessToken: String
    /// Nil after a renewal: the session goes on with the one that its device has.
    let refreshToken: String?
    let expiresIn: Int
    let session: Session

    init(session: Session, generation: Int?, services: GatewayServices, issuer: String, now: Int) throws {
        let expiresAt = min(now + AccessToken.lifetime, session.expiresAt)
        let token = AccessToken(
            issuer: issuer, session: session.id, person: session.person, device: session.device, expiresAt: expiresAt)
        accessToken = try token.signed(by: services.signer, id: services.randomness.token(16), now: now)
        refreshToken = generation.map { generation in
            RefreshToken(session: session.id, generation: generation, key: services.secrets.refreshTokenKey).text
        }
        expiresIn = expiresAt - now
        self.session = session
    }

    var json: JSON {
        var members: [String: JSON] = [
            "access_token": .string(accessToken), "token_type": "DPoP", "expires_in": .integer(expiresIn),
            "session_id": .string(session.id.text), "session_expires_at": .integer(session.expiresAt),
        ]
        if let refreshToken {
            members["refresh_token"] = .string(refreshToken)
        } else {
            // What the device can tell by that the renewal has come through.
            members["renewed"] = true
            if let mfaAt = session.mfaAt { members["mfa_at"] = .integer(mfaAt) }
        }
        return .object(members)
    }
}
