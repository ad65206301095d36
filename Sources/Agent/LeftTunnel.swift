internal import Cryptography
internal import Enforcement
package import LinuxNetwork
package import NetworkAddresses

/// What an agent that was killed left, if it is whole: engine, interface and filter.
struct LeftTunnel {
    /// Has been told what the engine knows.
    let device: WireGuardDevice
    let plan: TunnelPlan

    /// Nil unless the engine is the one that would be started, has this device's key, and the filter in front of it is whole.
    init?(
        behind engine: WireGuardProcess, on interface: InterfaceName, privateKey: X25519PrivateKey,
        routes: RouteNetlink, filter: PacketFilter, executable: String, checksEgress: Bool
    ) async throws {
        device = WireGuardDevice(interface, of: engine.process)
        guard engine.runs(executable), let status = try? await device.status(),
            status.publicKey == privateKey.publicKey,
            let overlay = try? await routes.routes(through: interface)
        else { return nil }
        let held = try await routes.addresses().filter {
            $0.interface == interface.text && $0.length == $0.address.width
        }
        plan = TunnelPlan(
            leftOn: interface, engine: status, addresses: held.map(\.address), overlay: overlay,
            checksEgress: checksEgress)
        guard try await filter.isWhole(like: plan.filter) else { return nil }
        try await device.adopt(status, privateKey: privateKey)
    }
}

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
            peers: Set(hosts), grants: [], checksEgress: checksEgress, logGroup: Self.logGroup)
        self.addresses = addresses
        self.peers = peers
    }
}
