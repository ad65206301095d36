internal import CCurl
internal import Glibc

/// The system's trust roots together with a file of further ones, as one PEM text.
struct TrustRoots: Sendable {
    static let maximumBytes = 16 << 20

    let pem: [UInt8]

    /// Errors: `tlsFailed` where the file cannot be read or holds no certificate.
    init(adding path: String) throws(HTTPError) {
        guard let added = Self.read(path),
            String(decoding: added, as: UTF8.self).contains("-----BEGIN CERTIFICATE-----")
        else { throw .tlsFailed("the CA file \(path) cannot be read or holds no PEM certificate") }
        let system = Self.systemBundle().flatMap(Self.read) ?? []
        pem = system + Array("\n".utf8) + added
    }

    private static func systemBundle() -> String? {
        guard let easy = curl_easy_init() else { return nil }
        defer { curl_easy_cleanup(easy) }
        var path: UnsafePointer<CChar>?
        guard ccurl_get_text(easy, CURLINFO_CAINFO, &path) == CURLE_OK, let path else { return nil }
        return String(cString: path)
    }

    private static func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while content.count <= maximumBytes {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { return ferror(file) == 0 ? content : nil }
            content += buffer.prefix(count)
        }
        return nil
    }
}
