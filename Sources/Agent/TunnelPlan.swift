internal import AccessPolicy
package import Cryptography
package import Enforcement
package import LinuxNetwork
package import NetworkAddresses

/// What the kernel and the engine are to be told for one view at one moment. Pure.
package struct TunnelPlan: Equatable, Sendable {
    package static let logGroup: UInt16 = 8642
    /// IPv6's smallest, so that WireGuard's 80 bytes fit into every path's 1,420 and less.
    package static let mtu: UInt32 = 1280

    package let rules: NodeRules
    package let filter: FilterRuleSet
    /// Our own overlay addresses.
    package let addresses: [IPAddress]
    package let peers: [X25519PublicKey: WireGuardPeer]

    /// Without a view: nobody is a peer, and whatever comes in over the interface is dropped.
    package init(_ view: MeshView?, interface: InterfaceName, locals: [EndpointChoice.Local], now: Int) {
        let rules = view.map { NodeRules($0, now: now) } ?? .none
        self.rules = rules
        addresses = view.flatMap { $0.own.isLiving(at: now) ? $0.own.addresses : nil } ?? []
        let overlay = Self.overlay(of: addresses, and: rules.egress)
        filter = FilterRuleSet(
            interface: interface, overlay: overlay, peers: rules.egress,
            grants: rules.grants.map {
                FilterGrant(source: $0.source, traffic: Self.traffic($0.service), expiresAt: $0.expiresAt)
            }, logGroup: Self.logGroup)
        peers = rules.tunnels.mapValues { tunnel in
            WireGuardPeer(
                endpoint: EndpointChoice.endpoint(
                    among: tunnel.candidates, locals: locals, overlay: interface.text),
                allowedIPs: tunnel.allowedIPs)
        }
    }

    /// The prefixes that belong to the overlay: RFC 6598's, and the /48 around a unique local address (RFC 4193). An
    /// address outside both stands for itself.
    private static func overlay(of own: [IPAddress], and peers: Set<IPAddress>) -> [IPPrefix] {
        let prefixes = own.map { address -> IPPrefix in
            switch address {
            case .v4(let value) where value >> 22 == 0x6440_0000 >> 22:
                IPPrefix(.v4(0x6440_0000), length: 10) ?? IPPrefix(host: address)
            case .v6(let high, _) where high >> 57 == 0xFC >> 1:
                IPPrefix(.v6(high & ~0xFFFF, 0), length: 48) ?? IPPrefix(host: address)
            default: IPPrefix(host: address)
            }
        }
        let outside = peers.filter { peer in !prefixes.contains { $0.contains(peer) } }
        return Set(prefixes + outside.map(IPPrefix.init(host:))).sorted {
            ($0.address, $0.length) < ($1.address, $1.length)
        }
    }

    private static func traffic(_ service: Service) -> FilterGrant.Traffic {
        let ports = service.ports ?? 0...UInt16.max
        return switch service.protocol {
        case nil: .any
        case .icmp: .icmp
        case .tcp: .tcp(ports)
        case .udp: .udp(ports)
        }
    }
}
