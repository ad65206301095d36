internal import NetworkAddresses

/// Which addresses belong to the public Internet: IPv4 less its special ranges, IPv6 only inside 2000::/3.
///
/// Everything else of IPv6 is refused by being outside: loopback, unspecified, link-local, unique local, multicast,
/// IPv4-mapped and 64:ff9b::/96 (which reach IPv4 under another name).
/// Source: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890); RFC 6598 (100.64.0.0/10).
struct PublicAddresses: Sendable {
    private let globalUnicast = ["2000::/3"].compactMap { IPPrefix($0) }
    private let special = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        // Protocol assignments (Teredo, ORCHID), documentation, 6to4, documentation.
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    ].compactMap { IPPrefix($0) }

    func contains(_ address: IPAddress) -> Bool {
        guard address.isV4 || globalUnicast.contains(where: { $0.contains(address) }) else { return false }
        return !special.contains { $0.contains(address) }
    }
}

/// Source: RFC 6890 §2.2.2 (127.0.0.0/8), RFC 4291 §2.5.3 (::1).
struct LoopbackAddresses: Sendable {
    private let prefixes = ["127.0.0.0/8", "::1"].compactMap { IPPrefix($0) }

    func contains(_ address: IPAddress) -> Bool { prefixes.contains { $0.contains(address) } }
}

/// Decides about one address, when a connection to it is about to be opened.
struct AddressGuard: Sendable {
    private let policy: HTTPClientPolicy
    private let publicAddresses = PublicAddresses()
    private let loopbackAddresses = LoopbackAddresses()

    init(_ policy: HTTPClientPolicy) { self.policy = policy }

    func permits(_ address: IPAddress, plain: Bool) -> Bool {
        if plain, !loopbackAddresses.contains(address) { return false }
        return switch policy.addresses {
        case .any: true
        case .publicOnly(let permitting): publicAddresses.contains(address) || permitting(address.description)
        }
    }
}
