internal import CXMLSec

/// A certificate that an administrator gave or that came in pinned metadata: its key counts, nothing else of it.
///
/// Dates, names and issuers in it are for showing only; a signature under an expired certificate is as good as before.
/// Source: SAML V2.0 Metadata Interoperability Profile 1.0 §2.6.1.
package struct PinnedKey: Sendable {
    /// The certificate, in DER.
    package let certificate: [UInt8]
    /// Seconds since the epoch.
    package let notAfter: Int
    /// SHA-256 of the certificate, as `AB:CD:…`.
    package let fingerprint: String
    let key: KeyPair

    /// Refuses what is no certificate (`unreadableKey`) and keys under RSA 2048 or off P-256 and P-384 (`weakKey`).
    package init(certificate der: [UInt8]) throws(SignedXMLError) {
        try XMLSecurity.enter()
        defer { ERR_clear_error() }
        let parsed = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var next = buffer.baseAddress
            guard let parsed = d2i_X509(nil, &next, buffer.count) else { return nil }
            guard let base = buffer.baseAddress, next == base + buffer.count else {
                X509_free(parsed)
                return nil
            }
            return parsed
        }
        guard let parsed else { throw .unreadableKey }
        defer { X509_free(parsed) }
        guard let key = X509_get_pubkey(parsed), let digest = DigestMethod.sha256.digest(der) else {
            throw .unreadableKey
        }
        self.key = try KeyPair(taking: key)
        certificate = der
        notAfter = Self.seconds(X509_get0_notAfter(parsed))
        fingerprint = digest.map { byte in
            let hexadecimal = String(byte, radix: 16, uppercase: true)
            return hexadecimal.count < 2 ? "0" + hexadecimal : hexadecimal
        }.joined(separator: ":")
    }

    /// The first certificate in PEM text.
    package init(pem: [UInt8]) throws(SignedXMLError) {
        let lines = String(decoding: pem, as: UTF8.self).split(whereSeparator: \.isNewline)
        guard let begin = lines.firstIndex(of: "-----BEGIN CERTIFICATE-----"),
            let end = lines[begin...].firstIndex(of: "-----END CERTIFICATE-----"),
            let der = Base64Text.decode(lines[(begin + 1)..<end].joined())
        else { throw .unreadableKey }
        try self.init(certificate: der)
    }

    /// 0 for a time that cannot be read.
    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int {
        guard let epoch = ASN1_TIME_set(nil, 0) else { return 0 }
        defer { ASN1_TIME_free(epoch) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return 0 }
        return Int(days) * 86_400 + Int(seconds)
    }
}

extension [PinnedKey] {
    /// Which of them made a detached signature, as the HTTP-Redirect binding has it over the octets of the query.
    ///
    /// Source: SAML Bindings §3.4.4.1.
    package func index(
        verifying signature: [UInt8], of bytes: [UInt8], method: String, policy: AlgorithmPolicy
    ) throws(SignedXMLError) -> Int {
        try XMLSecurity.enter()
        let method = try SignatureMethod(method, policy: policy)
        guard let index = firstIndex(where: { $0.key.isSignature(signature, of: bytes, by: method) }) else {
            throw .unknownKey
        }
        return index
    }
}
