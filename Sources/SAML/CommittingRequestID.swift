package import Cryptography
package import Identity

/// The `ID` of an AuthnRequest that commits a sign-in to one device key: the provider signs it back as `InResponseTo`.
///
/// `_` and the commitment in hexadecimal, 65 characters; keep `randomBytes` with the session, so that anyone can check the
/// evidence later. Source: DESIGN §3; SAML Core 2.0 §1.3.4.
package struct CommittingRequestID: Hashable, Sendable {
    package static let randomByteCount = SignInCommitment.randomByteCount

    package let text: String
    package let randomBytes: [UInt8]

    /// Nil unless there are exactly 32 random bytes.
    package init?(device: DeviceID, randomBytes: [UInt8]) {
        guard let commitment = SignInCommitment(deviceThumbprint: device.thumbprint, randomBytes: randomBytes) else {
            return nil
        }
        self.randomBytes = randomBytes
        text = "_" + Hexadecimal.encode(commitment.digest)
    }
}

/// Identifiers of messages that commit to nothing: logout, and sign-ins of the administrators' test.
package enum MessageID {
    /// `_` and 128 random bits in hexadecimal. Source: SAML Core 2.0 §1.3.4.
    package static func make(from randomness: Randomness) -> String { "_" + Hexadecimal.encode(randomness.bytes(16)) }
}
