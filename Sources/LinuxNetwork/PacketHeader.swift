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
        let payload: ArraySlice<UInt8>
        switch first >> 4 {
        case 4:
            let length = Int(first & 15) * 4
            guard length >= 20, packet.count >= length, let source = IPAddress(bytes: Array(packet[12..<16])),
                let destination = IPAddress(bytes: Array(packet[16..<20]))
            else { return nil }
            (self.source, self.destination, protocolNumber) = (source, destination, packet[9])
            let isFirstFragment = packet[6] & 0x1F == 0 && packet[7] == 0
            payload = isFirstFragment ? packet[length...] : []
        case 6:
            guard packet.count >= 40, let source = IPAddress(bytes: Array(packet[8..<24])),
                let destination = IPAddress(bytes: Array(packet[24..<40]))
            else { return nil }
            (self.source, self.destination, protocolNumber) = (source, destination, packet[6])
            payload = packet[40...]
        default: return nil
        }
        let hasPorts = protocolNumber == 6 || protocolNumber == 17
        sourcePort = hasPorts ? Self.port(payload.prefix(2)) : nil
        destinationPort = hasPorts ? Self.port(payload.dropFirst(2).prefix(2)) : nil
    }

    private static func port(_ bytes: ArraySlice<UInt8>) -> UInt16? {
        bytes.count == 2 ? bytes.reduce(0) { $0 << 8 | UInt16($1) } : nil
    }
}
