package import Cryptography
package import Identity

/// The `nonce` that commits a sign-in to one device key: the provider signs it back inside the ID token.
///
/// The commitment in base64url; keep `randomBytes` with the session, so that anyone can check the evidence later.
/// Source: DESIGN §3; OpenID Connect Core 1.0 §3.1.2.1, §15.5.2.
package struct CommittingNonce: Hashable, Sendable {
    package static let randomByteCount = SignInCommitment.randomByteCount

    package let text: String
    package let randomBytes: [UInt8]

    /// Nil unless there are exactly 32 random bytes.
    package init?(device: DeviceID, randomBytes: [UInt8]) {
        guard let commitment = SignInCommitment(deviceThumbprint: device.thumbprint, randomBytes: randomBytes) else {
            return nil
        }
        self.randomBytes = randomBytes
        text = Base64URL.encode(commitment.digest)
    }
}

/// Proof Key for Code Exchange, method S256: 32 random bytes, so the verifier has 43 characters.
///
/// Source: RFC 7636 §4.1, §4.2.
package struct ProofKey: Hashable, Sendable {
    package let verifier: String

    package init(from randomness: Randomness) { verifier = randomness.token(32) }

    /// A verifier that was kept with the sign-in.
    package init(verifier: String) { self.verifier = verifier }

    package var challenge: String { Base64URL.encode(Digest.sha256(verifier)) }
}
