internal import CXMLSec

extension XMLDocument {
    /// What the encrypted element at `path` (an EncryptedAssertion) holds: one element, well-formed on its own, to be
    /// parsed from zero.
    ///
    /// Every failure past the algorithms is `undecryptable`, found on the same way: a key that cannot be unwrapped is
    /// replaced by a random one, and bytes that are no document are as undecryptable as bytes under another key, so that
    /// nobody learns of padding by asking. Source: XML Encryption 1.1 §6.1.
    package borrowing func decryptedBytes(
        of path: ElementPath, keys: [DecryptionKey], policy: AlgorithmPolicy, limits: XMLLimits = XMLLimits()
    ) throws(SignedXMLError) -> [UInt8] {
        try XMLSecurity.enter()
        guard let container = root.element(at: path) else { throw .undecryptable }
        let shape = try EncryptionShape(parsing: container, policy: policy)
        for key in keys {
            let contentKey = try key.pair.contentKey(shape)
            let content = ztna_xmlsec_decrypt(
                contentKey, contentKey.count, shape.dataMethod.rawValue, shape.data, shape.data.count)
            defer { ztna_bytes_free(content) }
            guard let start = content.bytes else { continue }
            let bytes = Array(UnsafeBufferPointer(start: start, count: content.count))
            if (try? Self.checked(bytes, limits: limits)) != nil { return bytes }
        }
        throw .undecryptable
    }

    private static func checked(_ bytes: [UInt8], limits: XMLLimits) throws(SignedXMLError) {
        _ = try XMLDocument(parsing: bytes, limits: limits)
    }
}

extension KeyPair {
    /// The AES key that `shape` holds for this key, or a random one of the right length.
    fileprivate func contentKey(_ shape: EncryptionShape) throws(SignedXMLError) -> [UInt8] {
        var random = [UInt8](repeating: 0, count: shape.dataMethod.keyLength)
        guard RAND_bytes(&random, Int32(random.count)) == 1 else { throw .undecryptable }
        let unwrapped = unwrap(shape.key, shape.keyMethod)
        return unwrapped.count == random.count ? unwrapped : random
    }

    /// Empty when it is not for this key. libxmlsec1 1.2 knows OAEP with SHA-1 only, so OpenSSL does it.
    private func unwrap(_ wrapped: [UInt8], _ transport: KeyTransport) -> [UInt8] {
        defer { ERR_clear_error() }
        guard let context = EVP_PKEY_CTX_new(pointer, nil) else { return [] }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_decrypt_init(context) == 1,
            EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1,
            EVP_PKEY_CTX_set_rsa_oaep_md(context, transport.digest.algorithm) == 1,
            EVP_PKEY_CTX_set_rsa_mgf1_md(context, transport.maskDigest.algorithm) == 1
        else { return [] }
        var key = [UInt8](repeating: 0, count: Int(EVP_PKEY_get_size(pointer)))
        var count = key.count
        guard EVP_PKEY_decrypt(context, &key, &count, wrapped, wrapped.count) == 1 else { return [] }
        return Array(key.prefix(count))
    }
}
