package import NetworkAddresses

/// What this node's packet filter is to enforce: a pure value, from which script and expectation are made.
package struct FilterRuleSet: Hashable, Sendable {
    /// The overlay interface. Traffic on others is left alone.
    package var interface: InterfaceName
    /// The overlay's prefixes; a source or destination outside them is dropped on the interface.
    package var overlay: [IPPrefix]
    /// Overlay addresses of the nodes that are peers now; anything else in the overlay is refused at once here.
    package var peers: Set<IPAddress>
    /// When each stops being one, in seconds since the epoch; a peer that is not named stays. From then on this node sends it
    /// nothing, running flows of its own included.
    package var peerEnds: [IPAddress: Int]
    package var grants: [FilterGrant]
    /// What peers will take from this node; each grant's `source` is the peer. Those of TCP are asked only with `checksEgress`.
    package var egress: [FilterGrant]
    /// Every packet of a flow of ours is asked whether the other side will take it; without it, what is not TCP is asked when
    /// the flow begins, and when it is answered.
    package var checksEgress: Bool
    /// The NFLOG group that `PacketLog` reads.
    package var logGroup: UInt16

    package init(
        interface: InterfaceName, overlay: [IPPrefix], peers: Set<IPAddress>, peerEnds: [IPAddress: Int] = [:],
        grants: [FilterGrant], egress: [FilterGrant] = [], checksEgress: Bool = false, logGroup: UInt16
    ) {
        self.interface = interface
        self.overlay = overlay
        self.peers = peers
        self.peerEnds = peerEnds
        self.grants = grants
        self.egress = egress
        self.checksEgress = checksEgress
        self.logGroup = logGroup
    }
}

/// One peer address may open flows to this node until a moment; packets after it are refused, running flows too.
package struct FilterGrant: Hashable, Sendable {
    package enum Traffic: Hashable, Sendable {
        /// Every protocol and port.
        case any
        /// Echo requests. Errors about running flows need no grant.
        case icmp
        case tcp(ClosedRange<UInt16>)
        case udp(ClosedRange<UInt16>)
    }

    package let source: IPAddress
    package let traffic: Traffic
    /// Seconds since the epoch.
    package let expiresAt: Int

    package init(source: IPAddress, traffic: Traffic, expiresAt: Int) {
        self.source = source
        self.traffic = traffic
        self.expiresAt = expiresAt
    }
}

/// What one NFLOG prefix says about a packet. At most 64 bytes each.
package enum FilterVerdict: String, Hashable, Sendable, CaseIterable {
    case allowed = "ztna-allow"
    /// No grant covers it.
    case deniedInbound = "ztna-deny-in"
    /// This node begins a flow to a peer; what becomes of it is decided there.
    case leaving = "ztna-out"
    /// Refused at this node, its source, as the peer would.
    case deniedOutbound = "ztna-deny-out"
    /// Sent towards an overlay address that is no peer of this node.
    case noPeer = "ztna-no-peer"
}
