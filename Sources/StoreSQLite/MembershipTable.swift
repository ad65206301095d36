internal import Identity
internal import SCIM
internal import Store

/// `scim_members`, and who in the directory is a person who signs in.
extension SQLiteReading {
    package func members(ofGroup id: String, of provider: ProviderID, limit: Int) throws -> [Reference] {
        guard let group = try sequence(.group, id: id, of: provider) else { return [] }
        return try connection.rows(
            "scim_members",
            """
            SELECT u.id, u.shown_name FROM scim_members m CROSS JOIN scim_users u ON u.sequence = m.user
            WHERE m.scim_group = ? ORDER BY m.user LIMIT ?
            """, [.integer(group), .integer(max(0, limit))]
        ) { row throws(StoreError) in Reference(id: try row.text(0), display: try row.optionalText(1)) }
    }

    package func groups(ofUsers ids: [String], of provider: ProviderID) throws -> [String: [Reference]] {
        var result: [String: [Reference]] = [:]
        for id in ids {
            let groups = try connection.rows(
                "scim_members",
                """
                SELECT g.id, g.shown_name FROM scim_users u CROSS JOIN scim_members m ON m.user = u.sequence
                CROSS JOIN scim_groups g ON g.sequence = m.scim_group
                WHERE u.provider = ? AND u.id = ? ORDER BY m.scim_group
                """, [.text(provider.text), .text(id)]
            ) { row throws(StoreError) in Reference(id: try row.text(0), display: try row.text(1)) }
            if !groups.isEmpty { result[id] = groups }
        }
        return result
    }

    package func person(ofUser id: String, of provider: ProviderID) throws -> PersonID? {
        let found = try connection.row(
            "scim_users", "SELECT person FROM scim_users WHERE provider = ? AND id = ?",
            [.text(provider.text), .text(id)]
        ) { row throws(StoreError) in try row.optionalParsed(0) { PersonID($0) } }
        return found ?? nil
    }

    package func user(ofPerson person: PersonID) throws -> ResourceRecord? {
        let found = try connection.row(
            "scim_users", "SELECT provider, id FROM scim_users WHERE person = ?", [.text(person.text)]
        ) { row throws(StoreError) in (try row.parsed(0) { ProviderID($0) }, try row.text(1)) }
        return try found.flatMap { try resource(.user, id: $0.1, of: $0.0) }
    }

    package func linkedUserCount(of provider: ProviderID) throws -> Int {
        try connection.row(
            "scim_users", "SELECT count(*) FROM scim_users WHERE provider = ? AND person IS NOT NULL",
            [.text(provider.text)]
        ) { row throws(StoreError) in try row.integer(0) } ?? 0
    }

    package func peopleSignedIn(inGroup id: String, of provider: ProviderID) throws -> [PersonID] {
        guard let group = try sequence(.group, id: id, of: provider) else { return [] }
        return try connection.rows(
            "scim_members",
            """
            SELECT u.person FROM scim_members m CROSS JOIN scim_users u ON u.sequence = m.user
            WHERE m.scim_group = ? AND u.person IN (SELECT person FROM sessions WHERE ended_at IS NULL)
            ORDER BY m.user
            """, [.integer(group)]
        ) { row throws(StoreError) in try row.parsed(0) { PersonID($0) } }
    }

    /// A name that no policy can write is no group of anybody's.
    func provisionedGroups(of person: PersonID) throws(StoreError) -> [GroupName] {
        try connection.rows(
            "scim_members",
            """
            SELECT g.shown_name FROM scim_users u CROSS JOIN scim_members m ON m.user = u.sequence
            CROSS JOIN scim_groups g ON g.sequence = m.scim_group WHERE u.person = ?
            """, [.text(person.text)]
        ) { row throws(StoreError) in GroupName(try row.text(0)) }.compactMap { $0 }
    }
}

extension SQLiteTransaction {
    package func addMembers(_ ids: [String], toGroup group: String, of provider: ProviderID) throws -> [String] {
        guard let group = try sequence(.group, id: group, of: provider) else { return [] }
        return try changeMembers(
            ids, of: provider, group: group,
            "INSERT INTO scim_members (scim_group, user) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING user")
    }

    package func removeMembers(_ ids: [String], fromGroup group: String, of provider: ProviderID) throws -> [String] {
        guard let group = try sequence(.group, id: group, of: provider) else { return [] }
        return try changeMembers(
            ids, of: provider, group: group,
            "DELETE FROM scim_members WHERE scim_group = ? AND user = ? RETURNING user")
    }

    private func changeMembers(
        _ ids: [String], of provider: ProviderID, group: Int, _ statement: String
    ) throws -> [String] {
        var changed: [String] = []
        for id in ids {
            guard let user = try sequence(.user, id: id, of: provider) else { continue }
            let rows = try connection.rows(
                "scim_members", statement, [.integer(group), .integer(user)]
            ) { row throws(StoreError) in try row.integer(0) }
            if !rows.isEmpty { changed.append(id) }
        }
        return changed
    }

    package func removeAllMembers(fromGroup group: String, of provider: ProviderID) throws -> [String] {
        guard let sequence = try sequence(.group, id: group, of: provider) else { return [] }
        let members = try members(ofGroup: group, of: provider, limit: .max).map(\.id)
        try connection.run("DELETE FROM scim_members WHERE scim_group = ?", [.integer(sequence)])
        return members
    }

    package func link(user id: String, of provider: ProviderID, to person: PersonID) throws {
        try connection.run(
            "UPDATE scim_users SET person = ? WHERE provider = ? AND id = ?",
            [.text(person.text), .text(provider.text), .text(id)])
    }
}
