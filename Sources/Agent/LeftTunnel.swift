internal import Enforcement
package import LinuxNetwork
package import NetworkAddresses

extension TunnelPlan {
    /// What an agent that was killed left of its tunnel, as far as kernel and engine still know it: peers, addresses and
    /// prefixes, but not who was granted what until when. That is in the filter, which ends it.
    package init(
        leftOn interface: InterfaceName, engine status: WireGuardStatus, addresses: [IPAddress], overlay: [IPPrefix],
        checksEgress: Bool
    ) {
        let peers = status.peers.mapValues { peer in
            WireGuardPeer(
                endpoint: peer.endpoint, allowedIPs: peer.allowedIPs, persistentKeepalive: peer.persistentKeepalive)
        }
        let hosts = peers.values.flatMap(\.allowedIPs).filter { $0.length == $0.address.width }.map(\.address)
        rules = .leaving(Set(hosts))
        filter = FilterRuleSet(
            interface: interface, overlay: overlay.sorted { ($0.address, $0.length) < ($1.address, $1.length) },
            peers: Set(hosts), grants: [], egress: checksEgress ? [] : nil, logGroup: Self.logGroup)
        self.addresses = addresses
        self.peers = peers
    }
}
