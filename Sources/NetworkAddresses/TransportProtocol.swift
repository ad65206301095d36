/// What a rule may allow beneath a port: the IP protocols that the policy language names.
package enum TransportProtocol: String, Hashable, Sendable, CaseIterable {
    case tcp, udp, icmp

    /// IANA protocol numbers; ICMP and ICMPv6 are one name here.
    package func number(v4: Bool) -> UInt8 {
        switch self {
        case .tcp: 6
        case .udp: 17
        case .icmp: v4 ? 1 : 58
        }
    }

    package init?(number: UInt8) {
        switch number {
        case 6: self = .tcp
        case 17: self = .udp
        case 1, 58: self = .icmp
        default: return nil
        }
    }
}
