package import AccessPolicy
package import Identity
internal import NetworkAddresses
package import Wire

/// An attempt in words: who was at the other side, and why it ended as it did.
package struct AttemptExplanation: Hashable, Sendable {
    /// Nil when no peer holds the address.
    package let peer: Principal?
    /// The rule that allowed it, or that would if its conditions held.
    package let rule: RuleName?
    package private(set) var reason: String
    /// Refused, and a renewed sign-in with MFA would change that.
    package let isCuredByStepUp: Bool
    /// What the rules at hand say; nil where none are known.
    package let isAllowed: Bool?

    package init(
        peer: Principal?, rule: RuleName? = nil, reason: String, isCuredByStepUp: Bool = false, isAllowed: Bool? = false
    ) {
        self.peer = peer
        self.rule = rule
        self.reason = reason
        self.isCuredByStepUp = isCuredByStepUp
        self.isAllowed = isAllowed
    }

    /// How messages name the person at the other side.
    package var person: String? { peer?.label }
    package var host: String? { peer?.host.text }

    /// Says that it is the explanation of the first attempt of many.
    package mutating func note(_ sweep: AttemptGathering.Sweep) {
        let others =
            switch sweep {
            case .ofOneSource: "from there to different addresses, ports or protocols"
            case .ofManySources: "from different sources"
            }
        reason = "A sweep: the first of attempts \(others), which are counted here. \(reason)"
    }

    fileprivate init(_ decision: Decision, peer: Principal) {
        let failed = decision.nearMisses.lazy.compactMap { miss -> RuleName? in
            if case .conditionsNotMet(let rule, _) = miss { rule } else { nil }
        }.first
        self.init(
            peer: peer, rule: decision.rule ?? failed, reason: decision.explanation,
            isCuredByStepUp: decision.isCuredByStepUp, isAllowed: decision.isAllowed)
    }
}

/// Explains attempts by one view: with its peers by address, so that a flood of attempts costs a look-up each.
///
/// What comes in is decided by our own rules. What goes out is decided by the other side; the rules whose source names us
/// tell what it will say.
package struct AttemptExplainer: Sendable {
    package let view: MeshView
    private let peers: [IPAddress: MeshNode]

    package init(_ view: MeshView) {
        self.view = view
        var peers: [IPAddress: MeshNode] = [:]
        for peer in view.peers.values { for address in peer.addresses { peers[address] = peer } }
        self.peers = peers
    }

    package func explain(_ attempt: ConnectionAttempt, now: Int) -> AttemptExplanation {
        let address = attempt.isOutbound ? attempt.destination : attempt.source
        let peer = peers[address].flatMap { $0.isLiving(at: now) ? $0 : nil }
        switch (attempt.outcome, peer) {
        case (.allowed, nil), (.refusedInbound, nil):
            return AttemptExplanation(peer: nil, reason: "No authorized device holds the address \(address).")
        case (.refusedInbound, let peer?) where !view.own.addresses.contains(attempt.destination):
            return AttemptExplanation(
                peer: peer.principal,
                reason: "\(attempt.destination) is no address of this device, which passes nothing on from the mesh.")
        case (.allowed, let peer?), (.refusedInbound, let peer?): return decide(attempt, from: peer, now: now)
        case (_, nil):
            return AttemptExplanation(
                peer: nil, reason: "No rule lets you and any device at \(address) talk, or it is offline.")
        case (.refusedWithoutPeer, let peer?):
            return AttemptExplanation(
                peer: peer.principal,
                reason: "It was no peer at that moment; now it is one, and its own rules decide.")
        case (.refusedOutbound, let peer?), (.leaving, let peer?):
            return decide(attempt, towards: peer, now: now)
        }
    }

    /// As the server is told. `first` and `last` are seconds since the epoch.
    package func record(
        _ attempt: ConnectionAttempt, _ explanation: AttemptExplanation, first: Int, last: Int, count: Int,
        ports: String? = nil
    ) -> ConnectionRecord {
        let source = attempt.isOutbound ? view.own.principal : explanation.peer
        let destination = attempt.isOutbound ? explanation.peer : view.own.principal
        return ConnectionRecord(
            time: first, last: last, count: count, verdict: attempt.outcome == .allowed ? .allow : .deny,
            direction: attempt.isOutbound ? .outbound : .inbound,
            source: ConnectionRecord.End(address: attempt.source, source),
            destination: ConnectionRecord.End(address: attempt.destination, destination),
            protocolNumber: attempt.protocolNumber, port: ports == nil ? attempt.port : nil, ports: ports,
            rule: explanation.rule?.text, reason: explanation.reason, revision: view.policy.revision)
    }

    private func decide(_ attempt: ConnectionAttempt, from peer: MeshNode, now: Int) -> AttemptExplanation {
        guard let transport = TransportProtocol(number: attempt.protocolNumber) else {
            return otherProtocol(attempt, peer)
        }
        return AttemptExplanation(
            view.policy.decide(
                source: peer.principal, destination: view.own.principal, protocol: transport, port: attempt.port,
                context: peer.context, now: now), peer: peer.principal)
    }

    private func decide(_ attempt: ConnectionAttempt, towards peer: MeshNode, now: Int) -> AttemptExplanation {
        guard let transport = TransportProtocol(number: attempt.protocolNumber) else {
            return otherProtocol(attempt, peer)
        }
        return AttemptExplanation(
            view.egressPolicy.decide(
                source: view.own.principal, destination: peer.principal, protocol: transport, port: attempt.port,
                context: view.own.context, now: now), peer: peer.principal)
    }

    /// Hop-by-hop and destination options, routing, fragment, mobility, HIP, shim6. Source: RFC 7045 §4.
    private static let extensionHeaders: Set<UInt8> = [0, 43, 44, 60, 135, 139, 140]

    private func otherProtocol(_ attempt: ConnectionAttempt, _ peer: MeshNode) -> AttemptExplanation {
        let isAllowed = attempt.outcome == .allowed
        if attempt.outcome == .refusedInbound, Self.extensionHeaders.contains(attempt.protocolNumber) {
            return AttemptExplanation(
                peer: peer.principal,
                reason:
                    "An IPv6 extension header (\(attempt.protocolNumber)) hides what is asked for: no flow begins so."
            )
        }
        return AttemptExplanation(
            peer: peer.principal,
            reason: isAllowed
                ? "A rule that allows \"any\" covers IP protocol \(attempt.protocolNumber)."
                : "Only a rule that allows \"any\" covers IP protocol \(attempt.protocolNumber).",
            isAllowed: isAllowed ? true : attempt.outcome == .leaving ? nil : false)
    }
}
