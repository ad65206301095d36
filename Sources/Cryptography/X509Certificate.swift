internal import COpenSSL

/// An X.509 certificate, read and not verified: nothing says that what it claims is true.
///
/// It carries a pinned key and the time until which an administrator means to use it. Source: RFC 5280 §4.1.
package struct X509Certificate: Hashable, Sendable {
    package enum Key: Hashable, Sendable, CustomStringConvertible {
        case rsa(bits: Int)
        /// The group by OpenSSL's name: `prime256v1`, `secp384r1`.
        case elliptic(group: String)
        case other(bits: Int)

        /// Large enough to sign for years: RSA of 2,048…8,192 bits, P-256 or P-384. Source: NIST SP 800-131A §3.
        package var isStrong: Bool {
            switch self {
            case .rsa(let bits): (2_048...8_192).contains(bits)
            case .elliptic(let group): ["prime256v1", "secp384r1"].contains(group)
            case .other: false
            }
        }

        package var description: String {
            switch self {
            case .rsa(let bits): "RSA \(bits)"
            case .elliptic("prime256v1"): "P-256"
            case .elliptic("secp384r1"): "P-384"
            case .elliptic(let group): group
            case .other(let bits): "an unknown kind, \(bits) bits"
            }
        }
    }

    package let der: [UInt8]
    /// One line, most specific name first (RFC 2253).
    package let subject: String
    /// Seconds since the epoch, both inclusive.
    package let notBefore: Int
    package let notAfter: Int
    package let key: Key
    /// The SubjectPublicKeyInfo in DER.
    package let publicKey: [UInt8]

    /// At most 64 KiB, nothing behind it. Errors: `invalidCertificate`.
    package init(der: [UInt8]) throws(CryptographyError) {
        defer { ERR_clear_error() }
        guard der.count <= Self.maximumBytes else { throw .invalidCertificate }
        let parsed = der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var next = bytes.baseAddress
            guard let certificate = d2i_X509(nil, &next, bytes.count) else { return nil }
            if next == bytes.baseAddress.map({ $0 + bytes.count }) { return certificate }
            X509_free(certificate)
            return nil
        }
        guard let parsed else { throw .invalidCertificate }
        defer { X509_free(parsed) }
        guard let key = X509_get0_pubkey(parsed), let publicKey = Self.bytes({ i2d_PUBKEY(key, $0) }),
            let notBefore = Self.seconds(X509_get0_notBefore(parsed)),
            let notAfter = Self.seconds(X509_get0_notAfter(parsed)),
            let subject = Self.text(of: X509_get_subject_name(parsed))
        else { throw .invalidCertificate }
        self.der = der
        self.subject = subject
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.publicKey = publicKey
        self.key = Self.kind(of: key)
    }

    package static var maximumBytes: Int { 64 * 1024 }

    /// Whether it speaks of this DNS name. Wildcards stand for one whole label; a common name counts for nothing.
    /// Source: RFC 6125 §6.4; RFC 9525 §6.3.
    package func names(host: String) -> Bool {
        defer { ERR_clear_error() }
        let parsed = der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var next = bytes.baseAddress
            return d2i_X509(nil, &next, bytes.count)
        }
        guard let parsed else { return false }
        defer { X509_free(parsed) }
        let flags = UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
        return X509_check_host(parsed, host, host.utf8.count, flags, nil) == 1
    }

    /// The SHA-256 of the DER, as tools show it: `AB:CD:…`.
    package var fingerprint: String {
        let digits = Array(Hexadecimal.encode(Digest.sha256(der)).uppercased())
        return stride(from: 0, to: digits.count, by: 2).map { String(digits[$0...($0 + 1)]) }.joined(separator: ":")
    }

    package func isExpired(at now: Int) -> Bool { now > notAfter }

    private static func kind(of key: OpaquePointer) -> Key {
        let bits = Int(EVP_PKEY_get_bits(key))
        switch EVP_PKEY_get_base_id(key) {
        case EVP_PKEY_RSA: return .rsa(bits: bits)
        case EVP_PKEY_EC:
            var name = [UInt8](repeating: 0, count: 64)
            var count = 0
            let isNamed = name.withUnsafeMutableBytes { buffer in
                EVP_PKEY_get_group_name(
                    key, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count, &count) == 1
            }
            return isNamed ? .elliptic(group: String(decoding: name.prefix(count), as: UTF8.self)) : .other(bits: bits)
        default: return .other(bits: bits)
        }
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int? {
        guard let time, let epoch = ASN1_TIME_set(nil, 0) else { return nil }
        defer { ASN1_STRING_free(epoch) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return nil }
        return Int(days) * 86_400 + Int(seconds)
    }

    private static func text(of name: OpaquePointer?) -> String? {
        guard let name, let memory = BIO_new(BIO_s_mem()) else { return nil }
        defer { BIO_free(memory) }
        guard X509_NAME_print_ex(memory, name, 0, ztna_XN_FLAG_RFC2253_UTF8) >= 0 else { return nil }
        return withContents(of: memory) { String(decoding: $0, as: UTF8.self) }
    }

    /// What an `i2d_…` function writes, which first only counts.
    private static func bytes(_ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32) -> [UInt8]? {
        let count = Int(encode(nil))
        guard count > 0 else { return nil }
        var result = [UInt8](repeating: 0, count: count)
        let written = result.withUnsafeMutableBufferPointer { buffer in
            var next = buffer.baseAddress
            return encode(&next)
        }
        return Int(written) == count ? result : nil
    }
}
