package import Hummingbird
internal import Logging
package import NIOCore
internal import NetworkAddresses

/// One request's context: who is at the other end of the connection.
package struct GatewayContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    package let remoteAddress: SocketAddress?

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress
    }

    /// For requests that come by a function call.
    init(logger: Logger, remoteAddress: SocketAddress) {
        coreContext = .init(source: InProcessSource(logger: logger))
        self.remoteAddress = remoteAddress
    }

    private struct InProcessSource: RequestContextSource { let logger: Logger }

    /// Forms and tokens are small: a body over 64 KiB is refused.
    package var maxUploadSize: Int { 64 * 1024 }
}

/// Whose request it is: the connection's address, or what a trusted proxy says.
enum ClientAddress {
    /// Walks `X-Forwarded-For` from the right, past trusted proxies, to the first address nobody trusted vouches for.
    static func text(connection: SocketAddress?, forwardedFor: String?, trustedProxies: [IPPrefix]) -> String {
        guard let peer = connection.flatMap(address(of:)) else { return "local" }
        func isTrusted(_ address: IPAddress) -> Bool { trustedProxies.contains { $0.contains(address) } }
        guard isTrusted(peer), let forwardedFor else { return peer.description }
        var current = peer
        for hop in forwardedFor.split(separator: ",").suffix(16).reversed() {
            guard isTrusted(current), let next = address(hop.filter { $0 != " " }) else { break }
            current = next
        }
        return current.description
    }

    /// What limits count by: one site's IPv6 network holds 2^64 addresses, so all of a /64 are one.
    static func network(_ text: String) -> String {
        // Most are IPv4, and need no reading.
        guard text.utf8.contains(UInt8(ascii: ":")), case .v6(let high, _)? = IPAddress(text) else { return text }
        return "\(IPAddress.v6(high, 0))/64"
    }

    /// Nil for a local socket. What the kernel gave us is not written as text to be read again. Source: ip(7), ipv6(7).
    private static func address(of connection: SocketAddress) -> IPAddress? {
        switch connection {
        case .v4(let peer): withUnsafeBytes(of: peer.address) { IPAddress(bytes: Array($0.dropFirst(4).prefix(4))) }
        case .v6(let peer):
            withUnsafeBytes(of: peer.address) { IPAddress(bytes: Array($0.dropFirst(8).prefix(16))) }.map(unmapped)
        case .unixDomainSocket: nil
        }
    }

    /// An IPv4 client of a socket for both families is itself, and not one of `::/64`. Source: RFC 4291 §2.5.5.2.
    private static func address(_ text: some StringProtocol) -> IPAddress? {
        IPAddress(text).map(unmapped)
    }

    private static func unmapped(_ address: IPAddress) -> IPAddress {
        guard case .v6(0, let low) = address, low >> 32 == 0xFFFF else { return address }
        return .v4(UInt32(truncatingIfNeeded: low))
    }
}
