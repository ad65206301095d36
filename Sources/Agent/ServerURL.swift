internal import NetworkAddresses

/// The server as this device names it: what its registrations are for and what its documents must be from.
///
/// "https://ztna.example.com", perhaps with a port; no path, query, fragment, user name or slash at the end. Plain http
/// only for loopback. The host is in lower case; a text without scheme means https.
package struct ServerURL: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package init?(_ received: String) {
        let given = received.contains("://") ? received : "https://" + received
        guard let end = given.firstRange(of: "://") else { return nil }
        let scheme = given[..<end.lowerBound].lowercased()
        let rest = given[end.upperBound...]
        let authority = rest.prefix { $0 != "/" }.lowercased()
        var path = rest.dropFirst(authority.count)
        while path.last == "/" { path.removeLast() }
        guard given.utf8.count <= 1024, Self.isPlain(given), !authority.isEmpty, path.isEmpty,
            !authority.contains("@")
        else {
            return nil
        }
        switch scheme {
        case "https": break
        case "http":
            let host = Self.host(of: authority)
            // "127.0.0.1.example.com" is a name, and anybody's.
            guard host == "localhost" || host == "[::1]" || Self.isLoopback(host) else {
                return nil
            }
        default: return nil
        }
        text = scheme + "://" + authority
    }

    package var description: String { text }

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x21...0x7E).contains($0) } && !text.contains { "?#\\\"<>^`{|}".contains($0) }
    }

    private static func isLoopback(_ host: Substring) -> Bool {
        guard case .v4(let address)? = IPAddress(host) else { return false }
        return address >> 24 == 127
    }

    private static func host(of authority: String) -> Substring {
        guard let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") else {
            return authority[...]
        }
        return authority[..<colon]
    }
}
