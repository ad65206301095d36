internal import LinuxNetwork
internal import NetworkAddresses

/// The tunnel's addresses and routes.
struct TunnelInterface: Sendable {
    let name: InterfaceName
    let routes: RouteNetlink

    /// The interface comes up after its addresses, and is routed into last.
    func arrange(_ plan: TunnelPlan, after former: TunnelPlan?) async throws {
        for address in former?.addresses ?? [] where !plan.addresses.contains(address) {
            try await routes.removeAddress(address, length: address.width, from: name)
        }
        for address in plan.addresses { try await routes.addAddress(address, length: address.width, to: name) }
        try await routes.bringUp(name, mtu: TunnelPlan.mtu)
        for prefix in former?.filter.overlay ?? [] where !plan.filter.overlay.contains(prefix) {
            try await routes.removeRoute(prefix, through: name)
        }
        for prefix in plan.filter.overlay {
            try await routes.addRoute(
                prefix, through: name, source: plan.addresses.first { $0.isV4 == prefix.address.isV4 })
        }
    }

    /// This machine's own addresses, on all of its interfaces.
    func locals() async throws -> [EndpointChoice.Local] {
        try await routes.addresses().map {
            EndpointChoice.Local(address: $0.address, length: $0.length, interface: $0.interface)
        }
    }
}
