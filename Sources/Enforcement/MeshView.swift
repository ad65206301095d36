package import AccessPolicy
package import Identity
package import NetworkAddresses
package import Wire

/// All that one node knows and may act on: itself, its peers, and the rules for whom it is the destination.
package struct MeshView: Hashable, Sendable {
    package var own: MeshNode
    package var peers: [NodeID: MeshNode]
    package private(set) var policy: Policy
    /// When the policy was signed, in seconds since the epoch.
    package private(set) var policyIssuedAt: Int
    /// The prefixes that overlay addresses are taken from.
    package private(set) var networks: [IPPrefix]

    package init(own: MeshNode, peers: [NodeID: MeshNode], policy: PolicySlice) {
        self.own = own
        self.peers = peers
        self.policy = Policy(rules: policy.rules, revision: policy.revision)
        policyIssuedAt = policy.issuedAt
        networks = policy.networks
    }

    package mutating func replacePolicy(_ slice: PolicySlice) {
        policy = Policy(rules: slice.rules, revision: slice.revision)
        policyIssuedAt = slice.issuedAt
        networks = slice.networks
    }

    /// The peer that holds an address and whose authorization has not ended.
    package func peer(at address: IPAddress, now: Int) -> MeshNode? {
        peers.values.first { $0.isLiving(at: now) && $0.addresses.contains(address) }
    }

    /// What a peer may open here now, in words: "tcp/22".
    package func services(for peer: MeshNode, now: Int) -> [String] {
        policy.grants(from: peer.principal, to: own.principal, context: peer.context, now: now).list
            .map(\.service.text)
    }
}
