/// The tables of the SCIM directory and of what keeps its connections running.
///
/// `body` is a resource's attributes as JSON; the columns beside it are keys made from it, texts that compare without
/// case in folded form. Memberships name rows by their sequence: 100,000 members take a few MB.
extension Schema {
    static let provisioningMigration = """
        ALTER TABLE people ADD COLUMN directory_id TEXT;
        CREATE INDEX people_by_directory_id ON people (provider, directory_id) WHERE directory_id IS NOT NULL;
        CREATE INDEX people_by_email ON people (provider, email) WHERE email IS NOT NULL;

        CREATE TABLE scim_users (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            provider TEXT NOT NULL,
            id TEXT NOT NULL,
            person TEXT UNIQUE,
            user_name TEXT NOT NULL,
            external_id TEXT,
            display_name TEXT,
            shown_name TEXT,
            is_active INTEGER NOT NULL,
            version INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            modified_at INTEGER NOT NULL,
            body TEXT NOT NULL,
            UNIQUE (provider, id),
            UNIQUE (provider, user_name)
        ) STRICT;
        CREATE UNIQUE INDEX scim_users_by_external_id ON scim_users (provider, external_id)
            WHERE external_id IS NOT NULL;
        CREATE INDEX scim_users_by_display_name ON scim_users (provider, display_name)
            WHERE display_name IS NOT NULL;
        CREATE INDEX scim_users_in_order ON scim_users (provider, sequence, is_active);

        CREATE TABLE scim_emails (
            user INTEGER NOT NULL,
            provider TEXT NOT NULL,
            email TEXT NOT NULL,
            PRIMARY KEY (provider, email, user)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX scim_emails_by_user ON scim_emails (user);

        CREATE TABLE scim_groups (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            provider TEXT NOT NULL,
            id TEXT NOT NULL,
            display_name TEXT NOT NULL,
            external_id TEXT,
            shown_name TEXT NOT NULL,
            version INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            modified_at INTEGER NOT NULL,
            body TEXT NOT NULL,
            UNIQUE (provider, id),
            UNIQUE (provider, display_name)
        ) STRICT;
        CREATE INDEX scim_groups_by_external_id ON scim_groups (provider, external_id) WHERE external_id IS NOT NULL;
        CREATE INDEX scim_groups_in_order ON scim_groups (provider, sequence);

        CREATE TABLE scim_members (
            scim_group INTEGER NOT NULL,
            user INTEGER NOT NULL,
            PRIMARY KEY (scim_group, user)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX scim_members_by_user ON scim_members (user, scim_group);

        CREATE TABLE scim_tokens (
            id TEXT PRIMARY KEY,
            provider TEXT NOT NULL,
            hash BLOB NOT NULL UNIQUE,
            name TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            last_used_at INTEGER,
            expires_at INTEGER,
            revoked_at INTEGER
        ) STRICT;
        CREATE INDEX scim_tokens_by_provider ON scim_tokens (provider, created_at);

        CREATE TABLE scim_log (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            provider TEXT NOT NULL,
            token TEXT,
            at INTEGER NOT NULL,
            method TEXT NOT NULL,
            path TEXT NOT NULL,
            status INTEGER NOT NULL,
            resource TEXT,
            changes TEXT NOT NULL,
            notes TEXT NOT NULL,
            refusal TEXT
        ) STRICT;
        CREATE INDEX scim_log_by_provider ON scim_log (provider, sequence);

        CREATE TABLE scim_removals (
            provider TEXT NOT NULL,
            user TEXT NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (provider, user)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX scim_removals_by_time ON scim_removals (at);

        CREATE TABLE scim_holds (
            id TEXT PRIMARY KEY,
            provider TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            last_at INTEGER NOT NULL,
            people INTEGER NOT NULL,
            total INTEGER NOT NULL,
            confirmed_at INTEGER
        ) STRICT;
        CREATE INDEX scim_holds_by_provider ON scim_holds (provider, created_at);
        """
}
