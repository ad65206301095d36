import AccessPolicy
import Coordinator
import Gateway
import Identity
import NetworkAddresses
import ServerConfiguration
import Sessions
import Store
import StrictJSON
import Wire

/// The commands about sessions, nodes and people.
struct MeshAdministration: Sendable {
    let coordinator: Coordinator
    let policy: PolicyReloading

    var commands: [AdministrationCommand] {
        [
            AdministrationCommand("sessions-list", .administrators) { _, _ in
                .array(try await coordinator.sessions().map(Self.json))
            },
            AdministrationCommand("sessions-end", .administrators, changes: true) { members, _ in
                guard let id = SessionID(try members.string("session")) else { throw CoordinatorError.unknownSession }
                try await coordinator.endSession(id, reason: .administrator)
                return ["ended": .string(id.text)]
            },
            AdministrationCommand("nodes-list", .administrators) { _, _ in
                .array(try await coordinator.nodes().map(Self.json))
            },
            AdministrationCommand("nodes-tag", .anybody, changes: true) { members, administrator in
                try await tag(members, by: administrator)
            },
            AdministrationCommand("nodes-managed", .administrators, changes: true) { members, _ in
                let node = try await node(members)
                let isManaged = try members.bool("managed")
                try await coordinator.setManaged(node.id, to: isManaged)
                return [
                    "node": .string(node.id.text), "host": .string(node.host.text), "managed": .bool(isManaged),
                ]
            },
            AdministrationCommand("nodes-rename", .administrators, changes: true) { members, _ in
                let node = try await node(members)
                let text = try members.string("name")
                guard let name = HostName(text) else {
                    throw AdministrationFailure(
                        explanation:
                            "a name is 1…63 of a–z, 0–9 and hyphen, with none at its ends: not \(text.prefix(80))")
                }
                try await coordinator.rename(node.id, to: name)
                return ["node": .string(node.id.text), "host": .string(name.text), "was": .string(node.host.text)]
            },
            AdministrationCommand("nodes-delete", .administrators, changes: true) { members, _ in
                let node = try await node(members)
                try await coordinator.deleteNode(node.id)
                return ["deleted": .string(node.id.text)]
            },
            AdministrationCommand("people-list", .administrators) { _, _ in
                .array(try await coordinator.people().map(Self.json))
            },
            AdministrationCommand("policy-reload", .local, changes: true) { _, _ in
                if let wrong = await policy.reload() { throw AdministrationFailure(explanation: wrong) }
                return ["revision": .string(await policy.document.policy.revision)]
            },
        ]
    }

    /// An administrator gives any tag; others those that they own, as `TagGiver` says.
    private func tag(_ members: JSONMembers, by administrator: Administrator) async throws -> JSON {
        let tags = try Set(
            members.strings("tags").map { text in
                guard let tag = TagName(text.hasPrefix("tag:") ? String(text.dropFirst(4)) : text) else {
                    throw AdministrationFailure(
                        explanation: "a tag is 1…64 of a–z, 0–9 and hyphen: not \(text.prefix(80))")
                }
                return tag
            })
        let giver = try await giver(administrator, asking: tags)
        let text = try members.string("node")
        do {
            let node = try await node(members)
            let all = try await coordinator.setTags(node.id, to: tags, by: giver)
            return [
                "node": .string(node.id.text), "host": .string(node.host.text),
                "tags": .array(all.sorted().map { .string($0.text) }),
            ]
        } catch let error as CoordinatorError where giver != .administrator && Self.hidesNodes(error) {
            // Whether there is such a device is nobody's business who may not tag it.
            throw ControlServices.Refusal(
                .notAnAdministrator,
                "\(text.prefix(80)) is neither a device of \(administrator.label) nor one that has a tag that they own: an "
                    + "administrator must give it the first one")
        }
    }

    private static func hidesNodes(_ error: CoordinatorError) -> Bool {
        switch error {
        case .unknownNode, .nodeOfOthers: true
        default: false
        }
    }

    /// Refused, before anything is said of a node: whoever owns no tag, or not all that they ask for.
    private func giver(
        _ administrator: Administrator, asking tags: Set<TagName>
    ) async throws(ControlServices.Refusal) -> TagGiver {
        guard case .person(let caller, isAdministrator: false) = administrator else { return .administrator }
        let person = await coordinator.principal(of: caller.session)
        let owned = if let person { await policy.tags(ownedBy: person) } else { Set<TagName>() }
        guard !owned.isEmpty, tags.isSubset(of: owned) else {
            let what = tags.subtracting(owned).min().map { "tag:\($0)" } ?? "tags"
            throw ControlServices.Refusal(
                .notAnAdministrator,
                "\(caller.label) may not give or take \(what): its owners are those that `tag_owners` in the policy "
                    + "names, and the administrators")
        }
        return .owner(caller.person, of: owned)
    }

    /// A node by its id or its host name.
    private func node(_ members: JSONMembers) async throws -> NodeListing {
        let text = try members.string("node")
        let nodes = try await coordinator.nodes()
        guard let node = nodes.first(where: { $0.id.text == text || $0.host.text == text }) else {
            throw CoordinatorError.unknownNode
        }
        return node
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
            "tags": .array(node.tags.sorted().map { .string($0.text) }),
            "managed": node.isManaged.map { .bool($0) } ?? .null, "device": .string(node.device.thumbprint),
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
