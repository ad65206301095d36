internal import AccessPolicy
internal import Identity
internal import Store

/// The policies that were in force, access given for a time, and which nodes are managed devices.
extension Schema {
    static let policyMigration = """
        CREATE TABLE policy_revisions (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            revision TEXT NOT NULL,
            text BLOB NOT NULL,
            at INTEGER NOT NULL,
            by TEXT NOT NULL,
            note TEXT
        ) STRICT;

        CREATE TABLE temporary_grants (
            id TEXT PRIMARY KEY,
            person TEXT NOT NULL,
            user TEXT NOT NULL,
            destination TEXT NOT NULL,
            services TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            ends_at INTEGER NOT NULL,
            by TEXT NOT NULL,
            reason TEXT,
            revoked_at INTEGER,
            revoked_by TEXT
        ) STRICT;
        CREATE INDEX temporary_grants_by_end ON temporary_grants (ends_at) WHERE revoked_at IS NULL;

        ALTER TABLE nodes ADD COLUMN is_managed INTEGER;
        """
}

private let revisions = "policy_revisions"
private let grants = "temporary_grants"
private let grantColumns = [
    "id", "person", "user", "destination", "services", "created_at", "ends_at", "by", "reason", "revoked_at",
    "revoked_by",
]
private let selectGrants = "SELECT \(grantColumns.joined(separator: ", ")) FROM \(grants)"
private let saveGrant = SQLiteTransaction.upsertStatement(
    grants, grantColumns, updating: ["revoked_at", "revoked_by"])

extension SQLiteReading {
    package func policyRevisions(last limit: Int) throws -> [PolicyRevisionRecord] {
        try connection.rows(
            revisions, "SELECT sequence, revision, x'', at, by, note FROM \(revisions) ORDER BY sequence DESC LIMIT ?",
            [.integer(max(0, limit))], readRevision)
    }

    package func policyRevision(beginning prefix: String) throws -> PolicyRevisionRecord? {
        try connection.row(
            revisions,
            """
            SELECT sequence, revision, text, at, by, note FROM \(revisions)
            WHERE substr(revision, 1, length(?1)) = ?1 ORDER BY sequence DESC LIMIT 1
            """, [.text(prefix)], readRevision)
    }

    package func temporaryGrant(_ id: RecordID) throws -> TemporaryGrant? {
        try connection.row(grants, selectGrants + " WHERE id = ?", [.text(id.text)], readGrant)
    }

    package func temporaryGrants(openAt now: Int) throws -> [TemporaryGrant] {
        try connection.rows(
            grants, selectGrants + " WHERE revoked_at IS NULL AND ends_at > ? ORDER BY created_at, id",
            [.integer(now)], readGrant)
    }
}

extension SQLiteTransaction {
    package func append(_ revision: PolicyRevisionRecord, keeping bounds: PolicyHistoryBounds) throws {
        try connection.run(
            "INSERT INTO \(revisions) (revision, text, at, by, note) VALUES (?, ?, ?, ?, ?)",
            [
                .text(revision.revision), .blob(revision.text), .integer(revision.at), .text(revision.by),
                .text(revision.note),
            ])
        try connection.run(
            """
            DELETE FROM \(revisions) WHERE sequence <= (
                SELECT max(sequence) FROM (
                    SELECT sequence, row_number() OVER newest AS place, sum(length(text)) OVER newest AS bytes
                    FROM \(revisions) WINDOW newest AS (ORDER BY sequence DESC))
                WHERE place > 2 AND (place > ? OR bytes > ?))
            """, [.integer(bounds.revisions), .integer(bounds.bytes)])
    }

    package func add(_ grant: TemporaryGrant, atMost limit: Int) throws -> Bool {
        let open = try connection.row(
            grants, "SELECT count(*) FROM \(grants) WHERE revoked_at IS NULL AND ends_at > ?",
            [.integer(grant.createdAt)]
        ) { row throws(StoreError) in try row.integer(0) }
        guard let open, open < limit else { return false }
        try save(grant)
        return true
    }

    package func save(_ grant: TemporaryGrant) throws {
        try upsert(
            saveGrant,
            [
                .text(grant.id.text), .text(grant.person.text), .text(grant.user.text), .text(grant.destination.text),
                .text(grant.allow.map(\.text).joined(separator: " ")), .integer(grant.createdAt),
                .integer(grant.endsAt), .text(grant.by), .text(grant.reason), .integer(grant.revokedAt),
                .text(grant.revokedBy),
            ])
    }
}

private func readRevision(_ row: SQLiteRow) throws(StoreError) -> PolicyRevisionRecord {
    PolicyRevisionRecord(
        sequence: try row.integer(0), revision: try row.text(1), text: try row.blob(2), at: try row.integer(3),
        by: try row.text(4), note: try row.optionalText(5))
}

private func readGrant(_ row: SQLiteRow) throws(StoreError) -> TemporaryGrant {
    TemporaryGrant(
        id: try row.parsed(0) { RecordID($0) }, person: try row.parsed(1) { PersonID($0) },
        user: try row.parsed(2) { EmailAddress($0) }, destination: try row.parsed(3) { try? Selector(parsing: $0) },
        allow: try row.parsed(4, readServices), createdAt: try row.integer(5), endsAt: try row.integer(6),
        by: try row.text(7), reason: try row.optionalText(8), revokedAt: try row.optionalInteger(9),
        revokedBy: try row.optionalText(10))
}

/// Services are stored with a space between: none holds one.
private func readServices(_ text: String) -> [Service]? {
    let names = text.split(separator: " ")
    let services = names.compactMap { try? Service(parsing: String($0)) }
    return services.count == names.count && !services.isEmpty ? services : nil
}
