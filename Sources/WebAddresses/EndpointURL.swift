/// An address that a provider publishes or an administrator configures: `https`, or `http` on loopback where permitted.
///
/// The text is kept exactly: issuers compare byte for byte, and some endpoints hold `//`. Fragments, user names and
/// anything outside RFC 3986's characters are refused. At most 2,048 bytes. Source: RFC 3986 §3; OpenID Connect
/// Discovery 1.0 §3.
package struct EndpointURL: Hashable, Sendable, CustomStringConvertible {
    package let text: String
    package let isSecure: Bool
    /// In lower case; an IPv6 address without its brackets.
    package let host: String
    package let port: Int
    package let hasQuery: Bool

    /// Errors: the rule broken, see ``EndpointFault``.
    package init(parsing text: String, allowPlainHTTPOnLoopback: Bool = false) throws(EndpointFault) {
        guard (1...2_048).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else { throw .malformed }
        guard !text.utf8.contains(UInt8(ascii: "#")) else { throw .fragment }
        let lower = text.prefix(8).lowercased()
        let isSecure = lower.hasPrefix("https://")
        guard isSecure || lower.hasPrefix("http://") else { throw .scheme }
        let rest = text.utf8.dropFirst(isSecure ? 8 : 7)
        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        guard !authority.contains(UInt8(ascii: "@")) else { throw .userName }
        (host, port) = try Self.hostAndPort(Array(authority), defaultPort: isSecure ? 443 : 80)
        guard isSecure || (allowPlainHTTPOnLoopback && Self.isLoopback(host)) else { throw .notSecure }
        self.text = text
        self.isSecure = isSecure
        hasQuery = rest.contains(UInt8(ascii: "?"))
    }

    package var description: String { text }

    /// Names and addresses that never leave this machine. Source: RFC 6761 §6.3; RFC 8252 §7.3.
    private static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private static func hostAndPort(
        _ authority: [UInt8], defaultPort: Int
    ) throws(EndpointFault) -> (String, Int) {
        var host = authority[...]
        var port: ArraySlice<UInt8>?
        if host.first == UInt8(ascii: "[") {
            guard let close = host.firstIndex(of: UInt8(ascii: "]")) else { throw .malformed }
            let after = host[(close + 1)...]
            host = host[1..<close]
            guard host.allSatisfy({ isHexadecimal($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }),
                after.isEmpty || after.first == UInt8(ascii: ":")
            else { throw .malformed }
            if !after.isEmpty { port = after.dropFirst() }
        } else {
            if let colon = host.firstIndex(of: UInt8(ascii: ":")) {
                port = host[(colon + 1)...]
                host = host[..<colon]
            }
            guard host.allSatisfy({ isUnreserved($0) }) else { throw .malformed }
        }
        guard !host.isEmpty, host.count <= 255 else { throw .malformed }
        let text = String(decoding: host, as: UTF8.self).lowercased()
        guard let port else { return (text, defaultPort) }
        guard port.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = UInt16(String(decoding: port, as: UTF8.self)), number > 0
        else { throw .malformed }
        return (text, Int(number))
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        isUnreserved(byte) || ":/?#[]@!$&'()*+,;=%".utf8.contains(byte)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        byte < 0x80 && Character(Unicode.Scalar(byte)).isHexDigit
    }

    package static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}

/// Why an address is not accepted as an endpoint or issuer.
package enum EndpointFault: Error, Hashable, Sendable {
    case malformed, scheme, notSecure, userName, fragment, query

    package var explanation: String {
        switch self {
        case .malformed: "is not an absolute URL of at most 2,048 characters"
        case .scheme: "does not start with https://"
        case .notSecure: "is plain http; only https is accepted"
        case .userName: "holds a user name"
        case .fragment: "holds a fragment (#)"
        case .query: "holds a query (?)"
        }
    }
}
