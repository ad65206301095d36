package import NetworkAddresses

/// Which of a peer's candidates to send to, and which of our addresses to offer: direct paths on one network.
package enum EndpointChoice {
    /// Of a machine's address, what matters here.
    package struct Local: Hashable, Sendable {
        package let address: IPAddress
        /// The subnet's length in bits.
        package let length: Int
        package let interface: String

        package init(address: IPAddress, length: Int, interface: String) {
            self.address = address
            self.length = length
            self.interface = interface
        }
    }

    /// The first candidate on a subnet of ours, else the first of all; nil without any. A peer chooses its candidates: none
    /// makes this node send to itself, to everybody, or through the tunnel to a tunnel.
    package static func endpoint(
        among candidates: [Endpoint], locals: [Local], overlay: String, networks: [IPPrefix] = []
    ) -> Endpoint? {
        let candidates = candidates.filter { candidate in
            !isLocalOnly(candidate.address) && !isNobodys(candidate.address)
                && !networks.contains { $0.contains(candidate.address) }
        }
        let subnets = usable(locals, overlay: overlay)
        return candidates.first { candidate in
            subnets.contains { isOnSubnet(candidate.address, of: $0) }
        } ?? candidates.first
    }

    /// Our addresses with the port WireGuard listens on; not loopback, link-local, or the overlay itself.
    package static func candidates(locals: [Local], port: UInt16, overlay: String) -> [Endpoint] {
        let addresses = Set(usable(locals, overlay: overlay).map(\.address))
        return addresses.sorted().map { Endpoint(address: $0, port: port) }
    }

    private static func usable(_ locals: [Local], overlay: String) -> [Local] {
        locals.filter { $0.interface != overlay && $0.interface != "lo" && !isLocalOnly($0.address) }
    }

    private static func isOnSubnet(_ address: IPAddress, of local: Local) -> Bool {
        guard address.isV4 == local.address.isV4, (0...local.address.width).contains(local.length) else { return false }
        return zip(bits(address), bits(local.address)).prefix(local.length).allSatisfy { $0 == $1 }
    }

    private static func bits(_ address: IPAddress) -> [Bool] {
        address.bytes.flatMap { byte in (0..<8).map { byte >> UInt8(7 - $0) & 1 == 1 } }
    }

    /// 0.0.0.0/8, 224.0.0.0/3 (multicast, reserved, broadcast), ::, ::ffff:0:0/96, ff00::/8.
    private static func isNobodys(_ address: IPAddress) -> Bool {
        switch address {
        case .v4(let value): value >> 24 == 0 || value >> 29 == 7
        case .v6(let high, let low): high >> 56 == 0xFF || (high == 0 && (low == 0 || low >> 32 == 0xFFFF))
        }
    }

    /// 127.0.0.0/8, ::1, 169.254.0.0/16, fe80::/10.
    private static func isLocalOnly(_ address: IPAddress) -> Bool {
        switch address {
        case .v4(let value): value >> 24 == 127 || value >> 16 == 0xA9FE
        case .v6(let high, let low): high >> 54 == 0xFE80 >> 6 || (high == 0 && low == 1)
        }
    }
}
