package import Enforcement
package import LinuxNetwork

/// What the filter's log says about one packet, in the words of attempts.
extension ConnectionAttempt {
    package init(_ packet: LoggedPacket) {
        let outcome: Outcome =
            switch packet.verdict {
            case .allowed: .allowed
            case .deniedInbound: .refusedInbound
            case .noPeer: .refusedWithoutPeer
            case .deniedOutbound: .refusedOutbound
            case .leaving: .leaving
            }
        self.init(
            source: packet.header.source, destination: packet.header.destination,
            protocolNumber: packet.header.protocolNumber, port: packet.header.destinationPort, outcome: outcome)
    }
}

extension FilterTime {
    init(_ reading: ClockReading) { self.init(reading.seconds, milliseconds: reading.milliseconds) }
}
