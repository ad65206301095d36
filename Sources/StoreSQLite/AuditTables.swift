internal import Audit
internal import Identity
internal import Store

private let columns = "r.sequence, r.body, r.hash"

private func readRecord(_ row: SQLiteRow) throws(StoreError) -> AuditRecord {
    AuditRecord(sequence: try row.integer(0), body: try row.blob(1), hash: try row.blob(2))
}

/// `audit_records`, `audit_facets`, `audit_marks`, `audit_places` and `audit_uploads`.
extension SQLiteReading {
    package func auditChain() throws -> AuditChain {
        let last = try connection.row(
            "audit_records", "SELECT sequence, hash FROM audit_records ORDER BY sequence DESC LIMIT 1"
        ) { row throws(StoreError) in AuditChain(sequence: try row.integer(0), hash: try row.blob(1)) }
        if let last { return last }
        // Retention may have taken the last one: then the next is tied to the base.
        return try connection.row(
            "audit_marks", "SELECT sequence, hash FROM audit_marks WHERE kind = 'base'"
        ) { row throws(StoreError) in AuditChain(sequence: try row.integer(0), hash: try row.blob(1)) } ?? AuditChain()
    }

    package func auditMark(_ kind: AuditMark.Kind) throws -> String? {
        try connection.row("audit_marks", "SELECT document FROM audit_marks WHERE kind = ?", [.text(kind.rawValue)]) {
            row throws(StoreError) in try row.text(0)
        }
    }

    package func auditRecords(matching query: AuditQuery, after sequence: Int, limit: Int) throws -> [AuditRecord] {
        let question = AuditQuestion(query, after: sequence)
        return try connection.rows(
            "audit_records", question.sql(order: "ASC"), question.values + [.integer(max(0, limit))], readRecord)
    }

    package func auditRecords(matching query: AuditQuery, last limit: Int) throws -> [AuditRecord] {
        let question = AuditQuestion(query, after: 0)
        return try connection.rows(
            "audit_records", question.sql(order: "DESC"), question.values + [.integer(max(0, limit))], readRecord
        ).reversed()
    }

    package func auditBytes() throws -> Int {
        try connection.row(
            "audit_records",
            "SELECT coalesce(sum(length(body)), 0) FROM audit_records"
        ) { row throws(StoreError) in try row.integer(0) } ?? 0
    }

    package func auditPlace(of name: String) throws -> String? {
        try connection.row("audit_places", "SELECT document FROM audit_places WHERE name = ?", [.text(name)]) {
            row throws(StoreError) in try row.text(0)
        }
    }
}

/// A query as SQL: the facet that the fewest records have leads, the others are looked up for each of its records.
private struct AuditQuestion {
    private var source: String
    private var conditions: [String]
    private(set) var values: [SQLiteValue]
    private let order: String

    init(_ query: AuditQuery, after sequence: Int) {
        let facets = query.facets
        if let leading = facets.first {
            source = "audit_facets f CROSS JOIN audit_records r ON r.sequence = f.sequence"
            conditions = ["f.facet IN (\(Self.places(leading)))", "f.sequence > ?"]
            values = leading.map { .text($0) } + [.integer(sequence)]
            order = "f.sequence"
        } else {
            source = "audit_records r"
            conditions = ["r.sequence > ?"]
            values = [.integer(sequence)]
            order = "r.sequence"
        }
        for group in facets.dropFirst() {
            conditions.append(
                "EXISTS (SELECT 1 FROM audit_facets WHERE facet IN (\(Self.places(group))) AND sequence = r.sequence)")
            values += group.map { .text($0) }
        }
        if let since = query.since {
            conditions.append("r.time >= ?")
            values.append(.integer(since))
        }
        if let until = query.until {
            conditions.append("r.time <= ?")
            values.append(.integer(until))
        }
    }

    /// A record may have two forms of one facet: it is still one answer.
    func sql(order direction: String) -> String {
        """
        SELECT DISTINCT \(columns) FROM \(source) WHERE \(conditions.joined(separator: " AND ")) \
        ORDER BY \(order) \(direction) LIMIT ?
        """
    }

    private static func places(_ values: [String]) -> String { values.map { _ in "?" }.joined(separator: ", ") }
}

extension SQLiteTransaction {
    package func append(_ records: [AuditRecord], of events: [AuditEvent]) throws {
        var next = try auditChain().sequence
        var places: [String: [Int]] = [:]
        for (record, event) in zip(records, events) {
            next &+= 1
            guard record.sequence == next else { throw StoreError.conflict }
            try connection.run(
                "INSERT INTO audit_records (sequence, time, hash, body) VALUES (?, ?, ?, ?)",
                [.integer(record.sequence), .integer(event.time), .blob(record.hash), .blob(record.body)])
            for facet in event.facets { places[facet, default: []].append(record.sequence) }
        }
        // In the order of the index: each of its pages is touched once, however many the records are.
        for (facet, sequences) in places.sorted(by: { $0.key < $1.key }) {
            for sequence in sequences {
                // One that lies there already is somebody else's work, and must not stop the evidence of it.
                try connection.run(
                    "INSERT INTO audit_facets (facet, sequence) VALUES (?, ?) ON CONFLICT DO NOTHING",
                    [.text(facet), .integer(sequence)])
            }
        }
    }

    package func setAuditMark(_ mark: AuditMark, document: String) throws {
        try connection.run(
            """
            INSERT INTO audit_marks (kind, sequence, hash, document) VALUES (?, ?, ?, ?)
            ON CONFLICT (kind) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash,
                document = excluded.document
            """,
            [.text(mark.kind.rawValue), .integer(mark.sequence), .blob(mark.hash), .text(document)])
    }

    package func deleteAuditRecords(throughBase mark: AuditMark, document: String) throws -> Int {
        try setAuditMark(mark, document: document)
        let records = try connection.rows(
            "audit_records", "SELECT \(columns) FROM audit_records r WHERE sequence <= ?", [.integer(mark.sequence)],
            readRecord)
        for record in records {
            for facet in (try? record.event())?.facets ?? [] {
                try connection.run(
                    "DELETE FROM audit_facets WHERE facet = ? AND sequence = ?",
                    [.text(facet), .integer(record.sequence)])
            }
        }
        try connection.run("DELETE FROM audit_records WHERE sequence <= ?", [.integer(mark.sequence)])
        return records.count
    }

    package func setAuditPlace(_ place: AuditPlace, document: String) throws {
        try connection.run(
            """
            INSERT INTO audit_places (name, document) VALUES (?, ?)
            ON CONFLICT (name) DO UPDATE SET document = excluded.document
            """, [.text(place.name), .text(document)])
    }

    package func rememberUpload(_ batch: String, of device: DeviceID, at now: Int) throws -> Bool {
        try !connection.rows(
            "audit_uploads",
            """
            INSERT INTO audit_uploads (device, batch, received_at) VALUES (?, ?, ?)
            ON CONFLICT (device, batch) DO NOTHING RETURNING received_at
            """, [.text(device.thumbprint), .text(batch), .integer(now)]
        ) { row throws(StoreError) in try row.integer(0) }.isEmpty
    }

    package func deleteUploads(before moment: Int, limit: Int) throws -> Int {
        try connection.rows(
            "audit_uploads",
            """
            DELETE FROM audit_uploads WHERE (device, batch) IN (
                SELECT device, batch FROM audit_uploads WHERE received_at < ? ORDER BY received_at LIMIT ?)
            RETURNING received_at
            """, [.integer(moment), .integer(max(0, limit))]
        ) { row throws(StoreError) in try row.integer(0) }.count
    }
}
