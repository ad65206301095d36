internal import Identity
internal import Store

/// `changes` and `settings`.
extension SQLiteReading {
    package func changes(after sequence: Int, limit: Int) throws -> [ChangeRecord] {
        try connection.rows(
            "changes", "SELECT sequence, subject, record, at FROM changes WHERE sequence > ? ORDER BY sequence LIMIT ?",
            [.integer(sequence), .integer(max(0, limit))]
        ) { row throws(StoreError) in
            let record = try row.parsed(2) { RecordID($0) }
            let subject: ChangeRecord.Subject
            switch try row.text(1) {
            case "session": subject = .session(record)
            case "person": subject = .person(record)
            case "node": subject = .node(record)
            default: throw row.corrupt
            }
            return ChangeRecord(sequence: try row.integer(0), subject: subject, at: try row.integer(3))
        }
    }

    package func lastChangeSequence() throws -> Int {
        try connection.row("changes", "SELECT coalesce(max(sequence), 0) FROM changes") { row throws(StoreError) in
            try row.integer(0)
        } ?? 0
    }

    package func setting(_ name: String) throws -> String? {
        try connection.row("settings", "SELECT value FROM settings WHERE name = ?", [.text(name)]) {
            row throws(StoreError) in try row.text(0)
        }
    }
}

extension SQLiteTransaction {
    package func appendChange(_ subject: ChangeRecord.Subject, at now: Int) throws {
        let (kind, record) =
            switch subject {
            case .session(let id): ("session", id)
            case .person(let id): ("person", id)
            case .node(let id): ("node", id)
            }
        try connection.run(
            "INSERT INTO changes (subject, record, at) VALUES (?, ?, ?)",
            [.text(kind), .text(record.text), .integer(now)])
        connection.changes.log.append(ChangeRecord(sequence: connection.lastInsertedRow, subject: subject, at: now))
    }

    package func deleteChanges(before moment: Int, limit: Int) throws -> Int {
        try connection.rows(
            "changes",
            """
            DELETE FROM changes WHERE at < ? AND sequence IN (
                SELECT sequence FROM changes WHERE sequence < (SELECT max(sequence) FROM changes)
                ORDER BY sequence LIMIT ?) RETURNING sequence
            """, [.integer(moment), .integer(max(0, limit))]
        ) { row throws(StoreError) in try row.integer(0) }.count
    }

    package func setSetting(_ name: String, to value: String) throws {
        try connection.run(
            "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [.text(name), .text(value)])
    }
}
