internal import Identity
internal import Store

extension SQLiteReading {
    package func memberships() throws -> [PersonID: [GroupName: Set<MembershipSource>]] {
        var result: [PersonID: [GroupName: Set<MembershipSource>]] = [:]
        let stored = try connection.rows("memberships", "SELECT person, group_name, source FROM memberships") {
            row throws(StoreError) in
            (
                try row.parsed(0) { PersonID($0) }, try row.parsed(1) { GroupName($0) },
                try row.parsed(2) { MembershipSource(rawValue: $0) }
            )
        }
        for (person, group, source) in stored { result[person, default: [:]][group, default: []].insert(source) }
        let provisioned = try connection.rows(
            "scim_members",
            """
            SELECT u.person, g.shown_name FROM scim_members m CROSS JOIN scim_users u ON u.sequence = m.user
            CROSS JOIN scim_groups g ON g.sequence = m.scim_group WHERE u.person IS NOT NULL
            """
        ) { row throws(StoreError) in (try row.parsed(0) { PersonID($0) }, GroupName(try row.text(1))) }
        for case (let person, let group?) in provisioned {
            result[person, default: [:]][group, default: []].insert(.scim)
        }
        return result
    }

    package func provisionedUsers() throws -> [ProvisionedUser] {
        var groups: [Int: Set<GroupName>] = [:]
        let memberships = try connection.rows(
            "scim_members",
            """
            SELECT m.user, g.shown_name FROM scim_members m CROSS JOIN scim_users u ON u.sequence = m.user
            CROSS JOIN scim_groups g ON g.sequence = m.scim_group WHERE u.person IS NULL AND u.is_active
            """
        ) { row throws(StoreError) in (try row.integer(0), GroupName(try row.text(1))) }
        for case (let user, let group?) in memberships { groups[user, default: []].insert(group) }
        return try connection.rows(
            "scim_users",
            """
            SELECT u.sequence, u.provider, u.user_name, u.shown_name,
                (SELECT min(e.email) FROM scim_emails e WHERE e.user = u.sequence)
            FROM scim_users u WHERE u.person IS NULL AND u.is_active ORDER BY u.sequence
            """
        ) { row throws(StoreError) in
            let (name, address) = (try row.text(2), try row.optionalText(4))
            return ProvisionedUser(
                provider: try row.parsed(1) { ProviderID($0) }, userName: name, displayName: try row.optionalText(3),
                email: EmailAddress(name) ?? address.flatMap { EmailAddress($0) },
                groups: groups[try row.integer(0)] ?? [])
        }
    }
}
