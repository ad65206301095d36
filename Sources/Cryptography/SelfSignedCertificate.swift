internal import COpenSSL

extension RSAPrivateKey {
    /// A certificate of this key for itself, as identity providers want one to be shown: version 3, SHA-256, no
    /// authority, for signatures and key encipherment.
    ///
    /// `commonName` is cut to 64 characters; `now` and `lifetime` are seconds. The serial number has 159 random bits
    /// (RFC 5280 §4.1.2.2: positive, at most 20 octets). Errors: `invalidCertificate`.
    package func selfSignedCertificate(
        commonName: String, now: Int, lifetime: Int = 10 * 365 * 86_400, randomness: Randomness
    ) throws(CryptographyError) -> X509Certificate {
        defer { ERR_clear_error() }
        guard let certificate = X509_new() else { throw .invalidCertificate }
        defer { X509_free(certificate) }
        var serial = randomness.bytes(20)
        if let first = serial.first { serial[0] = first & 0x7F }
        guard X509_set_version(certificate, 2) == 1, Self.set(serial: serial, in: certificate),
            ASN1_TIME_set(X509_getm_notBefore(certificate), now) != nil,
            ASN1_TIME_set(X509_getm_notAfter(certificate), now + lifetime) != nil,
            X509_set_pubkey(certificate, key) == 1, Self.set(name: commonName, in: certificate),
            Self.add(NID_basic_constraints, "critical,CA:FALSE", to: certificate),
            Self.add(NID_key_usage, "critical,digitalSignature,keyEncipherment", to: certificate),
            X509_sign(certificate, key, EVP_sha256()) > 0
        else { throw .invalidCertificate }
        let count = Int(i2d_X509(certificate, nil))
        guard count > 0 else { throw .invalidCertificate }
        var der = [UInt8](repeating: 0, count: count)
        let written = der.withUnsafeMutableBufferPointer { buffer in
            var next = buffer.baseAddress
            return i2d_X509(certificate, &next)
        }
        guard Int(written) == count else { throw .invalidCertificate }
        return try X509Certificate(der: der)
    }

    private static func set(serial: [UInt8], in certificate: OpaquePointer) -> Bool {
        guard let number = BN_bin2bn(serial, Int32(serial.count), nil) else { return false }
        defer { BN_free(number) }
        return BN_is_zero(number) == 0 && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil
    }

    private static func set(name: String, in certificate: OpaquePointer) -> Bool {
        let text = Array(String(String.UnicodeScalarView(name.unicodeScalars.prefix(64))).utf8)
        let subject = X509_get_subject_name(certificate)
        return X509_NAME_add_entry_by_NID(
            subject, NID_commonName, ztna_MBSTRING_UTF8, text, Int32(text.count), -1, 0) == 1
            && X509_set_issuer_name(certificate, subject) == 1
    }

    private static func add(_ identifier: Int32, _ value: String, to certificate: OpaquePointer) -> Bool {
        guard let made = X509V3_EXT_conf_nid(nil, nil, identifier, value) else { return false }
        defer { X509_EXTENSION_free(made) }
        return X509_add_ext(certificate, made, -1) == 1
    }
}
