internal import COpenSSL

/// An RSA key that signs: what an identity provider has. Only for the providers of tests and the bench; no program of
/// ours holds an RSA private key.
///
/// Nothing outside this file sees a pointer. OpenSSL allows concurrent signing with one key.
/// Source: RFC 8017 §8.2.1; OpenSSL 3.0 EVP_PKEY_keygen(3), EVP_DigestSignInit(3).
package final class RSAPrivateKey: @unchecked Sendable {
    /// Big-endian, without leading zeros.
    package let modulus: [UInt8]
    package let exponent: [UInt8] = [1, 0, 1]
    private let key: OpaquePointer

    /// Makes a new key with the exponent 65,537. Errors: `invalidKey`.
    package init(bits: Int = 2048) throws(CryptographyError) {
        defer { ERR_clear_error() }
        guard let bits = Int32(exactly: bits), let context = EVP_PKEY_CTX_new_from_name(nil, "RSA", nil) else {
            throw .invalidKey
        }
        defer { EVP_PKEY_CTX_free(context) }
        var made: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits) == 1,
            EVP_PKEY_generate(context, &made) == 1, let made
        else { throw .invalidKey }
        key = made
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(made, "n", &number) == 1, let number else { throw .invalidKey }
        defer { BN_free(number) }
        var octets = [UInt8](repeating: 0, count: Int((BN_num_bits(number) + 7) / 8))
        guard BN_bn2bin(number, &octets) == Int32(octets.count) else { throw .invalidKey }
        modulus = octets
    }

    /// RSASSA-PKCS1-v1_5, as long as the modulus. Errors: `invalidKey`, when OpenSSL cannot sign.
    package func signature(for message: [UInt8], digest: SignatureDigest = .sha256) throws(CryptographyError) -> [UInt8]
    {
        defer { ERR_clear_error() }
        guard let context = EVP_MD_CTX_new() else { throw .invalidKey }
        defer { EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: modulus.count)
        var count = signature.count
        guard EVP_DigestSignInit(context, nil, digest.openSSL, nil, key) == 1,
            EVP_DigestSign(context, &signature, &count, message, message.count) == 1, count == signature.count
        else { throw .invalidKey }
        return signature
    }

    deinit { EVP_PKEY_free(key) }
}
