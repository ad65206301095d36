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

    /// Those of one slot: what is handed out in it, and what is good in it.
    package struct InForce: Sendable {
        package let slot: Int
        package let current: String
        private let former: String

        fileprivate init(slot: Int, current: String, former: String) {
            self.slot = slot
            self.current = current
            self.former = former
        }

        /// This slot's or the one before: a nonce is good for two to four minutes.
        package func isValid(_ nonce: String) -> Bool {
            let received = Array(nonce.utf8)
            return constantTimeEqual(received, Array(current.utf8)) || constantTimeEqual(received, Array(former.utf8))
        }
    }

    package static func slot(now: Int) -> Int { now / slotSeconds }

    package borrowing func inForce(slot: Int) -> InForce {
        InForce(slot: slot, current: nonce(slot: slot), former: nonce(slot: slot - 1))
    }

    private borrowing func nonce(slot: Int) -> String {
        let code = key.withBytes { Digest.hmacSHA256(Array("ztna-dpop-nonce \(slot)".utf8), key: $0) }
        return Base64URL.encode(code.prefix(18))
    }
}
