internal import Identity
internal import IdentityProviders
internal import SCIM
internal import Store
package import StrictJSON

/// What the directory knows and from where: `ztna-server scim status`, `ztna-server directory`.
extension ProvisioningAdministration {
    /// Each connection: its size, when it was last heard of, what is held, and where directory and sign-ins drift apart.
    package func status(of name: String?) async throws -> JSON {
        let providers = try name.map { [try connection($0).provider] } ?? allProviders
        let now = services.clock()
        let contacts = flow.contacts
        let configurations = flow.connections.mapValues(\.configuration)
        return .array(
            try await services.store.read { reader in
                let people = try reader.people()
                return try providers.map { provider in
                    let tokens = try reader.provisioningTokens(of: provider)
                    let known = [contacts.lastContact(provider), tokens.compactMap(\.lastUsedAt).max()]
                    let users = try reader.resourceCount(.user, of: provider, matching: nil)
                    let strangers = try people.filter { person in
                        guard person.provider == provider, try reader.user(ofPerson: person.id) == nil else {
                            return false
                        }
                        return try !reader.openSessions(of: person.id).isEmpty
                    }
                    let holds = try reader.removalHolds(of: provider).filter { hold in
                        hold.confirmedAt.map { now < $0 + RemovalGuard.confirmed } ?? (now < hold.lastAt + 86_400)
                    }
                    let share = configurations[provider]?.holdRemovalsAbove
                    return [
                        "connection": .string(provider.text),
                        "last_contact": known.compactMap { $0 }.max().map { .integer($0) } ?? .null,
                        "users": .integer(users),
                        "active": .integer(try reader.resourceCount(.user, of: provider, matching: .active(true))),
                        "groups": .integer(try reader.resourceCount(.group, of: provider, matching: nil)),
                        "valid_tokens": .integer(tokens.count { $0.isValid(at: now) }),
                        "removals_last_hour": .integer(
                            try reader.usersRemoved(of: provider, since: now - RemovalGuard.window).count),
                        "hold_removals_above": share.map { .string("\($0)%") } ?? .null,
                        "held": .array(holds.map(Self.json)),
                        "drift": [
                            "never_signed_in": .integer(users - (try reader.linkedUserCount(of: provider))),
                            "signed_in_but_not_in_directory": .array(
                                strangers.prefix(50).map { .string($0.email?.text ?? $0.displayName) }),
                        ],
                    ]
                }
            })
    }

    /// Users of the directory, then people known by their sign-ins alone; at most `limit`.
    package func directoryList(connection name: String?, limit: Int) async throws -> JSON {
        let providers =
            try name.map { name throws(Failure) in
                guard let id = ProviderID(name), configuration.provider(id) != nil else {
                    throw Failure(explanation: "no identity provider is called so")
                }
                return [id]
            } ?? configuration.providers.map(\.id)
        let bounded = min(max(1, limit), 10_000)
        return .array(
            try await services.store.read { reader in
                var rows: [JSON] = []
                for provider in providers {
                    let users = try reader.resources(
                        .user, of: provider, matching: nil, from: .offset(0), limit: bounded - rows.count)
                    for user in users { rows.append(try DirectoryEntry(user, of: provider, from: reader).summary) }
                }
                for person in try reader.people() where rows.count < bounded && providers.contains(person.provider) {
                    guard try reader.user(ofPerson: person.id) == nil else { continue }
                    rows.append(try DirectoryEntry(person, from: reader).summary)
                }
                return rows
            })
    }

    /// Everything known of whom this names: a user name, an address, or the id of a user or person.
    package func directoryShow(_ name: String) async throws -> JSON {
        let providers = configuration.providers.map(\.id)
        let entries = try await services.store.read { reader -> [JSON] in
            var entries: [JSON] = []
            for provider in providers {
                var users: [ResourceRecord] = []
                for lookup: FilterPlan.Lookup in [.id(name), .userName(folded: SCIMText.folded(name))] {
                    users += try reader.resources(.user, of: provider, matching: lookup, from: .offset(0), limit: 1)
                }
                var people: [PersonRecord] = []
                if let person = try PersonID(name).flatMap({ try reader.person($0) }), person.provider == provider {
                    people.append(person)
                }
                if let address = EmailAddress(name) { people += try reader.people(provider: provider, email: address) }
                for user in users { entries.append(try DirectoryEntry(user, of: provider, from: reader).details) }
                for person in people {
                    if let user = try reader.user(ofPerson: person.id) {
                        guard !users.contains(where: { $0.id == user.id }) else { continue }
                        entries.append(try DirectoryEntry(user, of: provider, from: reader).details)
                    } else {
                        entries.append(try DirectoryEntry(person, from: reader).details)
                    }
                }
            }
            return entries
        }
        guard !entries.isEmpty else {
            throw Failure(explanation: "nobody has that user name, address or id")
        }
        return .array(entries)
    }
}

/// One person or user, with the source of each fact.
private struct DirectoryEntry {
    let summary: JSON
    let details: JSON

    init(_ user: ResourceRecord, of provider: ProviderID, from reader: any StoreReader) throws {
        let person = try reader.person(ofUser: user.id, of: provider).flatMap { try reader.person($0) }
        let groups: [String: [String]]
        if let person {
            groups = try Self.groups(of: person, from: reader)
        } else {
            let found = try reader.groups(ofUsers: [user.id], of: provider)[user.id] ?? []
            groups = Dictionary(found.compactMap(\.display).map { ($0, ["scim"]) }) { first, _ in first }
        }
        try self.init(user: user, person: person, provider: provider, groups: groups, from: reader)
    }

    init(_ person: PersonRecord, from reader: any StoreReader) throws {
        try self.init(
            user: nil, person: person, provider: person.provider, groups: Self.groups(of: person, from: reader),
            from: reader)
    }

    private static func groups(of person: PersonRecord, from reader: any StoreReader) throws -> [String: [String]] {
        let memberships = try reader.memberships(of: person.id)
        return Dictionary(memberships.map { ($0.key.text, $0.value.map(\.rawValue).sorted()) }) { first, _ in first }
    }

    private init(
        user: ResourceRecord?, person: PersonRecord?, provider: ProviderID, groups: [String: [String]],
        from reader: any StoreReader
    ) throws {
        func fact(_ value: JSON, _ source: String) -> JSON { ["value": value, "source": .string(source)] }
        let name = user?.userName ?? person?.email?.text ?? person?.displayName ?? ""
        let isActive = user?.isActive ?? person?.isActive ?? false
        let groupRows = groups.sorted { $0.key < $1.key }.map { group, sources -> JSON in
            ["group": .string(group), "sources": .array(sources.map { .string($0) })]
        }
        let sources = [user == nil ? nil : "scim", person == nil ? nil : "sign-in"].compactMap { $0 }
        var members: [String: JSON] = [
            "connection": .string(provider.text), "name": .string(name), "active": .bool(isActive),
            "person": person.map { .string($0.id.text) } ?? .null, "user": user.map { .string($0.id) } ?? .null,
            "last_sign_in_at": person?.lastSignInAt.map { .integer($0) } ?? .null,
            "sources": .array(sources.map { .string($0) }), "groups": .array(groupRows),
        ]
        summary = .object(members)
        let origin = user == nil ? "sign-in" : "scim"
        var facts: [String: JSON] = ["active": fact(.bool(isActive), origin)]
        for (attribute, value) in user?.attributes ?? [:] where attribute != "active" {
            facts[attribute] = fact(value, "scim")
        }
        if let person {
            facts["subject"] = fact(.string(person.subject), "sign-in")
            if let id = person.directoryID { facts["directory_id"] = fact(.string(id), "sign-in") }
            if let email = person.email { facts["email"] = fact(.string(email.text), "sign-in") }
            members["open_sessions"] = .integer(try reader.openSessions(of: person.id).count)
        }
        members["facts"] = .object(facts)
        if let user {
            members["version"] = .integer(user.version)
            members["modified_at"] = .integer(user.lastModified.milliseconds / 1000)
        }
        details = .object(members)
    }
}
