package import AccessPolicy
package import Cryptography
package import Identity
package import NetworkAddresses

/// What this node's packet filter and WireGuard engine are to enforce at one moment: a pure function of view and time.
///
/// Nobody whose authorization has ended is in it, and nobody at all once our own has. An address or key that two nodes
/// claim belongs to neither. Source: DESIGN §9.
package struct NodeRules: Hashable, Sendable {
    /// `source` may open flows of `service` to this node until `expiresAt`, in seconds since the epoch.
    package struct PeerGrant: Hashable, Sendable {
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
    /// Nodes left out because they claim an address or key of another.
    package let conflicts: [NodeID]
    /// The next second at which something of this ends or begins by itself.
    package let nextChange: Int?

    /// Nothing is permitted and nobody is a peer.
    package static let none = NodeRules(
        grants: [], tunnels: [:], egress: [], conflicts: [], nextChange: nil)

    package init(_ view: MeshView, now: Int) {
        guard view.own.isLiving(at: now) else {
            self = .none
            return
        }
        let living = view.peers.values.filter { $0.isLiving(at: now) && $0.node != view.own.node }
        let conflicts = Self.conflicts(among: living, own: view.own)
        var grants: [PeerGrant] = []
        var tunnels: [X25519PublicKey: Tunnel] = [:]
        var egress: Set<IPAddress> = []
        var changes = [view.own.expiresAt]
        for peer in living where !conflicts.contains(peer.node) {
            tunnels[peer.wireGuardKey] = Tunnel(
                node: peer.node, candidates: peer.candidates, addresses: peer.addresses)
            egress.formUnion(peer.addresses)
            changes.append(peer.expiresAt)
            let end = min(peer.expiresAt, view.own.expiresAt)
            let allowed = view.policy.grants(
                from: peer.principal, to: view.own.principal, context: peer.context, now: now)
            for grant in allowed.list {
                let expiry = min(end, grant.endsAt ?? end)
                grants += peer.addresses.map { PeerGrant(source: $0, service: grant.service, expiresAt: expiry) }
                changes.append(expiry)
            }
            if let opening = allowed.nextOpening { changes.append(opening) }
        }
        self.init(
            grants: grants.sorted(by: Self.inOrder), tunnels: tunnels, egress: egress, conflicts: conflicts.sorted(),
            nextChange: changes.min())
    }

    private init(
        grants: [PeerGrant], tunnels: [X25519PublicKey: Tunnel], egress: Set<IPAddress>, conflicts: [NodeID],
        nextChange: Int?
    ) {
        self.grants = grants
        self.tunnels = tunnels
        self.egress = egress
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

    private static func inOrder(_ left: PeerGrant, _ right: PeerGrant) -> Bool {
        left.source == right.source ? left.service.text < right.service.text : left.source < right.source
    }
}
