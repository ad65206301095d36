internal import Dispatch
internal import GRDB
internal import Store

/// The tables, and how a database of an earlier version becomes one of this.
///
/// Hashes and keys are BLOB, times are seconds since the epoch, texts are UTF-8. Every fact is stored once: what is a
/// column is not in a JSON body too.
enum Schema {
    /// "ztna" in ASCII: what `file` and `PRAGMA application_id` say of the file.
    static let applicationID = 0x7A74_6E61

    /// Number n takes a database from `user_version` n to n + 1. Published ones never change.
    static let migrations = [
        """
        CREATE TABLE device_authorizations (
            id TEXT PRIMARY KEY,
            device_code_hash BLOB NOT NULL UNIQUE,
            user_code_hash BLOB NOT NULL UNIQUE,
            state_hash BLOB UNIQUE,
            expires_at INTEGER NOT NULL,
            body TEXT NOT NULL
        ) STRICT;
        CREATE INDEX device_authorizations_by_expiry ON device_authorizations (expires_at);

        CREATE TABLE people (
            id TEXT PRIMARY KEY,
            provider TEXT NOT NULL,
            subject TEXT NOT NULL,
            email TEXT,
            display_name TEXT NOT NULL,
            is_active INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            last_sign_in_at INTEGER,
            UNIQUE (provider, subject)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE memberships (
            person TEXT NOT NULL,
            source TEXT NOT NULL,
            group_name TEXT NOT NULL,
            PRIMARY KEY (person, source, group_name)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE sessions (
            id TEXT PRIMARY KEY,
            person TEXT NOT NULL,
            provider TEXT NOT NULL,
            device TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            auth_time INTEGER,
            amr TEXT NOT NULL,
            acr TEXT,
            mfa_at INTEGER,
            id_token TEXT NOT NULL,
            nonce_bytes BLOB NOT NULL,
            refresh_hash BLOB,
            refresh_generation INTEGER,
            refresh_previous_hash BLOB,
            refresh_attempt_hash BLOB,
            refresh_rotated_at INTEGER,
            ended_at INTEGER,
            end_reason TEXT
        ) STRICT;
        CREATE UNIQUE INDEX sessions_open_by_device ON sessions (device) WHERE ended_at IS NULL;
        CREATE INDEX sessions_open_by_person ON sessions (person) WHERE ended_at IS NULL;
        CREATE INDEX sessions_by_end ON sessions (ended_at) WHERE ended_at IS NOT NULL;

        CREATE TABLE nodes (
            id TEXT PRIMARY KEY,
            device TEXT NOT NULL UNIQUE,
            device_public_key BLOB NOT NULL,
            session TEXT,
            host TEXT NOT NULL UNIQUE,
            operating_system TEXT NOT NULL,
            wireguard_key BLOB NOT NULL,
            registration TEXT NOT NULL,
            ipv4 INTEGER NOT NULL UNIQUE,
            ipv6 BLOB NOT NULL UNIQUE,
            tags TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE released_addresses (
            ipv4 INTEGER PRIMARY KEY,
            released_at INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE changes (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            subject TEXT NOT NULL,
            record TEXT NOT NULL,
            at INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE settings (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
        """
        ALTER TABLE sessions RENAME COLUMN id_token TO evidence;
        ALTER TABLE sessions RENAME COLUMN nonce_bytes TO random_bytes;
        ALTER TABLE sessions ADD COLUMN evidence_kind TEXT NOT NULL DEFAULT 'id-token';
        ALTER TABLE sessions ADD COLUMN name_id TEXT;
        ALTER TABLE sessions ADD COLUMN name_id_format TEXT;
        ALTER TABLE sessions ADD COLUMN name_qualifier TEXT;
        ALTER TABLE sessions ADD COLUMN sp_name_qualifier TEXT;
        ALTER TABLE sessions ADD COLUMN session_index TEXT;
        CREATE INDEX sessions_open_by_name_id ON sessions (provider, name_id)
            WHERE ended_at IS NULL AND name_id IS NOT NULL;

        CREATE TABLE used_messages (
            provider TEXT NOT NULL,
            id_hash BLOB NOT NULL,
            expires_at INTEGER NOT NULL,
            PRIMARY KEY (provider, id_hash)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX used_messages_by_expiry ON used_messages (expires_at);
        """,
        provisioningMigration,
        """
        ALTER TABLE sessions ADD COLUMN provider_session TEXT;
        CREATE INDEX sessions_open_by_provider_session ON sessions (provider, provider_session)
            WHERE ended_at IS NULL AND provider_session IS NOT NULL;
        """,
        """
        ALTER TABLE scim_tokens ADD COLUMN is_client INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE scim_tokens ADD COLUMN client TEXT;
        CREATE INDEX scim_tokens_by_client ON scim_tokens (client) WHERE client IS NOT NULL;
        """,
        auditMigration,
        policyMigration,
        "ALTER TABLE nodes ADD COLUMN place TEXT;",
        // A second factor of which nobody said when it was counted as if used at the sign-in.
        "UPDATE sessions SET mfa_at = NULL WHERE auth_time IS NULL;",
        auditTrustMigration,
        // A place without a time is as good as none.
        "ALTER TABLE nodes ADD COLUMN place_seen_at INTEGER; UPDATE nodes SET place = NULL;",
        auditPlacesMigration,
        // The codes of sign-ins under way were readable in them: their devices begin anew.
        "DELETE FROM device_authorizations;",
    ]

    static var configuration: Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        // A server that is not root may not raise a thread's priority, and libdispatch would say so on each.
        configuration.qos = .default
        configuration.foreignKeysEnabled = true
        // The batches begin and end their transactions themselves; a failed ROLLBACK is an error, not a trap.
        configuration.allowsUnsafeTransactions = true
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA trusted_schema = OFF")
            try database.execute(sql: "PRAGMA cell_size_check = ON")
        }
        return configuration
    }

    /// Brings the database up to this version, or refuses one that is not ours or is newer than this program.
    static func prepare(_ database: Database) throws {
        // A page that changes often goes from the log to the file once in 32 MiB, not in each 4.
        try database.execute(
            sql: "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 8192")
        let application = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema WHERE type = 'table'") ?? 0
        guard application == applicationID || (application == 0 && tables == 0) else {
            throw StoreError.backend("the file is a database of another program")
        }
        guard (0...migrations.count).contains(version) else {
            throw StoreError.backend("the database was made by a newer version of this program (schema \(version))")
        }
        guard version < migrations.count || application == 0 else { return }
        try database.inTransaction(.immediate) {
            for migration in migrations[version...] { try database.execute(sql: migration) }
            try database.execute(
                sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(migrations.count)")
            return .commit
        }
    }
}
