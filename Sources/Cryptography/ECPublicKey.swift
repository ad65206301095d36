/// An elliptic-curve public key for ECDSA: a point known to lie on its curve.
///
/// Source: RFC 7518 §3.4, §6.2; FIPS 186-5 §6.
package struct ECPublicKey: Sendable {
    package enum Curve: Hashable, Sendable, CaseIterable {
        case p256, p384

        /// Octets of a coordinate, and of each half of a signature.
        package var size: Int {
            switch self {
            case .p256: 32
            case .p384: 48
            }
        }

        /// JWS binds a digest to each curve: ES256 is P-256 with SHA-256, ES384 is P-384 with SHA-384.
        package var digest: SignatureDigest {
            switch self {
            case .p256: .sha256
            case .p384: .sha384
            }
        }

        fileprivate var groupName: StaticString {
            switch self {
            case .p256: "P-256"
            case .p384: "P-384"
            }
        }
    }

    package let curve: Curve
    private let key: OpenSSLPublicKey

    /// Coordinates big-endian and of full length (RFC 7518 §6.2.1.2). Errors: `invalidKey`.
    package init(curve: Curve, x: [UInt8], y: [UInt8]) throws(CryptographyError) {
        guard x.count == curve.size, y.count == curve.size else { throw .invalidKey }
        self.curve = curve
        key = try OpenSSLPublicKey(ecGroup: curve.groupName, point: [4] + x + y)
    }

    /// Takes the JOSE form `r ‖ s`, each of exactly the curve's size. Source: RFC 7518 §3.4.
    package func isValidSignature(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        guard signature.count == 2 * curve.size else { return false }
        let content = Self.integer(signature.prefix(curve.size)) + Self.integer(signature.suffix(curve.size))
        // At most 2 × (2 + 49) octets, so the length always fits the short form of X.690 §8.1.3.4.
        let sequence = [0x30, UInt8(truncatingIfNeeded: content.count)] + content
        return key.verifies(sequence, for: message, digest: curve.digest, padding: .none)
    }

    /// A DER INTEGER: minimal, never negative. Source: X.690 §8.3.
    private static func integer(_ magnitude: ArraySlice<UInt8>) -> [UInt8] {
        var octets = Array(magnitude.drop { $0 == 0 })
        if (octets.first ?? 0x80) & 0x80 != 0 { octets.insert(0, at: 0) }
        return [0x02, UInt8(truncatingIfNeeded: octets.count)] + octets
    }
}
