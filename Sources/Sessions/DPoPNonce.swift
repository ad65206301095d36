package import Cryptography

/// Server nonces for DPoP: each names a two-minute slot, under a key that lives as long as this process.
///
/// Stateless, and because a proof must carry one, a proof made for another process, or for this one before a restart,
/// is worth nothing here: the replay store may live in memory. Source: RFC 9449 §8, §11.1.
package struct DPoPNonces: ~Copyable, Sendable {
    package static let slotSeconds = 120
    private let key: SecretBytes

    package init(from randomness: Randomness) throws(CryptographyError) {
        var bytes = randomness.bytes(32)
        key = try SecretBytes(taking: &bytes)
    }

    package borrowing func current(now: Int) -> String { nonce(slot: now / Self.slotSeconds) }

    /// This slot's or the one before: a nonce is good for two to four minutes.
    package borrowing func isValid(_ nonce: String, now: Int) -> Bool {
        let slot = now / Self.slotSeconds
        let received = Array(nonce.utf8)
        return constantTimeEqual(received, Array(self.nonce(slot: slot).utf8))
            || constantTimeEqual(received, Array(self.nonce(slot: slot - 1).utf8))
    }

    private borrowing func nonce(slot: Int) -> String {
        let code = key.withBytes { Digest.hmacSHA256(Array("ztna-dpop-nonce \(slot)".utf8), key: $0) }
        return Base64URL.encode(code.prefix(18))
    }
}
