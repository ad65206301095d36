internal import AccessPolicy
package import Cryptography
internal import Enforcement
internal import Identity
internal import NetworkAddresses
internal import SignedDocuments
package import StrictJSON
package import Wire

/// What the local socket tells of the link; the members are documented at `LocalCommand`.
extension ControlLink {
    package var localState: LocalState {
        if state.session == nil { return .signedOut }
        if !state.settings.isUp { return .down }
        switch status.control {
        case .connected: return .connected
        case .offline: return .offline
        case .connecting: return netmap?.view == nil || status.problem == nil ? .connecting : .offline
        case .idle: return .connecting
        }
    }

    /// Errors: `signed-out`, `not-registered`.
    package func whoAmI() throws -> JSON {
        guard let session = state.session else { throw LocalFailure(ControlError.signedOut) }
        guard let own = netmap?.own ?? registered?.authorization else {
            throw LocalFailure(
                .notRegistered, "This device is signed in, but the server has not confirmed it yet.",
                remedy: "See `ztna status`.")
        }
        let principal = own.principal
        var members: [String: JSON] = [
            "server": .string(session.server.text), "person": .string(principal.label),
            "name": .string(principal.displayName), "provider": .string(principal.provider.text),
            "groups": Self.list(principal.groups.sorted()), "tags": Self.list(principal.tags.sorted()),
            "node": .string(principal.node.text), "host": .string(principal.host.text),
            "addresses": Self.list(own.addresses), "amr": Self.list(own.amr), "session": .string(own.session.text),
            "session_expires_at": .integer(session.expiresAt),
            "authorization_expires_at": .integer(own.validity.expiresAt),
        ]
        members.merge(deviceMembers) { _, new in new }
        if let email = principal.email { members["email"] = .string(email.text) }
        if let authTime = own.authTime { members["auth_time"] = .integer(authTime) }
        if let mfaAt = own.mfaAt { members["mfa_at"] = .integer(mfaAt) }
        return .object(members)
    }

    /// The members of `status` that the link knows.
    package func statusMembers() -> [String: JSON] {
        var members: [String: JSON] = [
            "version": .string(ProgramVersion.current), "state": .string(localState.rawValue),
            "control": .string(status.control.rawValue), "control_since": .integer(status.since),
            "addresses": .array([]), "peers": .integer(livingPeers.count),
        ]
        members.merge(deviceMembers) { _, new in new }
        if let server = state.session?.server ?? state.settings.server { members["server"] = .string(server.text) }
        if let session = state.session { members["session_expires_at"] = .integer(session.expiresAt) }
        if let own = netmap?.own ?? registered?.authorization {
            members["host"] = .string(own.principal.host.text)
            members["person"] = .string(own.principal.label)
            members["addresses"] = Self.list(own.addresses)
            if let name = registered?.withheldName, name != own.principal.host.text {
                members["withheld_name"] = .string(name)
            }
            members["authorization_expires_at"] = .integer(own.validity.expiresAt)
        }
        if let revision = netmap?.view?.policy.revision { members["policy_revision"] = .string(revision) }
        if let next = status.nextAttemptAt { members["next_attempt_at"] = .integer(next) }
        if let problem = status.problem ?? expiryProblem {
            members["problem"] = .string(problem.message)
            members["remedy"] = .string(problem.remedy)
        }
        return members
    }

    /// One entry a peer, by host name; what the tunnel knows is added by WireGuard key.
    package func peerReports() -> [(key: X25519PublicKey, members: [String: JSON])] {
        guard let view = netmap?.view else { return [] }
        return livingPeers.sorted { $0.principal.host < $1.principal.host }.map { peer in
            let principal = peer.principal
            var members: [String: JSON] = [
                "node": .string(principal.node.text), "host": .string(principal.host.text),
                "addresses": Self.list(peer.addresses), "person": .string(principal.label),
                "name": .string(principal.displayName), "groups": Self.list(principal.groups.sorted()),
                "tags": Self.list(principal.tags.sorted()), "authorization_expires_at": .integer(peer.expiresAt),
                "may_reach_us": Self.list(view.services(for: peer, now: environment.now())),
                "we_may_reach": Self.list(view.services(at: peer, now: environment.now())),
                "candidates": Self.list(peer.candidates),
                "received": 0, "sent": 0,
            ]
            if let email = principal.email { members["email"] = .string(email.text) }
            return (peer.wireGuardKey, members)
        }
    }

    /// The six words of the device key's fingerprint.
    package var fingerprintWords: [String] {
        FingerprintWords.words(of: Base64URL.decode(deviceKey.publicKey.thumbprint) ?? [])
    }

    private var livingPeers: [MeshNode] {
        let now = environment.now()
        guard let view = netmap?.view, view.own.isLiving(at: now) else { return [] }
        return view.peers.values.filter { $0.isLiving(at: now) }
    }

    private var expiryProblem: Problem? {
        guard let own = netmap?.view?.own, !own.isLiving(at: environment.now()) else { return nil }
        return Problem(
            "This device's authorization has expired and was not renewed.",
            remedy: "Check the connection to the server.")
    }

    private var deviceMembers: [String: JSON] {
        ["device": .string(deviceKey.publicKey.thumbprint), "words": Self.list(fingerprintWords)]
    }

    private static func list(_ values: some Collection<some CustomStringConvertible>) -> JSON {
        .array(values.map { .string($0.description) })
    }
}
