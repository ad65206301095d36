internal import COpenSSL

/// An RSA key that signs: the server's own SAML key, and the keys of the identity providers of tests and the bench.
///
/// Nothing outside this module sees a pointer. OpenSSL allows concurrent signing with one key, and wipes it when it ends.
/// Source: RFC 8017 §8.2.1; OpenSSL 3.0 EVP_PKEY_keygen(3), EVP_DigestSignInit(3).
package final class RSAPrivateKey: @unchecked Sendable {
    /// Big-endian, without leading zeros.
    package let modulus: [UInt8]
    package let exponent: [UInt8]
    let key: OpaquePointer

    /// Makes a new key with the exponent 65,537. Errors: `invalidKey`.
    package convenience init(bits: Int = 2048) throws(CryptographyError) {
        defer { ERR_clear_error() }
        guard let bits = Int32(exactly: bits), let context = EVP_PKEY_CTX_new_from_name(nil, "RSA", nil) else {
            throw .invalidKey
        }
        defer { EVP_PKEY_CTX_free(context) }
        var made: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits) == 1,
            EVP_PKEY_generate(context, &made) == 1, let made
        else { throw .invalidKey }
        try self.init(taking: made)
    }

    /// Reads an unencrypted PEM file, PKCS#8 or PKCS#1, of 2,048…8,192 bits. Errors: `invalidKey`.
    package convenience init(pem: UnsafeRawBufferPointer) throws(CryptographyError) {
        defer { ERR_clear_error() }
        guard let length = Int32(exactly: pem.count), let memory = BIO_new_mem_buf(pem.baseAddress, length) else {
            throw .invalidKey
        }
        defer { BIO_free(memory) }
        // Nobody is asked for the passphrase of an encrypted key.
        guard let read = PEM_read_bio_PrivateKey(memory, nil, { _, _, _, _ in -1 }, nil) else { throw .invalidKey }
        guard EVP_PKEY_get_base_id(read) == EVP_PKEY_RSA, (2_048...8_192).contains(EVP_PKEY_get_bits(read)) else {
            EVP_PKEY_free(read)
            throw .invalidKey
        }
        try self.init(taking: read)
    }

    private init(taking made: OpaquePointer) throws(CryptographyError) {
        guard let modulus = Self.number("n", of: made), let exponent = Self.number("e", of: made) else {
            EVP_PKEY_free(made)
            throw .invalidKey
        }
        key = made
        self.modulus = modulus
        self.exponent = exponent
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

    /// Lends the key as unencrypted PKCS#8 PEM to whoever writes it down; the text is wiped afterwards.
    /// Errors: `invalidKey`.
    package func withPEM<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        defer { ERR_clear_error() }
        // A memory BIO clears its buffer when it is freed.
        guard let memory = BIO_new(BIO_s_mem()) else { throw CryptographyError.invalidKey }
        defer { BIO_free(memory) }
        guard PEM_write_bio_PKCS8PrivateKey(memory, key, nil, nil, 0, nil, nil) == 1 else {
            throw CryptographyError.invalidKey
        }
        return try withContents(of: memory) { bytes in Swift.Result { try body(bytes) } }.get()
    }

    /// Whether the certificate speaks of this key.
    package func belongs(to certificate: X509Certificate) -> Bool {
        defer { ERR_clear_error() }
        return certificate.publicKey.withUnsafeBufferPointer { bytes in
            var next = bytes.baseAddress
            guard let other = d2i_PUBKEY(nil, &next, bytes.count) else { return false }
            defer { EVP_PKEY_free(other) }
            return EVP_PKEY_eq(key, other) == 1
        }
    }

    deinit { EVP_PKEY_free(key) }

    private static func number(_ name: String, of key: OpaquePointer) -> [UInt8]? {
        defer { ERR_clear_error() }
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(key, name, &number) == 1, let number else { return nil }
        defer { BN_free(number) }
        var octets = [UInt8](repeating: 0, count: Int((BN_num_bits(number) + 7) / 8))
        return BN_bn2bin(number, &octets) == Int32(octets.count) ? octets : nil
    }
}
