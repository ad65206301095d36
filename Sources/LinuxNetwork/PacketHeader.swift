package import NetworkAddresses

//  IPv4: 0 version 4 bits, header length in words · 6 fragment offset (13 bits) · 9 protocol · 12 source · 16 destination
//  IPv6: 0 version 4 bits · 6 next header · 8 source · 24 destination · 40 payload
//  TCP, UDP: 0 source port · 2 destination port      ICMP: 0 type

/// The first bytes of an IP packet, as far as a connection log needs them.
///
/// A header that is cut short or contradicts itself is refused. What the protocol's own bytes would say is nil where they
/// are not there: later fragments, IPv6 extension headers. Source: RFC 791 §3.1, RFC 8200 §3.
package struct PacketHeader: Hashable, Sendable {
    package let source: IPAddress
    package let destination: IPAddress
    /// IANA's number; an IPv6 extension header's own number where there is one.
    package let protocolNumber: UInt8
    package let sourcePort: UInt16?
    package let destinationPort: UInt16?

    package var transport: TransportProtocol? { TransportProtocol(number: protocolNumber) }

    /// The bytes of a packet that this reads at most.
    static let longestUseful = 96

    package init?(parsing bytes: some Sequence<UInt8>) {
        let packet = Array(bytes.prefix(Self.longestUseful))
        guard let first = packet.first else { return nil }
        let payload: Int?
        switch first >> 4 {
        case 4:
            let length = Int(first & 15) * 4
            guard length >= 20, packet.count >= length, let source = packet.word(at: 12),
                let destination = packet.word(at: 16)
            else { return nil }
            (self.source, self.destination, protocolNumber) = (.v4(source), .v4(destination), packet[9])
            let isFirstFragment = packet[6] & 0x1F == 0 && packet[7] == 0
            payload = isFirstFragment ? length : nil
        case 6:
            guard packet.count >= 40, let source = packet.address(at: 8), let destination = packet.address(at: 24)
            else { return nil }
            (self.source, self.destination, protocolNumber) = (source, destination, packet[6])
            payload = 40
        default: return nil
        }
        let hasPorts = protocolNumber == 6 || protocolNumber == 17
        sourcePort = hasPorts ? payload.flatMap { packet.half(at: $0) } : nil
        destinationPort = hasPorts ? payload.flatMap { packet.half(at: $0 + 2) } : nil
    }
}

/// Integers in network order; nil past the end.
extension [UInt8] {
    fileprivate func half(at offset: Int) -> UInt16? {
        offset + 2 <= count ? UInt16(self[offset]) << 8 | UInt16(self[offset + 1]) : nil
    }

    fileprivate func word(at offset: Int) -> UInt32? {
        guard let high = half(at: offset), let low = half(at: offset + 2) else { return nil }
        return UInt32(high) << 16 | UInt32(low)
    }

    fileprivate func address(at offset: Int) -> IPAddress? {
        guard let first = word(at: offset), let second = word(at: offset + 4), let third = word(at: offset + 8),
            let fourth = word(at: offset + 12)
        else { return nil }
        return .v6(UInt64(first) << 32 | UInt64(second), UInt64(third) << 32 | UInt64(fourth))
    }
}
