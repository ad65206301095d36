/// An RSA public key for verifying signatures: a modulus of 2,048…8,192 bits, an odd exponent of 65,537…2⁶⁴−1.
///
/// Source: RFC 8017 §3.1; RFC 7518 §3.3 (2,048 bits or larger); NIST SP 800-56B §6.2 (the exponent).
package struct RSAPublicKey: Sendable {
    package enum Algorithm: Hashable, Sendable {
        /// RSASSA-PKCS1-v1_5, RFC 8017 §8.2.
        case pkcs1(SignatureDigest)
        /// RSASSA-PSS with MGF1 of the same digest and a salt of its length, RFC 8017 §8.1.
        case pss(SignatureDigest)
    }

    package let modulusBits: Int
    private let key: OpenSSLPublicKey

    /// Big-endian; leading zero octets are ignored, since some providers send one. Errors: `invalidKey`.
    package init(modulus: [UInt8], exponent: [UInt8]) throws(CryptographyError) {
        let modulus = Array(modulus.drop { $0 == 0 })
        let exponent = Array(exponent.drop { $0 == 0 })
        guard let first = modulus.first, let last = modulus.last, exponent.count <= 8 else { throw .invalidKey }
        modulusBits = modulus.count * 8 - first.leadingZeroBitCount
        let exponentValue = exponent.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard (2_048...8_192).contains(modulusBits), last & 1 == 1, exponentValue >= 65_537, exponentValue & 1 == 1
        else { throw .invalidKey }
        key = try OpenSSLPublicKey(rsaModulus: modulus, exponent: exponent)
    }

    /// A signature is exactly as long as the modulus (RFC 8017 §8.2.2 step 1).
    package func isValidSignature(_ signature: [UInt8], for message: [UInt8], algorithm: Algorithm) -> Bool {
        guard signature.count == (modulusBits + 7) / 8 else { return false }
        return switch algorithm {
        case .pkcs1(let digest): key.verifies(signature, for: message, digest: digest, padding: .pkcs1)
        case .pss(let digest): key.verifies(signature, for: message, digest: digest, padding: .pss)
        }
    }
}
