package import NetworkAddresses

/// One packet that began a flow, as the packet filter logged it.
package struct ConnectionAttempt: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        case allowed
        /// Refused here: no grant covers it.
        case refusedInbound
        /// Refused at the source: the destination is no peer of this node.
        case refusedWithoutPeer
        /// Refused at the source, as the destination would.
        case refusedOutbound
        /// Begun by this node; the destination decides.
        case leaving
    }

    package let source: IPAddress
    package let destination: IPAddress
    /// IANA's number.
    package let protocolNumber: UInt8
    package let port: UInt16?
    package let outcome: Outcome

    package init(
        source: IPAddress, destination: IPAddress, protocolNumber: UInt8, port: UInt16?, outcome: Outcome
    ) {
        self.source = source
        self.destination = destination
        self.protocolNumber = protocolNumber
        self.port = port
        self.outcome = outcome
    }

    /// "tcp/22", "icmp", "ip/47".
    package var service: String {
        guard let transport = TransportProtocol(number: protocolNumber) else { return "ip/\(protocolNumber)" }
        return port.map { "\(transport.rawValue)/\($0)" } ?? transport.rawValue
    }

    /// Whether it began at this node.
    package var isOutbound: Bool {
        switch outcome {
        case .allowed, .refusedInbound: false
        case .refusedWithoutPeer, .refusedOutbound, .leaving: true
        }
    }
}
