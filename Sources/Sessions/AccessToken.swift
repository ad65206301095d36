package import Cryptography
package import Identity
package import SignedDocuments
internal import StrictJSON

/// A short-lived access token, bound to the device key. Source: RFC 9068 (claims), RFC 9449 §6.1 (`cnf.jkt`).
package struct AccessToken: Hashable, Sendable {
    package static let lifetime = 300

    package let issuer: String
    package let session: SessionID
    package let person: PersonID
    package let device: DeviceID
    package let expiresAt: Int

    package init(issuer: String, session: SessionID, person: PersonID, device: DeviceID, expiresAt: Int) {
        self.issuer = issuer
        self.session = session
        self.person = person
        self.device = device
        self.expiresAt = expiresAt
    }

    package func signed(by signer: any Signer, id: String, now: Int) throws -> String {
        let claims: JSON = [
            "iss": .string(issuer), "aud": .string(issuer), "sub": .string(person.text), "sid": .string(session.text),
            "client_id": "ztna-agent", "iat": .integer(now), "exp": .integer(expiresAt), "jti": .string(id),
            "cnf": ["jkt": .string(device.thumbprint)],
        ]
        return try SignedDocument.sign(
            claims, type: .accessToken, by: signer, header: ["kid": .string(signer.publicKey.thumbprint)])
    }

    /// Errors: as `SignedDocument.verify` and `Validity`; `claim("iss")`, `claim("aud")` and the like.
    package init(
        verifying text: String, issuer: String, keys: [String: Ed25519PublicKey], now: Int
    ) throws(DocumentError) {
        let claims = try SignedDocument.verify(text, type: .accessToken, keys: keys)
        let validity = try Validity(checking: claims, now: now)
        func required<Value>(_ name: String, _ value: Value?) throws(DocumentError) -> Value {
            guard let value else { throw .claim(name) }
            return value
        }
        guard claims.members["iss"]?.stringValue == issuer else { throw .claim("iss") }
        guard claims.members["aud"]?.stringValue == issuer else { throw .claim("aud") }
        self.issuer = issuer
        session = try required("sid", claims.members["sid"]?.stringValue.flatMap { SessionID($0) })
        person = try required("sub", claims.members["sub"]?.stringValue.flatMap { PersonID($0) })
        let thumbprint = claims.members["cnf"]?.objectValue?["jkt"]?.stringValue
        device = try required("cnf", thumbprint.flatMap { DeviceID($0) })
        expiresAt = validity.expiresAt
    }
}
