package import AccessPolicy
package import Identity
package import NetworkAddresses
package import Wire

/// All that one node knows and may act on: itself, its peers, and the rules that name it.
package struct MeshView: Hashable, Sendable {
    package var own: MeshNode
    package var peers: [NodeID: MeshNode]
    /// The rules for whom this node is the destination.
    package private(set) var policy: Policy
    /// The rules for whom it is the source: they tell why the other side refused, and decide nothing but what an agent that
    /// checks what leaves refuses by itself.
    package private(set) var egressPolicy: Policy
    /// Whose mesh it is: the server that signed.
    package private(set) var server: String
    /// When the policy was signed, in seconds since the epoch.
    package private(set) var policyIssuedAt: Int
    /// The prefixes that overlay addresses are taken from.
    package private(set) var networks: [IPPrefix]

    package init(own: MeshNode, peers: [NodeID: MeshNode], policy: PolicySlice) {
        self.own = own
        self.peers = peers
        self.policy = Policy(rules: policy.rules, zones: policy.zones, revision: policy.revision)
        egressPolicy = Policy(rules: policy.egress, zones: policy.zones, revision: policy.revision)
        server = policy.issuer
        policyIssuedAt = policy.issuedAt
        networks = policy.networks
    }

    package mutating func replacePolicy(_ slice: PolicySlice) {
        self = MeshView(own: own, peers: peers, policy: slice)
    }

    /// What a peer may open here now, in words: "tcp/22".
    package func services(for peer: MeshNode, now: Int) -> [String] {
        policy.grants(from: peer.principal, to: own.principal, context: peer.context, now: now).list
            .map(\.service.text)
    }

    /// What this node may open at a peer now, by what it was told of the policy there.
    package func services(at peer: MeshNode, now: Int) -> [String] {
        egressPolicy.grants(from: own.principal, to: peer.principal, context: own.context, now: now).list
            .map(\.service.text)
    }
}
