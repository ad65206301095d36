package import AccessPolicy
package import Cryptography
package import Identity
package import NetworkAddresses

/// What this node's packet filter and WireGuard engine are to enforce at one moment: a pure function of view and time.
///
/// Nobody whose authorization has ended is in it, and nobody at all once our own has. An address or key that two nodes
/// claim belongs to neither. Source: DESIGN §9.
package struct NodeRules: Hashable, Sendable {
    /// A peer may open flows of `service` to this node until `expiresAt`, in seconds since the epoch; or this node to it.
    package struct PeerGrant: Hashable, Sendable {
        /// The peer's, in both cases.
        package let source: IPAddress
        package let service: Service
        package let expiresAt: Int
    }

    /// One WireGuard peer.
    package struct Tunnel: Hashable, Sendable {
        package let node: NodeID
        package let candidates: [Endpoint]
        package let addresses: [IPAddress]
        /// One host prefix an address.
        package var allowedIPs: Set<IPPrefix> { Set(addresses.map(IPPrefix.init(host:))) }
    }

    package let grants: [PeerGrant]
    package let tunnels: [X25519PublicKey: Tunnel]
    /// Whom this node may send to; what they take is decided there.
    package let egress: Set<IPAddress>
    /// Until when each of them is a peer, in seconds since the epoch.
    package let egressEnds: [IPAddress: Int]
    /// What those will take from this node, by the rules whose source it is.
    package let egressGrants: [PeerGrant]
    /// Nodes left out because they claim an address or key of another.
    package let conflicts: [NodeID]
    /// The next second at which something of this ends or begins by itself.
    package let nextChange: Int?

    /// Nothing is permitted and nobody is a peer.
    package static let none = NodeRules(
        grants: [], tunnels: [:], egress: [], egressEnds: [:], egressGrants: [], conflicts: [], nextChange: nil)

    /// Nothing is permitted; these are the peers that are known of.
    package static func leaving(_ egress: Set<IPAddress>) -> NodeRules {
        NodeRules(
            grants: [], tunnels: [:], egress: egress, egressEnds: [:], egressGrants: [], conflicts: [], nextChange: nil)
    }

    package init(_ view: MeshView, now: Int) {
        guard view.own.isLiving(at: now) else {
            self = .none
            return
        }
        // In the same order at every time, so that two rule sets compare.
        let living = view.peers.values.filter { $0.isLiving(at: now) && $0.node != view.own.node }
            .sorted { $0.node < $1.node }
        let conflicts = Self.conflicts(among: living, own: view.own)
        var grants: [PeerGrant] = []
        var tunnels: [X25519PublicKey: Tunnel] = [:]
        var egress: Set<IPAddress> = []
        var egressEnds: [IPAddress: Int] = [:]
        var egressGrants: [PeerGrant] = []
        /// Each ends with its authorizations or its conditions, whatever is first. Returns when that changes by itself.
        func add(_ found: Grants, of peer: MeshNode, until end: Int, to list: inout [PeerGrant]) -> [Int] {
            var changes: [Int] = []
            for grant in found.list {
                let expiry = min(end, grant.endsAt ?? end)
                list += peer.addresses.map { PeerGrant(source: $0, service: grant.service, expiresAt: expiry) }
                changes.append(expiry)
            }
            if let opening = found.nextOpening { changes.append(opening) }
            return changes
        }
        // Of those in conflict, too: the last one left is in none.
        var changes = [view.own.expiresAt] + living.map(\.expiresAt)
        for peer in living where !conflicts.contains(peer.node) {
            tunnels[peer.wireGuardKey] = Tunnel(
                node: peer.node, candidates: peer.candidates, addresses: peer.addresses)
            egress.formUnion(peer.addresses)
            let end = min(peer.expiresAt, view.own.expiresAt)
            for address in peer.addresses { egressEnds[address] = end }
            changes += add(
                view.policy.grants(
                    from: peer.principal, to: view.own.principal, context: peer.context, now: now),
                of: peer, until: end, to: &grants)
            changes += add(
                view.egressPolicy.grants(
                    from: view.own.principal, to: peer.principal, context: view.own.context, now: now),
                of: peer, until: end, to: &egressGrants)
        }
        self.init(
            grants: grants, tunnels: tunnels, egress: egress, egressEnds: egressEnds, egressGrants: egressGrants,
            conflicts: conflicts.sorted(), nextChange: changes.min())
    }

    private init(
        grants: [PeerGrant], tunnels: [X25519PublicKey: Tunnel], egress: Set<IPAddress>, egressEnds: [IPAddress: Int],
        egressGrants: [PeerGrant], conflicts: [NodeID], nextChange: Int?
    ) {
        self.grants = grants
        self.tunnels = tunnels
        self.egress = egress
        self.egressEnds = egressEnds
        self.egressGrants = egressGrants
        self.conflicts = conflicts
        self.nextChange = nextChange
    }

    private static func conflicts(among living: [MeshNode], own: MeshNode) -> Set<NodeID> {
        var addresses: [IPAddress: NodeID] = Dictionary(
            own.addresses.map { ($0, own.node) }, uniquingKeysWith: { first, _ in first })
        var keys = [own.wireGuardKey: own.node]
        var found: Set<NodeID> = []
        for peer in living {
            for address in peer.addresses {
                if let other = addresses.updateValue(peer.node, forKey: address), other != peer.node {
                    found.formUnion([other, peer.node])
                }
            }
            if let other = keys.updateValue(peer.node, forKey: peer.wireGuardKey) {
                found.formUnion([other, peer.node])
            }
        }
        return found
    }
}
