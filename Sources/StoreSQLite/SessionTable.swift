internal import Identity
internal import Sessions
internal import Store
internal import StrictJSON

private let table = "sessions"
private let columns = [
    "id", "person", "provider", "device", "created_at", "expires_at", "auth_time", "amr", "acr", "mfa_at", "evidence",
    "random_bytes", "refresh_hash", "refresh_generation", "refresh_previous_hash", "refresh_attempt_hash",
    "refresh_rotated_at", "ended_at", "end_reason", "evidence_kind", "name_id", "name_id_format", "name_qualifier",
    "sp_name_qualifier", "session_index", "provider_session",
]
private let select = "SELECT \(columns.joined(separator: ", ")) FROM \(table) WHERE "
private let byID = select + "id = ?"
private let open = select + "ended_at IS NULL ORDER BY created_at, id"
private let expiries = "SELECT id, expires_at FROM \(table) WHERE ended_at IS NULL"
private let openByPerson = select + "person = ? AND ended_at IS NULL ORDER BY created_at, id"
private let openByDevice = select + "device = ? AND ended_at IS NULL"
private let openByNameID =
    select + "provider = ? AND name_id = ? AND ended_at IS NULL AND name_id IS NOT NULL ORDER BY created_at, id"
private let openByProviderSession =
    select + "provider = ? AND provider_session = ? AND ended_at IS NULL AND provider_session IS NOT NULL "
    + "ORDER BY created_at, id"
private let saveSession = SQLiteTransaction.upsertStatement(table, columns)

extension SQLiteReading {
    package func session(_ id: SessionID) throws -> Session? {
        try connection.row(table, byID, [.text(id.text)], readSession)
    }

    package func openSessions() throws -> [Session] { try connection.rows(table, open, [], readSession) }

    package func openSessionExpiries() throws -> [SessionID: Int] {
        let rows = try connection.rows(table, expiries, []) { row throws(StoreError) in
            (try row.parsed(0) { SessionID($0) }, try row.integer(1))
        }
        return Dictionary(rows) { first, _ in first }
    }

    package func openSessions(of person: PersonID) throws -> [Session] {
        try connection.rows(table, openByPerson, [.text(person.text)], readSession)
    }

    package func openSession(of device: DeviceID) throws -> Session? {
        try connection.row(table, openByDevice, [.text(device.thumbprint)], readSession)
    }

    package func openSessions(provider: ProviderID, providerSession: String) throws -> [Session] {
        try connection.rows(table, openByProviderSession, [.text(provider.text), .text(providerSession)], readSession)
    }

    package func openSessions(provider: ProviderID, nameID: String) throws -> [Session] {
        try connection.rows(table, openByNameID, [.text(provider.text), .text(nameID)], readSession)
    }
}

private func readSession(_ row: SQLiteRow) throws(StoreError) -> Session {
    Session(
        id: try row.parsed(0) { SessionID($0) }, person: try row.parsed(1) { PersonID($0) },
        provider: try row.parsed(2) { ProviderID($0) }, device: try row.parsed(3) { DeviceID($0) },
        createdAt: try row.integer(4), expiresAt: try row.integer(5), authTime: try row.optionalInteger(6),
        amr: try row.parsed(7, readTexts), acr: try row.optionalText(8), mfaAt: try row.optionalInteger(9),
        evidence: try readEvidence(row), principal: try readPrincipal(row), providerSession: try row.optionalText(25),
        refresh: try readRefresh(row),
        endedAt: try row.optionalInteger(17),
        end: try row.optionalParsed(18) { Session.End(rawValue: $0) })
}

private func readEvidence(_ row: SQLiteRow) throws(StoreError) -> SignInEvidence {
    let text = try row.text(10)
    let statement: SignInEvidence.Statement
    switch try row.text(19) {
    case "id-token": statement = .idToken(text)
    case "saml": statement = .saml(text)
    default: throw row.corrupt
    }
    return SignInEvidence(statement, randomBytes: try row.blob(11))
}

private func readPrincipal(_ row: SQLiteRow) throws(StoreError) -> SAMLPrincipal? {
    guard let nameID = try row.optionalText(20) else { return nil }
    return SAMLPrincipal(
        nameID: nameID, format: try row.optionalText(21), nameQualifier: try row.optionalText(22),
        spNameQualifier: try row.optionalText(23), sessionIndex: try row.optionalText(24))
}

private func readRefresh(_ row: SQLiteRow) throws(StoreError) -> RefreshState? {
    guard let hash = try row.optionalBlob(12) else { return nil }
    return RefreshState(
        currentHash: hash, generation: try row.integer(13), previousHash: try row.optionalBlob(14),
        attemptHash: try row.optionalBlob(15), rotatedAt: try row.integer(16))
}

/// A JSON array of strings.
private func readTexts(_ text: String) -> [String]? {
    guard let elements = try? JSON(parsing: text.utf8).arrayValue else { return nil }
    let texts = elements.compactMap(\.stringValue)
    return texts.count == elements.count ? texts : nil
}

extension SQLiteTransaction {
    package func deleteSessions(endedBefore moment: Int, limit: Int) throws -> Int {
        try connection.rows(
            table,
            """
            DELETE FROM sessions WHERE id IN (
                SELECT id FROM sessions
                WHERE ended_at < ? AND id NOT IN (SELECT session FROM nodes WHERE session IS NOT NULL)
                ORDER BY ended_at LIMIT ?) RETURNING id
            """, [.integer(moment), .integer(max(0, limit))]
        ) { row throws(StoreError) in try row.text(0) }.count
    }

    package func save(_ session: Session) throws {
        let (refresh, principal) = (session.refresh, session.principal)
        let (kind, evidence) =
            switch session.evidence.statement {
            case .idToken(let text): ("id-token", text)
            case .saml(let text): ("saml", text)
            }
        try upsert(
            saveSession,
            [
                .text(session.id.text), .text(session.person.text), .text(session.provider.text),
                .text(session.device.thumbprint), .integer(session.createdAt), .integer(session.expiresAt),
                .integer(session.authTime), .text(JSON.array(session.amr.map { .string($0) }).encodedText()),
                .text(session.acr), .integer(session.mfaAt), .text(evidence),
                .blob(session.evidence.randomBytes), .blob(refresh?.currentHash), .integer(refresh?.generation),
                .blob(refresh?.previousHash), .blob(refresh?.attemptHash), .integer(refresh?.rotatedAt),
                .integer(session.endedAt), .text(session.end?.rawValue), .text(kind), .text(principal?.nameID),
                .text(principal?.format), .text(principal?.nameQualifier), .text(principal?.spNameQualifier),
                .text(principal?.sessionIndex), .text(session.providerSession),
            ])
        connection.changes.sessions[session.id] = session
    }
}
