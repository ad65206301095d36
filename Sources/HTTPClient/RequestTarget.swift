internal import CCurl
internal import NetworkAddresses

/// A request that may be sent: its URL read by the same parser that will connect, its header fields checked.
struct RequestTarget: Sendable {
    static let maximumURLBytes = 16_384

    /// Plain http, so loopback only.
    let isPlain: Bool

    /// Errors: `invalidURL`, `schemeNotPermitted`, `protocolError`.
    init(_ request: HTTPRequest, policy: HTTPClientPolicy) throws(HTTPError) {
        let (scheme, host) = try Self.parse(request.url)
        guard scheme == "https" || scheme == "http" else { throw .schemeNotPermitted }
        guard let host else { throw .invalidURL }
        switch scheme {
        case "https": isPlain = false
        default:
            guard policy.allowPlainHTTPOnLoopback, Self.namesLoopback(host) else { throw .schemeNotPermitted }
            isPlain = true
        }
        for field in request.headers.fields {
            guard Self.isToken(field.name), Self.isFieldValue(field.value) else {
                throw .protocolError("the request's header field \(field.name.debugDescription) is not valid")
            }
        }
    }

    private static func parse(_ url: String) throws(HTTPError) -> (scheme: String, host: String?) {
        // RFC 3986 §2: a URI is printable ASCII.
        guard url.utf8.count <= maximumURLBytes, url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            let handle = curl_url()
        else { throw .invalidURL }
        defer { curl_url_cleanup(handle) }
        let flags = UInt32(CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME)
        guard curl_url_set(handle, CURLUPART_URL, url, flags) == CURLUE_OK,
            let scheme = part(CURLUPART_SCHEME, of: handle)
        else { throw .invalidURL }
        return (scheme.lowercased(), part(CURLUPART_HOST, of: handle)?.lowercased())
    }

    private static func part(_ part: CURLUPart, of handle: OpaquePointer) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, 0) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }

    /// Where the name really leads is looked at again when connecting.
    private static func namesLoopback(_ host: String) -> Bool {
        if host == "localhost" { return true }
        let literal = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        return IPAddress(literal).map { LoopbackAddresses().contains($0) } ?? false
    }

    /// RFC 9110 §5.6.2.
    private static func isToken(_ name: String) -> Bool {
        let punctuation = Set("!#$%&'*+-.^_`|~".utf8)
        return !name.isEmpty
            && name.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                    || punctuation.contains($0)
            }
    }

    /// RFC 9110 §5.5, without obs-text.
    private static func isFieldValue(_ value: String) -> Bool {
        value.utf8.count <= 65_536 && value.utf8.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x09 }
    }
}
