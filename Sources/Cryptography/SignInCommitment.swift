/// What ties a sign-in to one device key: a hash that the identity provider signs back.
///
/// OpenID Connect carries it as `nonce`, SAML as the request's `ID`. Keep `randomBytes` with the session, so that anyone
/// can check the evidence later. SHA-256 over:
///
/// ```
/// //  0                13                    56                  88
/// //  ├ "ztna-login-v1" ┼ device key's jkt ───┼ random ──────────┤   jkt: 43 base64url characters, as in RFC 9449
/// ```
/// Source: DESIGN §3.
package struct SignInCommitment: Hashable, Sendable {
    package static let randomByteCount = 32

    /// 32 bytes.
    package let digest: [UInt8]
    package let randomBytes: [UInt8]

    /// Nil unless the thumbprint has 43 characters and there are exactly 32 random bytes.
    package init?(deviceThumbprint: String, randomBytes: [UInt8]) {
        guard deviceThumbprint.utf8.count == 43, randomBytes.count == Self.randomByteCount else { return nil }
        self.randomBytes = randomBytes
        digest = Digest.sha256(Array("ztna-login-v1".utf8) + Array(deviceThumbprint.utf8) + randomBytes)
    }
}
