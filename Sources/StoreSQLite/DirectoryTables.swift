internal import Identity
internal import SCIM
internal import Store
internal import StrictJSON

/// `scim_users`, `scim_groups` and `scim_emails`: resources by what they are looked up by.
extension SQLiteReading {
    package func resource(_ type: ResourceType, id: String, of provider: ProviderID) throws -> ResourceRecord? {
        try resources(type, of: provider, matching: .id(id), from: .offset(0), limit: 1).first
    }

    package func resources(
        _ type: ResourceType, of provider: ProviderID, matching lookup: FilterPlan.Lookup?, from start: PageStart,
        limit: Int
    ) throws -> [ResourceRecord] {
        guard let search = ResourceSearch(type, of: provider, matching: lookup) else { return [] }
        let columns = "r.id, r.body, r.created_at, r.modified_at, r.version, r.sequence"
        let statement: String
        let count = SQLiteValue.integer(max(0, limit))
        let place: [SQLiteValue]
        switch start {
        case .after(let sequence):
            statement =
                "SELECT \(columns) FROM \(search.source) WHERE \(search.condition) AND r.sequence > ? "
                + "ORDER BY r.sequence LIMIT ?"
            place = [.integer(sequence), count]
        case .offset(let offset):
            // Passing over rows costs an index entry each, not the rows themselves.
            statement = """
                SELECT \(columns) FROM \(type.table) r WHERE r.sequence IN (
                    SELECT r.sequence FROM \(search.source) WHERE \(search.condition)
                    ORDER BY r.sequence LIMIT ? OFFSET ?) ORDER BY r.sequence
                """
            place = [count, .integer(max(0, offset))]
        }
        return try connection.rows(type.table, statement, search.values + place) { row throws(StoreError) in
            try readResource(type, row)
        }
    }

    package func resourceCount(
        _ type: ResourceType, of provider: ProviderID, matching lookup: FilterPlan.Lookup?
    ) throws -> Int {
        guard let search = ResourceSearch(type, of: provider, matching: lookup) else { return 0 }
        return try connection.row(
            type.table, "SELECT count(*) FROM \(search.source) WHERE \(search.condition)", search.values
        ) { row throws(StoreError) in try row.integer(0) } ?? 0
    }

    package func users(among ids: [String], of provider: ProviderID) throws -> Set<String> {
        var found: Set<String> = []
        for id in ids where try sequence(.user, id: id, of: provider) != nil { found.insert(id) }
        return found
    }

    /// The row of a resource.
    func sequence(_ type: ResourceType, id: String, of provider: ProviderID) throws(StoreError) -> Int? {
        try connection.row(
            type.table, "SELECT sequence FROM \(type.table) WHERE provider = ? AND id = ?",
            [.text(provider.text), .text(id)]
        ) { row throws(StoreError) in try row.integer(0) }
    }
}

private func readResource(_ type: ResourceType, _ row: SQLiteRow) throws(StoreError) -> ResourceRecord {
    ResourceRecord(
        type: type, id: try row.text(0),
        attributes: try row.parsed(1) { try? JSON(parsing: $0.utf8, maximumBytes: .max).objectValue },
        created: Timestamp(milliseconds: try row.integer(2)), lastModified: Timestamp(milliseconds: try row.integer(3)),
        version: try row.integer(4), sequence: try row.integer(5))
}

/// How a lookup is asked of an index: what follows FROM and WHERE, where `r` is the resource.
private struct ResourceSearch {
    let source: String
    let condition: String
    let values: [SQLiteValue]

    /// Nil: nothing of this type can be found so.
    init?(_ type: ResourceType, of provider: ProviderID, matching lookup: FilterPlan.Lookup?) {
        let owner = SQLiteValue.text(provider.text)
        var source = "\(type.table) r"
        switch (lookup, type) {
        case (nil, _): (condition, values) = ("r.provider = ?", [owner])
        case (.id(let id)?, _): (condition, values) = ("r.provider = ? AND r.id = ?", [owner, .text(id)])
        case (.userName(let name)?, .user):
            (condition, values) = ("r.provider = ? AND r.user_name = ?", [owner, .text(name)])
        case (.externalId(let id)?, _):
            (condition, values) = ("r.provider = ? AND r.external_id = ?", [owner, .text(id)])
        case (.displayName(let name)?, _):
            (condition, values) = ("r.provider = ? AND r.display_name = ?", [owner, .text(name)])
        case (.active(let isActive)?, .user):
            (condition, values) = ("r.provider = ? AND r.is_active = ?", [owner, .integer(isActive ? 1 : 0)])
        case (.email(let email)?, .user):
            source = "scim_emails e CROSS JOIN scim_users r ON r.sequence = e.user"
            (condition, values) = ("e.provider = ? AND e.email = ?", [owner, .text(email)])
        case (.member(let user)?, .group):
            source = "scim_members m CROSS JOIN scim_groups r ON r.sequence = m.scim_group"
            condition = "m.user = (SELECT sequence FROM scim_users WHERE provider = ? AND id = ?)"
            values = [owner, .text(user)]
        case (.memberOf(let group)?, .user):
            source = "scim_members m CROSS JOIN scim_users r ON r.sequence = m.user"
            condition = "m.scim_group = (SELECT sequence FROM scim_groups WHERE provider = ? AND id = ?)"
            values = [owner, .text(group)]
        default: return nil
        }
        self.source = source
    }
}

extension ResourceType {
    var table: String {
        switch self {
        case .user: "scim_users"
        case .group: "scim_groups"
        }
    }
}

extension SQLiteTransaction {
    package func insert(_ resource: ResourceRecord, into provider: ProviderID) throws {
        let columns = resource.type.keyColumns + ["provider", "id", "created_at", "version", "modified_at", "body"]
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        let rows = try connection.rows(
            resource.type.table,
            """
            INSERT INTO \(resource.type.table) (\(columns.joined(separator: ", "))) VALUES (\(places)) RETURNING sequence
            """,
            resource.keys + [
                .text(provider.text), .text(resource.id), .integer(resource.created.milliseconds),
                .integer(resource.version), .integer(resource.lastModified.milliseconds), .text(resource.bodyText),
            ]
        ) { row throws(StoreError) in try row.integer(0) }
        if let sequence = rows.first { try insertEmails(of: resource, at: sequence, provider) }
    }

    package func update(_ resource: ResourceRecord, of provider: ProviderID) throws {
        guard let sequence = try sequence(resource.type, id: resource.id, of: provider) else { return }
        let columns = resource.type.keyColumns + ["version", "modified_at", "body"]
        try connection.run(
            """
            UPDATE \(resource.type.table) SET \(columns.map { $0 + " = ?" }.joined(separator: ", ")) WHERE sequence = ?
            """,
            resource.keys + [
                .integer(resource.version), .integer(resource.lastModified.milliseconds), .text(resource.bodyText),
                .integer(sequence),
            ])
        guard resource.type == .user else { return }
        let stored = try connection.rows(
            "scim_emails", "SELECT email FROM scim_emails WHERE user = ?", [.integer(sequence)]
        ) { row throws(StoreError) in try row.text(0) }
        guard Set(stored) != resource.foldedEmails else { return }
        try connection.run("DELETE FROM scim_emails WHERE user = ?", [.integer(sequence)])
        try insertEmails(of: resource, at: sequence, provider)
    }

    private func insertEmails(of resource: ResourceRecord, at sequence: Int, _ provider: ProviderID) throws {
        guard resource.type == .user else { return }
        for email in resource.foldedEmails {
            try connection.run(
                "INSERT INTO scim_emails (user, provider, email) VALUES (?, ?, ?)",
                [.integer(sequence), .text(provider.text), .text(email)])
        }
    }

    package func deleteResource(_ type: ResourceType, id: String, of provider: ProviderID) throws -> [String] {
        guard let sequence = try sequence(type, id: id, of: provider) else { return [] }
        let (own, other, otherTable) =
            switch type {
            case .user: ("user", "scim_group", ResourceType.group.table)
            case .group: ("scim_group", "user", ResourceType.user.table)
            }
        let others = try connection.rows(
            "scim_members",
            """
            SELECT o.id FROM scim_members m CROSS JOIN \(otherTable) o ON o.sequence = m.\(other)
            WHERE m.\(own) = ? ORDER BY o.sequence
            """, [.integer(sequence)]
        ) { row throws(StoreError) in try row.text(0) }
        try connection.run("DELETE FROM scim_members WHERE \(own) = ?", [.integer(sequence)])
        if type == .user { try connection.run("DELETE FROM scim_emails WHERE user = ?", [.integer(sequence)]) }
        try connection.run("DELETE FROM \(type.table) WHERE sequence = ?", [.integer(sequence)])
        return others
    }
}

extension ResourceType {
    fileprivate var keyColumns: [String] {
        switch self {
        case .user: ["user_name", "external_id", "display_name", "shown_name", "is_active"]
        case .group: ["display_name", "external_id", "shown_name"]
        }
    }
}

extension ResourceRecord {
    /// In the order of `keyColumns`.
    fileprivate var keys: [SQLiteValue] {
        let folded = displayName.map(SCIMText.folded)
        switch type {
        case .user:
            return [
                .text(userName.map(SCIMText.folded)), .text(externalID), .text(folded), .text(shownName),
                .integer(isActive ? 1 : 0),
            ]
        case .group: return [.text(folded), .text(externalID), .text(displayName)]
        }
    }

    fileprivate var foldedEmails: Set<String> { Set(emails.map(SCIMText.folded)) }
    fileprivate var bodyText: String { JSON.object(attributes).encodedText() }
}
