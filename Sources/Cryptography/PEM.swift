internal import COpenSSL

/// Certificates as files hold them. Source: RFC 7468 §3, §5.
extension X509Certificate {
    /// Every certificate of a PEM file, in its order, or the one of a DER file; text and other blocks between are passed
    /// over. Errors: `invalidCertificate`, also when there is none or more than a hundred.
    package static func certificates(inFile bytes: [UInt8]) throws(CryptographyError) -> [X509Certificate] {
        defer { ERR_clear_error() }
        guard bytes.count <= 1 << 20 else { throw .invalidCertificate }
        if bytes.first == 0x30 { return [try X509Certificate(der: bytes)] }
        guard let blocks = bytes.withUnsafeBytes(blocks) else { throw .invalidCertificate }
        var certificates: [X509Certificate] = []
        for block in blocks { certificates.append(try X509Certificate(der: block)) }
        guard (1...100).contains(certificates.count) else { throw .invalidCertificate }
        return certificates
    }

    /// `-----BEGIN CERTIFICATE-----`, 64 characters a line.
    package var pem: String {
        let padded = Array(Base64URL.encode(der).utf8).map { byte in
            byte == UInt8(ascii: "-") ? UInt8(ascii: "+") : byte == UInt8(ascii: "_") ? UInt8(ascii: "/") : byte
        }
        let base64 = padded + Array(repeating: UInt8(ascii: "="), count: (4 - padded.count % 4) % 4)
        let lines = stride(from: 0, to: base64.count, by: 64).map { start in
            String(decoding: base64[start..<min(start + 64, base64.count)], as: UTF8.self) + "\n"
        }
        return "-----BEGIN CERTIFICATE-----\n" + lines.joined() + "-----END CERTIFICATE-----\n"
    }

    /// The contents of the `CERTIFICATE` blocks; nil when one is damaged.
    private static func blocks(in file: UnsafeRawBufferPointer) -> [[UInt8]]? {
        guard let length = Int32(exactly: file.count), let memory = BIO_new_mem_buf(file.baseAddress, length) else {
            return nil
        }
        defer { BIO_free(memory) }
        var blocks: [[UInt8]] = []
        while true {
            var name: UnsafeMutablePointer<CChar>?
            var header: UnsafeMutablePointer<CChar>?
            var content: UnsafeMutablePointer<UInt8>?
            var count = 0
            guard PEM_read_bio(memory, &name, &header, &content, &count) == 1 else {
                // The end of the file looks like the lack of another block.
                return ztna_ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE ? blocks : nil
            }
            defer {
                CRYPTO_free(name, nil, 0)
                CRYPTO_free(header, nil, 0)
                CRYPTO_clear_free(content, count, nil, 0)
            }
            guard let name, let content, blocks.count <= 100 else { return nil }
            guard ["CERTIFICATE", "X509 CERTIFICATE"].contains(String(cString: name)) else { continue }
            blocks.append(Array(UnsafeBufferPointer(start: content, count: count)))
        }
    }
}

/// Lends what has been written to a memory BIO.
func withContents<Result>(of memory: OpaquePointer, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    var start: UnsafeMutableRawPointer?
    let count = BIO_ctrl(memory, BIO_CTRL_INFO, 0, &start)
    return body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : max(0, count)))
}
