import Cryptography

/// Reads the server-wide `saml` mapping: a key and certificate of ours that an administrator brings.
struct SAMLKeyReader {
    let context: FileContext

    /// Nil where something was reported.
    func files(_ node: YAMLNode, _ report: inout Report) -> ServerConfiguration.SAMLKeyFiles? {
        guard let section = Section(node, name: "saml", keys: ["key_file", "certificate_file"], &report) else {
            return nil
        }
        let keyNode = section.required("key_file", expected: Expected.key, &report)
        let keyPath = keyNode.flatMap { report.readableFile($0, context, expected: Expected.key) }
        let certificateNode = section.required("certificate_file", expected: Expected.certificate, &report)
        let pinned = PinnedCertificates(context: context)
        let certificate = certificateNode.flatMap { pinned.certificates($0, &report).first }
        guard let keyNode, let keyPath, let certificateNode, let certificate else { return nil }
        guard let key = key(in: keyPath) else {
            report.error(
                at: keyNode.position, "the file holds no private key that can be used", found: "\"\(keyPath)\"",
                expected: Expected.key)
            return nil
        }
        if let mode = context.files.mode(keyPath), mode & 0o077 != 0 {
            report.error(
                at: keyNode.position, "others may read the private key", found: "mode 0" + String(mode, radix: 8),
                expected: "mode 0600")
        }
        if context.files.isForeign(keyPath) {
            report.error(
                at: keyNode.position, "the private key belongs to another user, who can read it",
                expected: "a file of root's or of the user that the server runs as")
        }
        guard key.belongs(to: certificate) else {
            report.error(
                at: certificateNode.position, "saml: the certificate is not of the key in key_file",
                found: "the certificate of \(certificate.subject)")
            return nil
        }
        guard case .scalar(let text, _) = certificateNode.content else { return nil }
        return ServerConfiguration.SAMLKeyFiles(key: keyPath, certificate: context.resolve(text))
    }

    private func key(in path: String) -> RSAPrivateKey? {
        guard case .success(var bytes) = context.files.read(path, FileContext.maximumBytes) else { return nil }
        defer { wipe(&bytes) }
        return bytes.withUnsafeBytes { try? RSAPrivateKey(pem: $0) }
    }
}

private enum Expected {
    static var key: String { "a PEM file with an RSA private key of at least 2048 bits, not encrypted" }
    static var certificate: String { "a PEM file with the certificate of that key" }
}
