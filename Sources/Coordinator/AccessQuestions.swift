package import AccessPolicy
package import Identity
internal import NetworkAddresses
internal import Store

/// Why one's own device may or may not reach another.
package struct WhyAnswer: Hashable, Sendable {
    package let path: PathExplanation
    /// What was asked for is no device of this network, as far as the asker may know.
    package let isUnknown: Bool
    /// When it was answered, in seconds since the epoch.
    package let now: Int
}

/// Questions about who may reach what, over everybody and every node.
extension Coordinator {
    /// The whole directory as it is now, under the policy in force: active people with their devices, people whom a
    /// directory names and who have not signed in yet, and all nodes. Errors: `store`, `notStarted`.
    package func accessQuestions() async throws(CoordinatorError) -> AccessQuestions {
        guard isStarted else { throw .notStarted }
        try await catchUp()
        let (people, memberships, users) = try await read { reader in
            (try reader.people(), try reader.memberships(), try reader.provisionedUsers())
        }
        let now = clock()
        let nodes = directory.nodes.sorted { $0.record.host < $1.record.host }
        let devices = Dictionary(grouping: nodes.filter { $0.session != nil }) { $0.session?.person }
        var everybody = people.filter(\.isActive).map { person in
            directoryPerson(person, memberships[person.id] ?? [:], (devices[person.id] ?? []).map(device))
        }
        everybody += users.compactMap(Self.stranger)
        everybody.sort { ($0.label, $0.principal.person) < ($1.label, $1.principal.person) }
        return AccessQuestions(
            policy: policy, people: everybody, destinations: nodes.map(Self.destination), now: now)
    }

    /// The same for any node, for administrators. Errors: `unknownHost`, `notRegistered` when it is signed out, `store`,
    /// `notStarted`.
    package func why(
        from source: HostName, host text: String, service: Service?
    ) async throws(CoordinatorError) -> WhyAnswer {
        guard isStarted else { throw .notStarted }
        try await catchUp()
        guard let node = directory.nodes.first(where: { $0.record.host == source }) else { throw .unknownHost }
        return try await why(node: node.record.id, host: text, service: service)
    }

    /// What the node of a session may reach at a host, by name or overlay address. What it may not know anything of is
    /// answered as what does not exist. Errors: `unknownHost`, `store`, `notRegistered`, `notStarted`.
    package func why(
        session: SessionID, host text: String, service: Service?
    ) async throws(CoordinatorError) -> WhyAnswer {
        guard isStarted else { throw .notStarted }
        try await catchUp()
        guard let own = directory.node(session: session)?.record.id else { throw .notRegistered }
        return try await why(node: own, host: text, service: service)
    }

    private func why(
        node own: NodeID, host text: String, service: Service?
    ) async throws(CoordinatorError) -> WhyAnswer {
        guard let facts = mesh.context(of: own) else { throw .notRegistered }
        let person = facts.principal.person
        let memberships = try await read { try $0.memberships(of: person) }
        let now = clock()
        let found = directory.nodes.first { Self.isMeant($0.record, by: text) }
        func path(to destination: Principal) -> PathExplanation {
            PathExplanation(
                policy: policy, source: facts.principal, destination: destination, service: service,
                context: facts.context, sources: Self.sources(memberships), now: now)
        }
        if let found {
            let answer = path(to: policy.localGroups.enriched(Self.destination(found).principal))
            if answer.mayTalk || found.record.id == own { return WhyAnswer(path: answer, isUnknown: false, now: now) }
        }
        var nobody = Principal(describedBy: [])
        nobody.host = HostName(text) ?? HostName(nearest: text) ?? nobody.host
        let answer = path(to: policy.localGroups.enriched(nobody))
        // Whom a rule names by this name alone may know that there is no such device; to others it may be one or none.
        guard !answer.mayTalk else { throw .unknownHost }
        return WhyAnswer(path: answer, isUnknown: true, now: now)
    }

    private static func isMeant(_ node: NodeRecord, by text: String) -> Bool {
        if let address = IPAddress(text) { return address == node.ipv4 || address == node.ipv6 }
        return node.host == HostName(text)
    }

    private func directoryPerson(
        _ person: PersonRecord, _ memberships: [GroupName: Set<MembershipSource>], _ devices: [DirectoryDevice]
    ) -> DirectoryPerson {
        DirectoryPerson(
            principal: DirectoryPerson.withoutDevice(
                person: person.id, email: person.email, displayName: person.displayName, provider: person.provider,
                groups: Set(memberships.keys)),
            sources: Self.sources(memberships), devices: devices)
    }

    private func device(_ facts: NodeFacts) -> DirectoryDevice {
        DirectoryDevice(
            node: facts.record.id, host: facts.record.host, tags: facts.record.tags,
            context: mesh.context(of: facts.record.id)?.context)
    }

    /// Somebody whom a directory names and nobody here has met.
    private static func stranger(_ user: ProvisionedUser) -> DirectoryPerson? {
        guard let nobody = PersonID("AAAAAAAAAAAAAAAAAAAAAA") else { return nil }
        let source = MembershipSource.scim.rawValue
        return DirectoryPerson(
            principal: DirectoryPerson.withoutDevice(
                person: nobody, email: user.email, displayName: user.displayName ?? user.userName,
                provider: user.provider, groups: user.groups),
            sources: Dictionary(user.groups.map { ($0, [source]) }) { first, _ in first })
    }

    private static func destination(_ facts: NodeFacts) -> DirectoryDestination {
        if let principal = facts.principal {
            return DirectoryDestination(principal: principal, person: principal.label)
        }
        var principal = Principal(describedBy: facts.record.tags.map(Selector.tag) + [.device(facts.record.host)])
        principal.node = facts.record.id
        return DirectoryDestination(principal: principal, person: nil)
    }

    private static func sources(_ memberships: [GroupName: Set<MembershipSource>]) -> [GroupName: [String]] {
        memberships.mapValues { $0.map(\.rawValue).sorted() }
    }
}
