package import Cryptography
package import NetworkAddresses
package import Store

/// Where nodes get their overlay addresses from: IPv4 in turn from one prefix, and the IPv6 address that belongs to it.
///
/// An address goes to the next node in turn, never to the nearest free one, so that a released address rests as long as
/// possible; and never within `restSeconds` of its release. Not given out: the first 16 of the prefix, those that end in
/// .0 or .255, and 100.100.100.100. The IPv6 address is the prefix with the IPv4 address in its last 32 bits.
package struct AddressPool: Hashable, Sendable {
    package static let cursorSetting = "address-cursor"
    package static let prefixSetting = "ipv6-prefix"
    /// A year and a day.
    package static let restSeconds = 366 * 86_400
    /// Addresses looked at for one node before the pool counts as exhausted; the next call looks further on.
    package static let maximumProbes = 16_384
    private static let skipped: UInt64 = 16

    package let ipv4: IPPrefix
    package let ipv6: IPPrefix
    private let base: UInt32

    /// Refuses an IPv4 prefix smaller than /27 or an IPv6 prefix smaller than /96, and the wrong family.
    package init(ipv4: IPPrefix, ipv6: IPPrefix) throws(CoordinatorError) {
        guard case .v4(let base) = ipv4.address, ipv4.length <= 27 else {
            throw .prefix("the overlay's IPv4 prefix \(ipv4) is not an IPv4 prefix of at least 32 addresses (/27)")
        }
        guard case .v6 = ipv6.address, ipv6.length <= 96 else {
            throw .prefix("the overlay's IPv6 prefix \(ipv6) is not an IPv6 prefix of /96 or larger")
        }
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self.base = base
    }

    /// A ULA prefix of 40 random bits under fd00::/8. Source: RFC 4193 §3.1, §3.2.
    package static func randomPrefix(from randomness: Randomness) -> IPPrefix? {
        let global = randomness.bytes(5).prefix(5).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return IPPrefix(.v6(0xFD << 56 | global << 16, 0), length: 48)
    }

    /// The next free pair, or nil when none was found; moves the stored cursor either way.
    package func allocate(in transaction: any StoreTransaction, now: Int) throws -> (IPAddress, IPAddress)? {
        var offset = try transaction.setting(Self.cursorSetting).flatMap { UInt64($0) } ?? 0
        var found: UInt32?
        for _ in 0..<min(UInt64(Self.maximumProbes), count) {
            offset = offset >= count - 1 ? 0 : offset + 1
            guard let address = address(at: offset),
                try !transaction.isAddressTaken(address, releasedAfter: now - Self.restSeconds)
            else { continue }
            found = address
            break
        }
        try transaction.setSetting(Self.cursorSetting, to: String(offset))
        return found.map { (.v4($0), companion(of: $0)) }
    }

    /// How many addresses the prefix holds, reserved ones included.
    private var count: UInt64 { UInt64(1) << UInt64(32 - ipv4.length) }

    /// The address at an offset of the prefix; nil when it is not given out.
    func address(at offset: UInt64) -> UInt32? {
        guard offset >= Self.skipped, offset < count else { return nil }
        let address = base | UInt32(truncatingIfNeeded: offset)
        guard ![0, 255].contains(address & 0xFF), address != 0x6464_6464 else { return nil }
        return address
    }

    func companion(of address: UInt32) -> IPAddress {
        guard case .v6(let high, let low) = ipv6.address else { return ipv6.address }
        return .v6(high, low | UInt64(address))
    }
}
