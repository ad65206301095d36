/// The tables of the evidence.
///
/// A record's bytes are kept as they were hashed. `time` beside them is what ranges of time are found by; `ztna-server audit
/// verify` compares it, and what stands beside a mark's signed document, with what was signed and hashed. The triggers are for mistakes and careless hands; against others there is the chain.
extension Schema {
    static let auditMigration = """
        CREATE TABLE audit_records (
            sequence INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            recorded_at INTEGER NOT NULL,
            bytes_through INTEGER NOT NULL,
            hash BLOB NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX audit_records_by_time ON audit_records (time);

        CREATE TABLE audit_facets (
            facet TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            PRIMARY KEY (facet, sequence)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE audit_marks (
            kind TEXT PRIMARY KEY,
            sequence INTEGER NOT NULL,
            hash BLOB NOT NULL,
            document TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE audit_cursors (
            export TEXT PRIMARY KEY,
            sequence INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE audit_uploads (
            device TEXT NOT NULL,
            batch TEXT NOT NULL,
            received_at INTEGER NOT NULL,
            PRIMARY KEY (device, batch)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX audit_uploads_by_age ON audit_uploads (received_at);

        CREATE TRIGGER audit_records_are_appended BEFORE INSERT ON audit_records
        WHEN NEW.sequence <> 1 + coalesce(
            (SELECT max(sequence) FROM audit_records), (SELECT sequence FROM audit_marks WHERE kind = 'base'), 0)
        BEGIN SELECT RAISE(ABORT, 'audit records are appended at the end'); END;

        CREATE TRIGGER audit_records_never_change BEFORE UPDATE ON audit_records
        BEGIN SELECT RAISE(ABORT, 'audit records never change'); END;

        CREATE TRIGGER audit_records_leave_by_retention BEFORE DELETE ON audit_records
        WHEN OLD.sequence > coalesce((SELECT sequence FROM audit_marks WHERE kind = 'base'), 0)
        BEGIN SELECT RAISE(ABORT, 'audit records leave from the beginning, by retention'); END;
        """

    /// Retention counted with these, and no hash covers them: it reads the bytes and the signed marks instead.
    static let auditTrustMigration = """
        ALTER TABLE audit_records DROP COLUMN recorded_at;
        ALTER TABLE audit_records DROP COLUMN bytes_through;
        """

    /// Places that nobody signed are not taken over: exports begin anew, for each record comes at least once.
    static let auditPlacesMigration = """
        DROP TABLE audit_cursors;
        CREATE TABLE audit_places (
            name TEXT PRIMARY KEY,
            document TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
}
