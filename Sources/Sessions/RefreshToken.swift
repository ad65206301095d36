package import Cryptography
package import Identity

/// A refresh token: the session's name and a code only we can make, `SESSION.CODE` (22 + 1 + 43 characters).
///
/// It is derived, so that nothing needs to be stored to hand the same one out twice, and only its hash is kept.
package struct RefreshToken: Hashable, Sendable {
    package let text: String
    package let session: SessionID

    package init(session: SessionID, generation: Int, key: borrowing SecretBytes) {
        let message = Array("ztna-refresh-v1 \(session.text) \(generation)".utf8)
        let code = key.withBytes { Digest.hmacSHA256(message, key: $0) }
        self.session = session
        text = session.text + "." + Base64URL.encode(code)
    }

    /// The shape alone; whether it is current is for `RefreshState` to say.
    package init?(received text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].utf8.count == 43, let session = SessionID(String(parts[0])) else { return nil }
        self.text = text
        self.session = session
    }

    package var hash: [UInt8] { Digest.sha256(text) }
}
