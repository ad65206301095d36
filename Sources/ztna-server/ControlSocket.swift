internal import AccessPolicy
import Coordinator
import Identity
import LocalSocket
import Logging
internal import NetworkAddresses
import Sessions
internal import Store
import StrictJSON

/// The administrator's way in when no identity provider can be reached: root or the server's own user, on this machine.
///
/// One request `{"command": …}`, one answer `{"result": …}` or `{"error": words}`.
struct ControlSocket: Sendable {
    let coordinator: Coordinator
    let policy: PolicyReloading
    let saml: SAMLControl
    let provisioning: ProvisioningControl
    let logger: Logger

    func answer(_ request: JSON, _ peer: PeerCredentials, _ responder: Responder) async throws {
        let answer: JSON
        do {
            let members = try JSONMembers(request)
            let command = try members.string("command")
            answer = ["result": try await result(of: command, members)]
            if !command.hasSuffix("-list") {
                logger.notice("administrator's command", metadata: ["command": "\(command)", "uid": "\(peer.uid)"])
            }
        } catch let error as CoordinatorError { answer = ["error": .string(error.explanation)] } catch let error
            as ControlFailure
        { answer = ["error": .string(error.explanation)] } catch {
            answer = ["error": "the request is not one this server knows: are command and server of one version?"]
        }
        try await responder.send(answer)
    }

    struct ControlFailure: Error { let explanation: String }

    private func result(of command: String, _ members: JSONMembers) async throws -> JSON {
        switch command {
        case "sessions-list": return .array(try await coordinator.sessions().map(Self.json))
        case "sessions-end":
            guard let id = SessionID(try members.string("session")) else { throw CoordinatorError.unknownSession }
            try await coordinator.endSession(id, reason: .administrator)
            return ["ended": .string(id.text)]
        case "nodes-list": return .array(try await coordinator.nodes().map(Self.json))
        case "nodes-tag":
            let tags = try members.strings("tags").map { text in
                guard let tag = TagName(text) else {
                    throw ControlFailure(
                        explanation: "a tag is 1…64 of a–z, 0–9 and hyphen, without `tag:`: not \(text)")
                }
                return tag
            }
            let node = try await node(members)
            try await coordinator.setTags(node, to: Set(tags))
            return ["node": .string(node.text), "tags": .array(tags.map { .string($0.text) })]
        case "nodes-delete":
            let node = try await node(members)
            try await coordinator.deleteNode(node)
            return ["deleted": .string(node.text)]
        case "people-list": return .array(try await coordinator.people().map(Self.json))
        case "saml-list": return try await saml.list()
        case "saml-test": return try saml.test(try members.string("provider"))
        case "policy-reload":
            if let wrong = await policy.reload() { throw ControlFailure(explanation: wrong) }
            return ["revision": .string(await coordinator.policy.revision)]
        default:
            if let result = try await provisioning.result(of: command, members) { return result }
            throw ControlFailure(explanation: "the server knows no command \(command.prefix(40))")
        }
    }

    /// A node by its id or its host name.
    private func node(_ members: JSONMembers) async throws -> NodeID {
        let text = try members.string("node")
        let nodes = try await coordinator.nodes()
        guard let node = nodes.first(where: { $0.id.text == text || $0.host.text == text }) else {
            throw CoordinatorError.unknownNode
        }
        return node.id
    }

    private static func json(_ session: SessionListing) -> JSON {
        [
            "session": .string(session.id.text), "person": .string(session.label),
            "provider": .string(session.provider.text), "device": .string(session.device.thumbprint),
            "node": session.node.map { .string($0.text) } ?? .null,
            "host": session.host.map { .string($0.text) } ?? .null,
            "created_at": .integer(session.createdAt), "expires_at": .integer(session.expiresAt),
            "last_seen": session.lastSeen.map { .integer($0) } ?? .null, "connected": .bool(session.isConnected),
        ]
    }

    private static func json(_ node: NodeListing) -> JSON {
        [
            "node": .string(node.id.text), "host": .string(node.host.text), "os": .string(node.operatingSystem),
            "addresses": [.string(node.ipv4.description), .string(node.ipv6.description)],
            "tags": .array(node.tags.sorted().map { .string($0.text) }), "device": .string(node.device.thumbprint),
            "person": node.label.map { .string($0) } ?? .null,
            "groups": .array(node.groups.sorted().map { .string($0.text) }),
            "session": node.session.map { .string($0.text) } ?? .null, "connected": .bool(node.isConnected),
            "last_seen": node.lastSeen.map { .integer($0) } ?? .null,
            "authorized_until": node.authorizedUntil.map { .integer($0) } ?? .null,
            "signed_out_because": node.signedOutReason.map { .string($0) } ?? .null,
        ]
    }

    private static func json(_ listing: PersonListing) -> JSON {
        let groups = listing.groups.sorted { $0.key < $1.key }.map { group, sources -> JSON in
            ["group": .string(group.text), "sources": .array(sources.map { .string($0.rawValue) })]
        }
        return [
            "person": .string(listing.person.id.text), "provider": .string(listing.person.provider.text),
            "subject": .string(listing.person.subject), "email": listing.person.email.map { .string($0.text) } ?? .null,
            "name": .string(listing.person.displayName), "active": .bool(listing.person.isActive),
            "groups": .array(groups), "open_sessions": .integer(listing.openSessions),
        ]
    }
}
