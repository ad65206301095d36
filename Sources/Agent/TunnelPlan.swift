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

    /// Without a view: nobody is a peer, and whatever comes in over the interface is dropped. With `checksEgress` this node
    /// refuses TCP, too, that it begins and the other side would refuse.
    package init(
        _ view: MeshView?, interface: InterfaceName, locals: [EndpointChoice.Local], checksEgress: Bool = false,
        now: Int
    ) {
        let rules = view.map { NodeRules($0, now: now) } ?? .none
        self.rules = rules
        addresses = view.flatMap { $0.own.isLiving(at: now) ? $0.own.addresses : nil } ?? []
        let overlay = Self.overlay(view?.networks ?? [], own: addresses, peers: rules.egress)
        filter = FilterRuleSet(
            interface: interface, overlay: overlay, peers: rules.egress, peerEnds: rules.egressEnds,
            grants: rules.grants.map(Self.filterGrant),
            egress: rules.egressGrants.filter { checksEgress || $0.service.protocol != .tcp }.map(Self.filterGrant),
            checksEgress: checksEgress, logGroup: Self.logGroup)
        peers = rules.tunnels.mapValues { tunnel in
            WireGuardPeer(
                endpoint: EndpointChoice.endpoint(
                    among: tunnel.candidates, locals: locals, overlay: interface.text, networks: overlay),
                allowedIPs: tunnel.allowedIPs)
        }
    }

    /// Where a mesh may lie: RFC 6598, RFC 1918, RFC 4193. Whatever a server says, it cannot draw the traffic of other
    /// addresses into the tunnel.
    private static let permitted = ["100.64.0.0/10", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]
        .compactMap { IPPrefix($0) }

    /// The mesh's prefixes; an address outside them stands for itself. They stay while a view is there, also when our own
    /// authorization has ended: else what programs send to peers would leave in the clear, to whoever answers.
    private static func overlay(_ networks: [IPPrefix], own: [IPAddress], peers: Set<IPAddress>) -> [IPPrefix] {
        let prefixes = networks.filter { network in
            permitted.contains { $0.length <= network.length && $0.contains(network.address) }
        }
        let outside = (own + Array(peers)).filter { address in !prefixes.contains { $0.contains(address) } }
        return Set(prefixes + outside.map(IPPrefix.init(host:))).sorted {
            ($0.address, $0.length) < ($1.address, $1.length)
        }
    }

    private static func filterGrant(_ grant: NodeRules.PeerGrant) -> FilterGrant {
        FilterGrant(source: grant.source, traffic: traffic(grant.service), expiresAt: grant.expiresAt)
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

/// A plan, and for how long another one would be the same.
package struct PlanInForce {
    package let plan: TunnelPlan
    private let locals: [EndpointChoice.Local]
    private let madeAt: Int

    /// `locals` are those that it was made with, at that second.
    package init(plan: TunnelPlan, locals: [EndpointChoice.Local], madeAt: Int) {
        self.plan = plan
        self.locals = locals
        self.madeAt = madeAt
    }

    /// Until something of it begins or ends; for a minute at most, and never at an earlier time than its own.
    package func holds(for locals: [EndpointChoice.Local], at now: Int) -> Bool {
        locals == self.locals && now >= madeAt && now - madeAt < 60 && plan.rules.nextChange.map { now < $0 } ?? true
    }
}
