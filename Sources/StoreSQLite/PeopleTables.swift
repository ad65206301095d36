internal import Identity
internal import Store

private let table = "people"
private let columns = [
    "id", "provider", "subject", "email", "display_name", "is_active", "created_at", "last_sign_in_at",
    "directory_id",
]
private let select = "SELECT \(columns.joined(separator: ", ")) FROM \(table)"
private let byID = select + " WHERE id = ?"
private let bySubject = select + " WHERE provider = ? AND subject = ?"
private let byDirectoryID = select + " WHERE provider = ? AND directory_id = ? ORDER BY id LIMIT 2"
private let byEmail = select + " WHERE provider = ? AND email = ? ORDER BY id LIMIT 2"
private let all = select + " ORDER BY created_at, id"
private let savePerson = SQLiteTransaction.upsertStatement(table, columns)

extension SQLiteReading {
    package func person(_ id: PersonID) throws -> PersonRecord? {
        try connection.row(table, byID, [.text(id.text)], readPerson)
    }

    package func person(provider: ProviderID, subject: String) throws -> PersonRecord? {
        try connection.row(table, bySubject, [.text(provider.text), .text(subject)], readPerson)
    }

    package func people(provider: ProviderID, directoryID: String) throws -> [PersonRecord] {
        try connection.rows(table, byDirectoryID, [.text(provider.text), .text(directoryID)], readPerson)
    }

    package func people(provider: ProviderID, email: EmailAddress) throws -> [PersonRecord] {
        try connection.rows(table, byEmail, [.text(provider.text), .text(email.text)], readPerson)
    }

    package func people() throws -> [PersonRecord] { try connection.rows(table, all, [], readPerson) }

    package func memberships(of person: PersonID) throws -> [GroupName: Set<MembershipSource>] {
        let rows = try connection.rows(
            "memberships", "SELECT group_name, source FROM memberships WHERE person = ?", [.text(person.text)]
        ) { row throws(StoreError) in
            (try row.parsed(0) { GroupName($0) }, try row.parsed(1) { MembershipSource(rawValue: $0) })
        }
        let provisioned = try provisionedGroups(of: person).map { ($0, MembershipSource.scim) }
        return (rows + provisioned).reduce(into: [:]) { result, row in result[row.0, default: []].insert(row.1) }
    }
}

private func readPerson(_ row: SQLiteRow) throws(StoreError) -> PersonRecord {
    PersonRecord(
        id: try row.parsed(0) { PersonID($0) }, provider: try row.parsed(1) { ProviderID($0) },
        subject: try row.text(2), directoryID: try row.optionalText(8),
        email: try row.optionalParsed(3) { EmailAddress($0) }, displayName: try row.text(4),
        isActive: try row.integer(5) != 0, createdAt: try row.integer(6), lastSignInAt: try row.optionalInteger(7))
}

extension SQLiteTransaction {
    package func save(_ person: PersonRecord) throws {
        try upsert(
            savePerson,
            [
                .text(person.id.text), .text(person.provider.text), .text(person.subject), .text(person.email?.text),
                .text(person.displayName), .integer(person.isActive ? 1 : 0), .integer(person.createdAt),
                .integer(person.lastSignInAt), .text(person.directoryID),
            ])
    }

    package func setMemberships(
        of person: PersonID, source: MembershipSource, to groups: Set<GroupName>
    ) throws -> Bool {
        let stored = try connection.rows(
            "memberships", "SELECT group_name FROM memberships WHERE person = ? AND source = ?",
            [.text(person.text), .text(source.rawValue)]
        ) { row throws(StoreError) in try row.parsed(0) { GroupName($0) } }
        let known = Set(stored)
        for group in known.subtracting(groups) {
            try connection.run(
                "DELETE FROM memberships WHERE person = ? AND source = ? AND group_name = ?",
                [.text(person.text), .text(source.rawValue), .text(group.text)])
        }
        for group in groups.subtracting(known) {
            try connection.run(
                "INSERT INTO memberships (person, source, group_name) VALUES (?, ?, ?)",
                [.text(person.text), .text(source.rawValue), .text(group.text)])
        }
        return known != groups
    }
}
