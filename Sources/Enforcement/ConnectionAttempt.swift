internal import AccessPolicy
internal import Identity
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
}

/// An attempt in words: who was at the other side, and why it ended as it did.
package struct AttemptExplanation: Hashable, Sendable {
    /// How messages name the person at the other side; nil when no peer holds the address.
    package let person: String?
    package let host: String?
    package let reason: String

    package init(person: String?, host: String?, reason: String) {
        self.person = person
        self.host = host
        self.reason = reason
    }
}

extension MeshView {
    /// Our rules decide what comes in. What goes out is decided by the rules of the other side, of which we know none:
    /// only whether there is a peer at all.
    package func explain(_ attempt: ConnectionAttempt, now: Int) -> AttemptExplanation {
        switch attempt.outcome {
        case .refusedWithoutPeer, .refusedOutbound, .leaving:
            guard let peer = peer(at: attempt.destination, now: now) else {
                return AttemptExplanation(
                    person: nil, host: nil,
                    reason: "No rule lets you and any device at \(attempt.destination) talk, or it is offline.")
            }
            return AttemptExplanation(
                person: peer.principal.label, host: peer.principal.host.text,
                reason: "It was no peer at that moment; now it is one, and its own rules decide.")
        case .allowed, .refusedInbound:
            guard let peer = peer(at: attempt.source, now: now) else {
                return AttemptExplanation(
                    person: nil, host: nil, reason: "No authorized device holds the address \(attempt.source).")
            }
            return AttemptExplanation(
                person: peer.principal.label, host: peer.principal.host.text,
                reason: reason(attempt, from: peer, now: now))
        }
    }

    private func reason(_ attempt: ConnectionAttempt, from peer: MeshNode, now: Int) -> String {
        guard let transport = TransportProtocol(number: attempt.protocolNumber) else {
            return "Only a rule that allows \"any\" covers IP protocol \(attempt.protocolNumber)."
        }
        return policy.decide(
            source: peer.principal, destination: own.principal, protocol: transport, port: attempt.port,
            context: peer.context, now: now
        ).explanation
    }
}
