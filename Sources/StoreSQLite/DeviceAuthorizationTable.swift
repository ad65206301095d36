internal import Identity
internal import Sessions
internal import Store

/// `device_authorizations`: what is looked up by is a column, the rest is the JSON body.
private let table = "device_authorizations"
private let columns = ["id", "device_code_hash", "user_code_hash", "state_hash", "expires_at", "body"]
private let select = "SELECT \(columns.joined(separator: ", ")) FROM \(table) WHERE "
private let byID = select + "id = ?"
private let byDeviceCode = select + "device_code_hash = ?"
private let byUserCode = select + "user_code_hash = ?"
private let byState = select + "state_hash = ?"
private let open = select + "expires_at > ? ORDER BY expires_at, id"
/// Most steps change no hash: then neither its index is written nor any other looked up.
private let saveBody = "UPDATE \(table) SET body = ? WHERE id = ? AND state_hash IS ?"
private let save = SQLiteTransaction.upsertStatement(table, columns, updating: ["state_hash", "body"])

extension SQLiteReading {
    package func deviceAuthorization(_ id: RecordID) throws -> DeviceAuthorization? {
        try connection.row(table, byID, [.text(id.text)], deviceAuthorization(in:))
    }

    package func deviceAuthorization(deviceCodeHash: [UInt8]) throws -> DeviceAuthorization? {
        try connection.row(table, byDeviceCode, [.blob(deviceCodeHash)], deviceAuthorization(in:))
    }

    package func deviceAuthorization(userCodeHash: [UInt8]) throws -> DeviceAuthorization? {
        try connection.row(table, byUserCode, [.blob(userCodeHash)], deviceAuthorization(in:))
    }

    package func deviceAuthorization(stateHash: [UInt8]) throws -> DeviceAuthorization? {
        try connection.row(table, byState, [.blob(stateHash)], deviceAuthorization(in:))
    }

    package func openDeviceAuthorizations(now: Int) throws -> [DeviceAuthorization] {
        try connection.rows(table, open, [.integer(now)], deviceAuthorization(in:))
    }

    fileprivate func deviceAuthorization(in row: SQLiteRow) throws(StoreError) -> DeviceAuthorization {
        let id = try row.parsed(0) { RecordID($0) }
        if let known = connection.signIns?.value(id, of: row) { return known }
        let keys = DeviceAuthorizationKeys(
            id: id, deviceCodeHash: try row.blob(1), userCodeHash: try row.blob(2),
            stateHash: try row.optionalBlob(3), expiresAt: try row.integer(4))
        let body = try row.text(5)
        do { return try DeviceAuthorization(keys, body: body) } catch { throw row.corrupt }
    }
}

extension SQLiteRow {
    /// Whether every column is the same, byte for byte: told without making values of them.
    func holds(_ keys: DeviceAuthorizationKeys, body: String) -> Bool {
        holds(0, text: keys.id.text) && holds(1, blob: keys.deviceCodeHash) && holds(2, blob: keys.userCodeHash)
            && holds(3, blob: keys.stateHash) && holds(4, integer: keys.expiresAt) && holds(5, text: body)
    }
}

extension SQLiteTransaction {
    /// As of the last commit or later in this transaction, which nobody else can have gone past.
    package func deviceAuthorization(_ id: RecordID) throws -> DeviceAuthorization? {
        if let saved = connection.changes.signIns.last(id) { return saved }
        if !connection.changes.signIns.haveDeleted, let known = connection.signIns?.committed(id) { return known }
        return try connection.row(table, byID, [.text(id.text)], deviceAuthorization(in:))
    }

    package func save(_ authorization: DeviceAuthorization) throws {
        let keys = authorization.keys
        let body = authorization.body
        guard body.utf8.count <= DeviceAuthorization.maximumBodyBytes else {
            throw StoreError.backend("a sign-in is larger than \(DeviceAuthorization.maximumBodyBytes) bytes")
        }
        let changed = try connection.change(saveBody, [.text(body), .text(keys.id.text), .blob(keys.stateHash)])
        if changed == 0 {
            try upsert(
                StoreSQLite.save,
                [
                    .text(keys.id.text), .blob(keys.deviceCodeHash), .blob(keys.userCodeHash), .blob(keys.stateHash),
                    .integer(keys.expiresAt), .text(body),
                ])
        }
        if let signIns = connection.signIns {
            let entry = DecodedSignIns.Entry(authorization, keys: keys, body: body)
            signIns.keep(entry)
            connection.changes.signIns.saved.append(entry)
        }
    }

    package func deleteDeviceAuthorizations(expiredBefore moment: Int) throws {
        try connection.run("DELETE FROM device_authorizations WHERE expires_at < ?", [.integer(moment)])
        connection.changes.signIns = SignInChanges(saved: [], haveDeleted: true)
    }
}
