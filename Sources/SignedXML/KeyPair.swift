internal import CXMLSec

/// A public key or a key pair in OpenSSL's hands.
///
/// It never changes after it was read, and OpenSSL counts its references atomically: so tasks may share it.
final class KeyPair: @unchecked Sendable {
    let pointer: OpaquePointer
    let family: KeyFamily

    /// Takes over `pointer`. RSA of 2048 to 8192 bits, P-256 and P-384 only.
    init(taking pointer: OpaquePointer) throws(SignedXMLError) {
        guard let family = Self.family(pointer) else {
            EVP_PKEY_free(pointer)
            throw .weakKey
        }
        self.pointer = pointer
        self.family = family
    }

    deinit { EVP_PKEY_free(pointer) }

    private static func family(_ pointer: OpaquePointer) -> KeyFamily? {
        switch EVP_PKEY_get_base_id(pointer) {
        case EVP_PKEY_RSA: return (2048...8192).contains(EVP_PKEY_get_bits(pointer)) ? .rsa : nil
        case EVP_PKEY_EC:
            var name = [CChar](repeating: 0, count: 64)
            var count = 0
            guard EVP_PKEY_get_group_name(pointer, &name, name.count, &count) == 1 else { return nil }
            let group = String(decoding: name.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return ["prime256v1", "P-256", "secp384r1", "P-384"].contains(group) ? .ec : nil
        default: return nil
        }
    }

    /// A private key in PEM, without a passphrase.
    static func privateKey(pem: [UInt8]) throws(SignedXMLError) -> KeyPair {
        try XMLSecurity.enter()
        defer { ERR_clear_error() }
        guard let count = Int32(exactly: pem.count), let input = BIO_new_mem_buf(pem, count) else {
            throw .unreadableKey
        }
        defer { BIO_free(input) }
        // An empty passphrase instead of a question at the terminal.
        var passphrase: [CChar] = [0]
        guard let pointer = PEM_read_bio_PrivateKey(input, nil, nil, &passphrase) else { throw .unreadableKey }
        return try KeyPair(taking: pointer)
    }

    func isSignature(_ signature: [UInt8], of bytes: [UInt8], by method: SignatureMethod) -> Bool {
        method.family == family
            && ztna_xmlsec_verify(pointer, method.rawValue, bytes, bytes.count, signature, signature.count) == 1
    }

    func signature(of bytes: [UInt8], by method: SignatureMethod) throws(SignedXMLError) -> [UInt8] {
        guard method.family == family else { throw .unsignable }
        let signature = ztna_xmlsec_sign(pointer, method.rawValue, bytes, bytes.count)
        defer { ztna_bytes_free(signature) }
        guard let content = signature.bytes else { throw .unsignable }
        return Array(UnsafeBufferPointer(start: content, count: signature.count))
    }
}
