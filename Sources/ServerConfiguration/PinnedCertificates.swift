import Cryptography

/// Reads the certificate files that an administrator names: whose keys a provider signs with.
///
/// An expired certificate still verifies, because it is the key that is pinned (SAML Metadata Interoperability Profile
/// §2.6.1); it is a warning, for people replace it soon. A weak key is an error.
struct PinnedCertificates {
    let context: FileContext

    static var expected: String { "a PEM file of certificates" }

    /// DER, each once; nil where something was reported.
    func read(_ node: YAMLNode, _ report: inout Report) -> [[UInt8]]? {
        var seen: Set<[UInt8]> = []
        var result: [[UInt8]] = []
        let before = report.count
        for element in report.elements(node, expected: Self.expected, maximum: 20) {
            for certificate in certificates(element, &report) where seen.insert(certificate.der).inserted {
                result.append(certificate.der)
            }
        }
        return report.count == before && !result.isEmpty ? result : nil
    }

    /// All of one file, judged.
    func certificates(_ node: YAMLNode, _ report: inout Report) -> [X509Certificate] {
        guard let path = report.readableFile(node, context, expected: Self.expected),
            case .success(let bytes) = context.files.read(path, FileContext.maximumBytes)
        else { return [] }
        guard let certificates = try? X509Certificate.certificates(inFile: bytes) else {
            report.error(
                at: node.position, "the file holds no certificate", found: "\"\(path)\"", expected: Self.expected)
            return []
        }
        for certificate in certificates { judge(certificate, at: node.position, &report) }
        return certificates
    }

    private func judge(_ certificate: X509Certificate, at position: Position, _ report: inout Report) {
        if !certificate.key.isStrong {
            report.error(
                at: position, "the certificate's key is too weak",
                found: "\(certificate.key) of \(certificate.subject)",
                expected: "RSA of 2048 to 8192 bits, P-256 or P-384")
        }
        if certificate.isExpired(at: context.now) {
            report.warning(
                at: position, "the certificate of \(certificate.subject) has expired; its key is still accepted")
        }
    }
}
