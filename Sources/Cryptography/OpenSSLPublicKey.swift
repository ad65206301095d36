internal import COpenSSL

/// The digests of JWS signatures. Source: RFC 7518 §3.1.
package enum SignatureDigest: Hashable, Sendable, CaseIterable {
    case sha256, sha384, sha512
}

/// One immutable `EVP_PKEY` holding a public key. OpenSSL allows concurrent verification with one key.
///
/// Nothing outside this file sees a pointer. Source: OpenSSL 3.0 EVP_PKEY_fromdata(3), EVP_DigestVerifyInit(3).
final class OpenSSLPublicKey: @unchecked Sendable {
    enum Padding { case none, pkcs1, pss }

    private let key: OpaquePointer

    /// Big-endian magnitudes; the caller has checked their sizes.
    init(rsaModulus modulus: [UInt8], exponent: [UInt8]) throws(CryptographyError) {
        guard let n = BN_bin2bn(modulus, Int32(modulus.count), nil) else { throw .invalidKey }
        defer { BN_free(n) }
        guard let e = BN_bin2bn(exponent, Int32(exponent.count), nil) else { throw .invalidKey }
        defer { BN_free(e) }
        let made = Self.make("RSA") { builder in
            OSSL_PARAM_BLD_push_BN(builder, Self.name("n"), n) == 1
                && OSSL_PARAM_BLD_push_BN(builder, Self.name("e"), e) == 1
        }
        guard let made else { throw .invalidKey }
        key = made
    }

    /// An uncompressed point (`04 ‖ x ‖ y`), refused unless it lies on `group`.
    init(ecGroup group: StaticString, point: [UInt8]) throws(CryptographyError) {
        let made = point.withUnsafeBytes { octets in
            Self.make("EC") { builder in
                OSSL_PARAM_BLD_push_utf8_string(builder, Self.name("group"), Self.name(group), 0) == 1
                    && OSSL_PARAM_BLD_push_octet_string(builder, Self.name("pub"), octets.baseAddress, octets.count)
                        == 1
            }
        }
        guard let made else { throw .invalidKey }
        key = made
        guard Self.isOnItsCurve(made) else { throw .invalidKey }
    }

    func verifies(_ signature: [UInt8], for message: [UInt8], digest: SignatureDigest, padding: Padding) -> Bool {
        defer { ERR_clear_error() }
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        var keyContext: OpaquePointer?
        guard EVP_DigestVerifyInit(context, &keyContext, digest.openSSL, nil, key) == 1 else {
            return false
        }
        switch padding {
        case .none: break
        case .pkcs1:
            guard EVP_PKEY_CTX_set_rsa_padding(keyContext, RSA_PKCS1_PADDING) == 1 else { return false }
        case .pss:
            // RFC 7518 §3.5: MGF1 with the same digest (OpenSSL's default), salt as long as the digest.
            guard EVP_PKEY_CTX_set_rsa_padding(keyContext, RSA_PKCS1_PSS_PADDING) == 1,
                EVP_PKEY_CTX_set_rsa_pss_saltlen(keyContext, RSA_PSS_SALTLEN_DIGEST) == 1
            else { return false }
        }
        return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    deinit { EVP_PKEY_free(key) }

    /// The builder keeps the pointers it is given until it is done, so names must be static.
    private static func name(_ text: StaticString) -> UnsafePointer<CChar> {
        UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    private static func make(_ type: String, _ push: (OpaquePointer) -> Bool) -> OpaquePointer? {
        defer { ERR_clear_error() }
        guard let builder = OSSL_PARAM_BLD_new() else { return nil }
        defer { OSSL_PARAM_BLD_free(builder) }
        guard push(builder), let parameters = OSSL_PARAM_BLD_to_param(builder) else { return nil }
        defer { OSSL_PARAM_free(parameters) }
        guard let context = EVP_PKEY_CTX_new_from_name(nil, type, nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var made: OpaquePointer?
        guard EVP_PKEY_fromdata_init(context) == 1,
            EVP_PKEY_fromdata(context, &made, ztna_EVP_PKEY_PUBLIC_KEY, parameters) == 1
        else { return nil }
        return made
    }

    private static func isOnItsCurve(_ key: OpaquePointer) -> Bool {
        defer { ERR_clear_error() }
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, key, nil) else { return false }
        defer { EVP_PKEY_CTX_free(context) }
        return EVP_PKEY_public_check(context) == 1
    }
}

extension SignatureDigest {
    var openSSL: OpaquePointer? {
        switch self {
        case .sha256: EVP_sha256()
        case .sha384: EVP_sha384()
        case .sha512: EVP_sha512()
        }
    }
}
