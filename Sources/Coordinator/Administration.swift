internal import AccessPolicy
package import Identity
internal import Logging
package import NetworkAddresses
package import Sessions
package import Store

/// An open session as administrators see it.
package struct SessionListing: Hashable, Sendable {
    package let id: SessionID
    package let person: PersonID
    /// The e-mail address, else the display name.
    package let label: String
    package let provider: ProviderID
    package let device: DeviceID
    /// The node of the session's device, if it has registered under this session.
    package let node: NodeID?
    package let host: HostName?
    package let createdAt: Int
    package let expiresAt: Int
    /// When its node was last connected, in this run of the server; nil when it was not.
    package let lastSeen: Int?
    package let isConnected: Bool
}

/// A node as administrators see it.
package struct NodeListing: Hashable, Sendable {
    package let id: NodeID
    package let host: HostName
    package let operatingSystem: String
    package let ipv4: IPAddress
    package let ipv6: IPAddress
    package let tags: Set<TagName>
    /// Nil: nobody has said.
    package let isManaged: Bool?
    package let device: DeviceID
    /// Who had it last; nil when nobody knows.
    package let person: PersonID?
    package let label: String?
    package let groups: Set<GroupName>
    package let session: SessionID?
    package let createdAt: Int
    package let updatedAt: Int
    package let lastSeen: Int?
    package let isConnected: Bool
    /// When its authorization ends unless renewed; nil when it has none.
    package let authorizedUntil: Int?
    /// Why it has none: a `Session.End`, or `signed-out`.
    package let signedOutReason: String?
}

/// A person as administrators see them.
package struct PersonListing: Hashable, Sendable {
    package let person: PersonRecord
    /// Each group with the sources that say so.
    package let groups: [GroupName: Set<MembershipSource>]
    package let openSessions: Int
}

/// What an administrator asks and does. Every change is in the netmaps of all connected nodes when the call returns.
extension Coordinator {
    /// Ends a session now; one that has ended already stays as it is. Errors: `unknownSession`, `store`.
    package func endSession(_ id: SessionID, reason: Session.End) async throws(CoordinatorError) {
        let now = clock()
        let (facts, asOf) = try await write { transaction in
            guard var session = try transaction.session(id) else { throw CoordinatorError.unknownSession }
            if session.endedAt == nil {
                session.end(reason, now: now)
                try transaction.save(session)
                try transaction.appendChange(.session(id), at: now)
            }
            let node = try transaction.node(device: session.device)
            return (
                try node.map { try NodeFacts(reading: $0, from: transaction) }, try transaction.lastChangeSequence()
            )
        }
        sessionDeadlines.set(id, at: nil)
        if let facts { settle(facts, asOf: asOf, now: now) }
        flush(now: now)
        logger.info(
            "session ended",
            metadata: [
                "session": "\(id)", "reason": "\(reason.rawValue)", "node": "\(facts?.record.id.text ?? "")",
                "person": "\(facts?.principal?.label ?? "")",
            ])
    }

    /// Removes a node and ends the open session of its device, so that it stays away until somebody signs in there again,
    /// as a new node. Its addresses rest for a year. Errors: `unknownNode`, `store`.
    package func deleteNode(_ id: NodeID) async throws(CoordinatorError) {
        let now = clock()
        let session = try await write { transaction in
            guard let node = try transaction.node(id) else { throw CoordinatorError.unknownNode }
            var session = try transaction.openSession(of: node.device)
            session?.end(.administrator, now: now)
            if let session {
                try transaction.save(session)
                try transaction.appendChange(.session(session.id), at: now)
            }
            try transaction.deleteNode(id, now: now)
            try transaction.appendChange(.node(id), at: now)
            return session?.id
        }
        logger.info("node deleted", metadata: metadata(of: id))
        if let session { sessionDeadlines.set(session, at: nil) }
        vanish(id)
        flush(now: now)
    }

    /// Who acts under a session, as the policy sees them; nil while its node is not in the mesh.
    package func principal(of session: SessionID) -> Principal? {
        guard let node = directory.node(session: session), mesh.nodes[node.record.id] != nil else { return nil }
        return node.principal.map(policy.localGroups.enriched)
    }

    /// All open sessions, the oldest first.
    package func sessions() async throws(CoordinatorError) -> [SessionListing] {
        let rows = try await read { reader in
            try reader.openSessions().map { session in
                (session, try reader.person(session.person), try reader.node(device: session.device))
            }
        }
        return rows.sorted { ($0.0.createdAt, $0.0.id) < ($1.0.createdAt, $1.0.id) }.map { session, person, node in
            let node = node?.session == session.id ? node : nil
            return SessionListing(
                id: session.id, person: session.person, label: person?.label ?? session.person.text,
                provider: session.provider, device: session.device, node: node?.id, host: node?.host,
                createdAt: session.createdAt, expiresAt: session.expiresAt, lastSeen: node.flatMap { seen($0.id) },
                isConnected: node.map { isConnected($0.id) } ?? false)
        }
    }

    /// All nodes, signed out or not, by host name.
    package func nodes() async throws(CoordinatorError) -> [NodeListing] {
        let all = try await read { reader in
            try reader.nodes().map { try NodeFacts(reading: $0, from: reader) }
        }
        let now = clock()
        return all.sorted { $0.record.host < $1.record.host }.map { facts in
            let record = facts.record
            var reason: String?
            if case .signedOut(let text) = facts.standing(now: now) { reason = text }
            return NodeListing(
                id: record.id, host: record.host, operatingSystem: record.operatingSystem, ipv4: record.ipv4,
                ipv6: record.ipv6, tags: record.tags, isManaged: record.isManaged, device: record.device,
                person: facts.session?.person,
                label: facts.principal?.label, groups: facts.groups, session: record.session,
                createdAt: record.createdAt, updatedAt: record.updatedAt, lastSeen: seen(record.id),
                isConnected: isConnected(record.id),
                authorizedUntil: reason == nil ? mesh.nodes[record.id]?.expiresAt : nil, signedOutReason: reason)
        }
    }

    /// All people, in the order of their labels.
    package func people() async throws(CoordinatorError) -> [PersonListing] {
        let all = try await read { reader in
            try reader.people().map { person in
                PersonListing(
                    person: person, groups: try reader.memberships(of: person.id),
                    openSessions: try reader.openSessions(of: person.id).count)
            }
        }
        return all.sorted { ($0.person.label, $0.person.id) < ($1.person.label, $1.person.id) }
    }

    private func isConnected(_ id: NodeID) -> Bool { feeds[id]?.mailbox?.isFinished == false }
    private func seen(_ id: NodeID) -> Int? { isConnected(id) ? clock() : lastSeen[id] }
}
