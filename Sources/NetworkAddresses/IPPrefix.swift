/// An address range in CIDR form, host bits zero. Source: RFC 4632 §3.1, RFC 4291 §2.3.
package struct IPPrefix: Hashable, Sendable, CustomStringConvertible {
    package let address: IPAddress
    package let length: Int

    /// Refuses a length outside the family and an address with host bits set.
    package init?(_ address: IPAddress, length: Int) {
        guard (0...address.width).contains(length), Self.masked(address, length) == address else { return nil }
        self.address = address
        self.length = length
    }

    /// "100.64.0.0/10", "fd00::/48"; a bare address is a prefix of one.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(first) else { return nil }
        switch parts.count {
        case 1: self.init(address, length: address.width)
        case 2:
            guard let digits = parts.last, (1...3).contains(digits.utf8.count),
                digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), digits.utf8.count == 1 || digits.first != "0",
                let length = Int(digits)
            else { return nil }
            self.init(address, length: length)
        default: return nil
        }
    }

    /// The prefix of one address.
    package init(host address: IPAddress) {
        self.address = address
        length = address.width
    }

    package func contains(_ other: IPAddress) -> Bool {
        other.isV4 == address.isV4 && Self.masked(other, length) == address
    }

    package var description: String { "\(address)/\(length)" }

    private static func masked(_ address: IPAddress, _ length: Int) -> IPAddress {
        switch address {
        case .v4(let value): .v4(length == 0 ? 0 : value & (UInt32.max << UInt32(32 - length)))
        case .v6(let high, let low):
            if length <= 64 {
                .v6(length == 0 ? 0 : high & (UInt64.max << UInt64(64 - length)), 0)
            } else {
                .v6(high, low & (UInt64.max << UInt64(128 - length)))
            }
        }
    }
}
