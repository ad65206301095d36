internal import Identity
internal import SCIM
internal import Store
internal import StrictJSON

private let tokenColumns = [
    "id", "provider", "hash", "name", "created_at", "last_used_at", "expires_at", "revoked_at", "is_client",
    "client",
]
private let selectToken = "SELECT \(tokenColumns.joined(separator: ", ")) FROM scim_tokens WHERE "
private let saveToken = SQLiteTransaction.upsertStatement("scim_tokens", tokenColumns)

private let logColumns = [
    "sequence", "provider", "token", "at", "method", "path", "status", "resource", "changes", "notes", "refusal",
]
private let selectLog = "SELECT \(logColumns.joined(separator: ", ")) FROM scim_log WHERE provider = ? "

private let holdColumns = ["id", "provider", "created_at", "last_at", "people", "total", "confirmed_at"]
private let selectHold = "SELECT \(holdColumns.joined(separator: ", ")) FROM scim_holds WHERE "
private let saveHold = SQLiteTransaction.upsertStatement("scim_holds", holdColumns)

/// `scim_tokens`, `scim_log`, `scim_removals` and `scim_holds`.
extension SQLiteReading {
    package func provisioningToken(_ id: RecordID) throws -> ProvisioningToken? {
        try connection.row("scim_tokens", selectToken + "id = ?", [.text(id.text)], readToken)
    }

    package func provisioningToken(hash: [UInt8]) throws -> ProvisioningToken? {
        try connection.row("scim_tokens", selectToken + "hash = ?", [.blob(hash)], readToken)
    }

    package func provisioningTokens(of provider: ProviderID) throws -> [ProvisioningToken] {
        try connection.rows(
            "scim_tokens", selectToken + "provider = ? AND client IS NULL ORDER BY created_at, id",
            [.text(provider.text)],
            readToken)
    }

    package func syncLog(of provider: ProviderID, after sequence: Int, limit: Int) throws -> [SyncLogRecord] {
        try connection.rows(
            "scim_log", selectLog + "AND sequence > ? ORDER BY sequence LIMIT ?",
            [.text(provider.text), .integer(sequence), .integer(max(0, limit))], readLog)
    }

    package func syncLog(of provider: ProviderID, last limit: Int) throws -> [SyncLogRecord] {
        try connection.rows(
            "scim_log", selectLog + "ORDER BY sequence DESC LIMIT ?",
            [.text(provider.text), .integer(max(0, limit))], readLog
        ).reversed()
    }

    package func usersRemoved(of provider: ProviderID, since moment: Int) throws -> Set<String> {
        Set(
            try connection.rows(
                "scim_removals", "SELECT user FROM scim_removals WHERE provider = ? AND at >= ?",
                [.text(provider.text), .integer(moment)]
            ) { row throws(StoreError) in try row.text(0) })
    }

    package func removalHold(_ id: RecordID) throws -> RemovalHold? {
        try connection.row("scim_holds", selectHold + "id = ?", [.text(id.text)], readHold)
    }

    package func removalHolds(of provider: ProviderID) throws -> [RemovalHold] {
        try connection.rows(
            "scim_holds", selectHold + "provider = ? ORDER BY created_at DESC, id LIMIT 10", [.text(provider.text)],
            readHold)
    }
}

private func readToken(_ row: SQLiteRow) throws(StoreError) -> ProvisioningToken {
    let client = try row.optionalParsed(9) { RecordID($0) }
    let isClient = try row.integer(8) != 0
    return ProvisioningToken(
        id: try row.parsed(0) { RecordID($0) },
        use: client.map { .accessToken(of: $0) } ?? (isClient ? .oauthClient : .bearer),
        provider: try row.parsed(1) { ProviderID($0) },
        hash: try row.blob(2), name: try row.text(3), createdAt: try row.integer(4),
        lastUsedAt: try row.optionalInteger(5),
        expiresAt: try row.optionalInteger(6), revokedAt: try row.optionalInteger(7))
}

private func readLog(_ row: SQLiteRow) throws(StoreError) -> SyncLogRecord {
    SyncLogRecord(
        sequence: try row.integer(0), provider: try row.parsed(1) { ProviderID($0) },
        token: try row.optionalParsed(2) { RecordID($0) }, at: Timestamp(milliseconds: try row.integer(3)),
        method: try row.text(4), path: try row.text(5), status: try row.integer(6), resource: try row.optionalText(7),
        changes: try row.parsed(8, readTexts), notes: try row.parsed(9, readTexts), refusal: try row.optionalText(10))
}

private func readHold(_ row: SQLiteRow) throws(StoreError) -> RemovalHold {
    RemovalHold(
        id: try row.parsed(0) { RecordID($0) }, provider: try row.parsed(1) { ProviderID($0) },
        createdAt: try row.integer(2), lastAt: try row.integer(3), people: try row.integer(4),
        total: try row.integer(5), confirmedAt: try row.optionalInteger(6))
}

/// A JSON array of strings.
private func readTexts(_ text: String) -> [String]? {
    guard let elements = try? JSON(parsing: text.utf8, maximumBytes: .max).arrayValue else { return nil }
    let texts = elements.compactMap(\.stringValue)
    return texts.count == elements.count ? texts : nil
}

private func text(_ texts: [String]) -> SQLiteValue { .text(JSON.array(texts.map { .string($0) }).encodedText()) }

extension SQLiteTransaction {
    package func save(_ token: ProvisioningToken) throws {
        let client: RecordID? = if case .accessToken(let client) = token.use { client } else { nil }
        try upsert(
            saveToken,
            [
                .text(token.id.text), .text(token.provider.text), .blob(token.hash), .text(token.name),
                .integer(token.createdAt), .integer(token.lastUsedAt), .integer(token.expiresAt),
                .integer(token.revokedAt), .integer(token.use == .oauthClient ? 1 : 0), .text(client?.text),
            ])
    }

    package func deleteAccessTokens(of client: RecordID, expiredAt now: Int, keeping kept: Int) throws {
        try connection.run(
            """
            DELETE FROM scim_tokens WHERE client = ? AND (expires_at <= ? OR rowid NOT IN (
                SELECT rowid FROM scim_tokens WHERE client = ? ORDER BY rowid DESC LIMIT ?))
            """, [.text(client.text), .integer(now), .text(client.text), .integer(max(0, kept))])
    }

    package func appendSyncLog(_ record: SyncLogRecord) throws {
        let columns = logColumns.dropFirst()
        try connection.run(
            """
            INSERT INTO scim_log (\(columns.joined(separator: ", ")))
            VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
            """,
            [
                .text(record.provider.text), .text(record.token?.text), .integer(record.at.milliseconds),
                .text(record.method), .text(record.path), .integer(record.status), .text(record.resource),
                text(record.changes), text(record.notes), .text(record.refusal),
            ])
    }

    package func deleteSyncLog(before moment: Int, keeping kept: Int, limit: Int) throws -> Int {
        let old = try deletedLog(
            "at < ? ORDER BY sequence LIMIT ?",
            [
                .integer(moment.multipliedReportingOverflow(by: 1000).partialValue),
                .integer(max(0, limit)),
            ])
        let providers = try connection.rows("scim_log", "SELECT DISTINCT provider FROM scim_log") {
            row throws(StoreError) in try row.text(0)
        }
        var surplus = 0
        for provider in providers {
            surplus += try deletedLog(
                """
                provider = ? AND sequence <= (SELECT sequence FROM scim_log WHERE provider = ?
                ORDER BY sequence DESC LIMIT 1 OFFSET ?) ORDER BY sequence LIMIT ?
                """, [.text(provider), .text(provider), .integer(max(0, kept)), .integer(max(0, limit - surplus))])
        }
        return old + surplus
    }

    private func deletedLog(_ condition: String, _ values: [SQLiteValue]) throws -> Int {
        try connection.rows(
            "scim_log",
            "DELETE FROM scim_log WHERE sequence IN (SELECT sequence FROM scim_log WHERE \(condition)) RETURNING sequence",
            values
        ) { row throws(StoreError) in try row.integer(0) }.count
    }

    package func noteRemovals(of users: Set<String>, of provider: ProviderID, at now: Int) throws {
        for user in users {
            try connection.run(
                """
                INSERT INTO scim_removals (provider, user, at) VALUES (?, ?, ?)
                ON CONFLICT (provider, user) DO UPDATE SET at = excluded.at
                """, [.text(provider.text), .text(user), .integer(now)])
        }
    }

    package func deleteRemovals(before moment: Int, limit: Int) throws -> Int {
        try connection.rows(
            "scim_removals",
            """
            DELETE FROM scim_removals WHERE (provider, user) IN (
                SELECT provider, user FROM scim_removals WHERE at < ? ORDER BY at LIMIT ?) RETURNING at
            """, [.integer(moment), .integer(max(0, limit))]
        ) { row throws(StoreError) in try row.integer(0) }.count
    }

    package func save(_ hold: RemovalHold) throws {
        try upsert(
            saveHold,
            [
                .text(hold.id.text), .text(hold.provider.text), .integer(hold.createdAt), .integer(hold.lastAt),
                .integer(hold.people), .integer(hold.total), .integer(hold.confirmedAt),
            ])
    }
}
