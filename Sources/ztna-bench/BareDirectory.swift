import Cryptography
import GRDB
import StoreSQLite
import StrictJSON

/// What provisioning does to the database, as bare SQL: the same rows of the same size into the same tables, WAL and
/// `synchronous=FULL`, with nothing that makes, checks or reads the values.
struct BareDirectory {
    private let queue: DatabaseQueue
    private let users: Int

    init(file: String, users: Int) async throws {
        // The store makes the tables.
        let store = try SQLiteStore(path: file)
        await store.close()
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.allowsUnsafeTransactions = true
        queue = try DatabaseQueue(path: file, configuration: configuration)
        try queue.inDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        self.users = users
    }

    /// Seconds of one creation, each durable by itself.
    func creation() throws -> Double {
        let start = Clocks.wall
        for number in 1...users { try durably { try create(number, $0) } }
        let seconds = (Clocks.wall - start) / Double(users)
        try durably { database in
            try run(
                """
                INSERT INTO scim_groups (sequence, provider, id, display_name, shown_name, version, created_at, modified_at,
                    body) VALUES (1, 'corp', 'group', 'team-1', 'team-1', 1, 0, 0, '{"displayName":"team-1"}')
                """, [], database)
            for number in 1...users {
                try run("INSERT INTO scim_members (scim_group, user) VALUES (1, ?)", [number], database)
            }
        }
        return seconds
    }

    func membership(rounds: Int) throws -> Latencies {
        var latencies = Latencies()
        for round in 0..<rounds {
            let user = 1 + round * 7919 % users
            for statement in [
                "DELETE FROM scim_members WHERE scim_group = ? AND user = ?",
                "INSERT INTO scim_members (scim_group, user) VALUES (?, ?)",
            ] {
                let start = Clocks.wall
                try durably { database in
                    try run(statement, [1, user], database)
                    try noteGroupChange(database)
                }
                latencies.add(Clocks.wall - start)
            }
        }
        return latencies
    }

    func batch(of count: Int, rounds: Int) throws -> Latencies {
        var latencies = Latencies()
        for _ in 0..<rounds {
            try durably { try run("DELETE FROM scim_members WHERE user <= ?", [count], $0) }
            let start = Clocks.wall
            try durably { database in
                for number in 1...count {
                    try run("INSERT INTO scim_members (scim_group, user) VALUES (1, ?)", [number], database)
                }
                try noteGroupChange(database)
            }
            latencies.add(Clocks.wall - start)
        }
        return latencies
    }

    func lookup(rounds: Int) throws -> Latencies {
        try reading(rounds) { round, database in
            let name = ProvisioningClient.userName(round * 7919 % users + 1)
            let found = try GRDB.Row.fetchOne(
                database.cachedStatement(
                    sql: "SELECT id, body, version FROM scim_users WHERE provider = 'corp' AND user_name = ?"),
                arguments: [name])
            guard found != nil else { throw BenchError.failed("\(name) is not there") }
        }
    }

    func group(rounds: Int) throws -> Latencies {
        try reading(rounds) { _, database in
            _ = try GRDB.Row.fetchOne(
                database.cachedStatement(
                    sql: "SELECT id, body, version FROM scim_groups WHERE provider = 'corp' AND id = 'group'"))
        }
    }

    /// Users a second.
    func pages() throws -> Double {
        let rounds = users / 100
        let spent = try reading(rounds) { round, database in
            let rows = try GRDB.Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT id, body, version FROM scim_users WHERE provider = 'corp' AND sequence > ?
                        ORDER BY sequence LIMIT 100
                        """), arguments: [round * 100])
            guard rows.count == 100 else { throw BenchError.failed("a page of \(rows.count)") }
        }
        return Double(rounds * 100) / spent.sum
    }

    private func create(_ number: Int, _ database: Database) throws {
        let name = ProvisioningClient.userName(number)
        try run(
            """
            INSERT INTO scim_users (provider, id, user_name, external_id, display_name, shown_name, is_active, version,
                created_at, modified_at, body) VALUES ('corp', ?, ?, ?, ?, ?, 1, 1, 0, 0, ?)
            """,
            [
                Randomness.system.token(16), name, "person-\(number)", "person \(number)", "Person \(number)",
                ProvisioningClient.user(number).encodedText(),
            ], database)
        try run(
            "INSERT INTO scim_emails (user, provider, email) VALUES (?, 'corp', ?)",
            [database.lastInsertedRowID, name], database)
        try log(database)
    }

    private func noteGroupChange(_ database: Database) throws {
        try run("UPDATE scim_groups SET version = version + 1, modified_at = 1 WHERE sequence = 1", [], database)
        try log(database)
    }

    private func log(_ database: Database) throws {
        try run(
            """
            INSERT INTO scim_log (provider, token, at, method, path, status, resource, changes, notes)
            VALUES ('corp', ?, 0, 'PATCH', ?, 204, ?, '["one line about it"]', '[]')
            """, [Self.id, "/Groups/\(Self.id)", "Group \(Self.id)"], database)
    }

    private static let id = "0123456789abcdef012345"

    private func durably(_ work: (Database) throws -> Void) throws {
        try queue.inDatabase { database in
            try database.execute(sql: "BEGIN IMMEDIATE")
            try work(database)
            try database.execute(sql: "COMMIT")
        }
    }

    private func reading(_ rounds: Int, _ work: (Int, Database) throws -> Void) throws -> Latencies {
        var latencies = Latencies()
        for round in 0..<rounds {
            let start = Clocks.wall
            try queue.inDatabase { try work(round, $0) }
            latencies.add(Clocks.wall - start)
        }
        return latencies
    }

    private func run(_ sql: String, _ values: [(any DatabaseValueConvertible)?], _ database: Database) throws {
        try database.cachedStatement(sql: sql).execute(arguments: StatementArguments(values))
    }
}
