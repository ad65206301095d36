package import Cryptography
package import Enforcement
package import Identity
internal import SignedDocuments
package import Wire

/// One node's netmap as it grows from messages: verified at every step, and never ahead of what was verified.
///
/// A message whose own parts (our authorization, our policy) do not verify is refused whole. A peer whose document does
/// not verify is left out, an older one of that peer included; the others stand. Source: DESIGN §4.
package struct Netmap: Sendable {
    /// What documents must be by, from and for.
    package struct Trust: Hashable, Sendable {
        package var keys: [String: Ed25519PublicKey]
        package var server: String
        package var device: Ed25519PublicKey
        package var wireGuardKey: X25519PublicKey

        package init(
            keys: [String: Ed25519PublicKey], server: String, device: Ed25519PublicKey, wireGuardKey: X25519PublicKey
        ) {
            self.keys = keys
            self.server = server
            self.device = device
            self.wireGuardKey = wireGuardKey
        }
    }

    package enum Effect: Hashable, Sendable {
        case unchanged
        case changed
        /// The session is over; the server's reason.
        case ended(reason: String)
    }

    package let trust: Trust
    /// Where a returning stream goes on; nil asks for a snapshot.
    package private(set) var epoch: String?
    package private(set) var sequence = 0
    package private(set) var view: MeshView?
    /// Our own authorization, whole.
    package private(set) var own: NodeAuthorization?
    /// The newest signatures over our own documents that were accepted, here or before.
    package private(set) var accepted: AcceptedTimes
    /// Peers that are left out, and why.
    package private(set) var refused: [NodeID: WireError] = [:]

    package init(trust: Trust, accepted: AcceptedTimes = AcceptedTimes()) {
        self.trust = trust
        self.accepted = accepted
    }

    /// The next stream begins with a snapshot; what is known stays in force until then.
    package mutating func forgetPosition() { epoch = nil }

    /// Errors: `gap` when a message is missing; `document`, `notForUs`, `olderPolicy`, `olderAuthorization`. After an error nothing has changed.
    package mutating func apply(_ message: NetmapMessage, now: Int) throws(NetmapError) -> Effect {
        switch message {
        case .snapshot(let epoch, let sequence, let own, let peers, let policy):
            try replace(own: own, peers: peers, policy: policy, now: now)
            // It goes into a URL as it is.
            let isPlain = (1...128).contains(epoch.utf8.count) && epoch.utf8.allSatisfy(Self.isUnreserved)
            self.epoch = isPlain ? epoch : nil
            self.sequence = sequence
            return .changed
        case .delta(let sequence, let own, let changed, let removed, let policy):
            guard let view, epoch != nil else { throw .gap }
            // A snapshot may already hold what a delta after it repeats.
            guard sequence > self.sequence else { return .unchanged }
            guard sequence - 1 == self.sequence else { throw .gap }
            try change(view, own: own, changed: changed, removed: removed, policy: policy, now: now)
            self.sequence = sequence
            return .changed
        case .heartbeat(let sequence, _):
            guard epoch != nil, sequence <= self.sequence else { throw .gap }
            return .unchanged
        case .ended(let reason): return .ended(reason: reason)
        }
    }

    private mutating func replace(
        own text: String, peers: [NodeID: String], policy: String, now: Int
    ) throws(NetmapError) {
        let verified = try verifyOwn(text, now: now)
        let slice = try verifyPolicy(policy, node: verified.node, now: now)
        refused = [:]
        view = MeshView(own: MeshNode(verified), peers: verify(peers, own: verified.node, now: now), policy: slice)
        own = verified.authorization
        accepted.raise(authorization: verified.authorization.validity.issuedAt, policy: slice.issuedAt)
    }

    private mutating func change(
        _ former: MeshView, own text: String?, changed: [NodeID: String], removed: [NodeID], policy: String?, now: Int
    ) throws(NetmapError) {
        let verified: VerifiedNode?
        if let text { verified = try verifyOwn(text, now: now) } else { verified = nil }
        if let verified, verified.node != former.own.node { throw .notForUs("sub") }
        let slice: PolicySlice?
        if let policy { slice = try verifyPolicy(policy, node: former.own.node, now: now) } else { slice = nil }
        var next = former
        if let verified {
            next.own = MeshNode(verified)
            own = verified.authorization
        }
        if let slice { next.replacePolicy(slice) }
        for node in removed {
            next.peers[node] = nil
            refused[node] = nil
        }
        for node in changed.keys {
            next.peers[node] = nil
            refused[node] = nil
        }
        accepted.raise(authorization: verified?.authorization.validity.issuedAt, policy: slice?.issuedAt)
        next.peers.merge(verify(changed, own: former.own.node, now: now)) { _, new in new }
        view = next
    }

    private func verifyOwn(_ text: String, now: Int) throws(NetmapError) -> VerifiedNode {
        let verified: VerifiedNode
        do { verified = try VerifiedNode(verifying: text, keys: trust.keys, server: trust.server, now: now) } catch {
            throw .document(error)
        }
        guard verified.authorization.device == trust.device else { throw .notForUs("cnf") }
        guard verified.registration.wireGuardKey == trust.wireGuardKey else { throw .notForUs("wg") }
        guard accepted.permits(authorizationOf: verified.authorization.validity.issuedAt) else {
            throw .olderAuthorization
        }
        return verified
    }

    private func verifyPolicy(_ text: String, node: NodeID, now: Int) throws(NetmapError) -> PolicySlice {
        let slice: PolicySlice
        do {
            slice = try PolicySlice(verifying: text, keys: trust.keys, server: trust.server, node: node, now: now)
        } catch { throw .document(error) }
        if let view, view.own.node == node, slice.issuedAt < view.policyIssuedAt { throw .olderPolicy }
        guard accepted.permits(policyOf: slice.issuedAt) else { throw .olderPolicy }
        return slice
    }

    private mutating func verify(_ documents: [NodeID: String], own: NodeID, now: Int) -> [NodeID: MeshNode] {
        var verified: [NodeID: MeshNode] = [:]
        for (node, text) in documents {
            do throws(WireError) {
                let peer = try VerifiedNode(verifying: text, keys: trust.keys, server: trust.server, now: now)
                guard peer.node == node, node != own, peer.authorization.device != trust.device else {
                    throw .mismatch("sub")
                }
                verified[node] = MeshNode(peer)
            } catch { refused[node] = error }
        }
        return verified
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
