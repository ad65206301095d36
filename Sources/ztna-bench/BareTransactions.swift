import Cryptography
import GRDB
import StoreSQLite

/// The write transactions of a sign-in as bare SQL: the same rows of the same size into the same tables, WAL and
/// `synchronous=FULL`, with nothing that makes or reads the values.
struct BareTransactions {
    /// Begin, code, provider, callback, identity, confirmation, tokens, node.
    static let count = 8

    private let queue: DatabaseQueue

    init(file: String) async throws {
        // The store makes the tables.
        let store = try SQLiteStore(path: file)
        await store.close()
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.allowsUnsafeTransactions = true
        queue = try DatabaseQueue(path: file, configuration: configuration)
        try queue.inDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
    }

    /// CPU seconds for one sign-in when `transactionsInCommit` of them, on average, share a commit.
    func secondsOfSignIn(transactionsInCommit: Double) throws -> Double {
        try queue.inDatabase { database in
            let (crowd, rounds) = (64, 10)
            var run = Run(database: database, transactionsInCommit: transactionsInCommit)
            try run.signIn(crowd, rounds: 1)
            let start = Clocks.process
            try run.signIn(crowd, rounds: rounds)
            return (Clocks.process - start) / Double(crowd * rounds)
        }
    }

    private struct Run {
        let database: Database
        let transactionsInCommit: Double
        private var due = 0.0

        init(database: Database, transactionsInCommit: Double) {
            self.database = database
            self.transactionsInCommit = transactionsInCommit
        }

        mutating func signIn(_ crowd: Int, rounds: Int) throws {
            for _ in 0..<rounds {
                let rows = (0..<crowd).map { _ in Rows() }
                for step in 0..<BareTransactions.count {
                    for row in rows {
                        if !database.isInsideTransaction { try database.execute(sql: "BEGIN IMMEDIATE") }
                        try row.carryOut(step, in: database)
                        due += 1 / transactionsInCommit
                        if due >= 1 {
                            due -= 1
                            try database.execute(sql: "COMMIT")
                        }
                    }
                }
            }
            if database.isInsideTransaction { try database.execute(sql: "COMMIT") }
        }
    }
}

/// The rows of one sign-in.
private struct Rows {
    let id = Randomness.system.token(16)
    let device = Randomness.system.token(32)
    let hashes = (0..<4).map { _ in Randomness.system.token(24) }
    let host = Randomness.system.token(8)
    let address = Int(Randomness.system.uniform(below: .max))

    /// `step` counts the transactions.
    func carryOut(_ step: Int, in database: Database) throws {
        switch step {
        case 0:
            try run(
                """
                INSERT INTO device_authorizations (id, device_code_hash, user_code_hash, expires_at, body)
                VALUES (?, CAST(? AS BLOB), CAST(? AS BLOB), ?, ?)
                """, [id, hashes[0], hashes[1], 2_000_000_000, Self.body.begun], database)
        case 7:
            try run(
                """
                INSERT INTO nodes (id, device, device_public_key, session, host, operating_system, wireguard_key, registration,
                    ipv4, ipv6, tags, created_at, updated_at)
                VALUES (?, ?, CAST(? AS BLOB), ?, ?, '', CAST(? AS BLOB), ?, ?, CAST(? AS BLOB), '', 0, 0)
                """, [id, device, hashes[2], id, host, hashes[3], Self.body.registration, address, hashes[0]], database)
            try noteChange(database)
        default:
            _ = try database.cachedStatement(sql: "SELECT body FROM device_authorizations WHERE id = ?").execute(
                arguments: [id])
            try run(
                "UPDATE device_authorizations SET state_hash = CAST(? AS BLOB), body = ? WHERE id = ?",
                [
                    step == 2 ? hashes[2] : nil, step == 4 || step == 5 ? Self.body.authenticated : Self.body.underWay,
                    id,
                ], database)
            if step == 5 { try keepPerson(database) }
            if step == 6 { try beginSession(database) }
        }
    }

    private func keepPerson(_ database: Database) throws {
        try run(
            """
            INSERT INTO people (id, provider, subject, email, display_name, is_active, created_at, last_sign_in_at)
            VALUES (?, 'corp', ?, ?, '', 1, 0, 0)
            """, [id, host, host], database)
        for group in ["staff", "team"] {
            try run(
                "INSERT INTO memberships (person, source, group_name) VALUES (?, 'token', ?)", [id, group], database)
        }
        try noteChange(database)
    }

    private func beginSession(_ database: Database) throws {
        try run(
            """
            INSERT INTO sessions (id, person, provider, device, created_at, expires_at, amr, evidence, random_bytes, refresh_hash)
            VALUES (?, ?, 'corp', ?, 0, 0, '[]', ?, CAST(? AS BLOB), CAST(? AS BLOB))
            """, [id, id, device, Self.body.idToken, hashes[0], hashes[1]], database)
        try noteChange(database)
    }

    private func noteChange(_ database: Database) throws {
        try run("INSERT INTO changes (subject, record, at) VALUES ('session', ?, 0)", [id], database)
    }

    /// Made once: the floor pays for nothing that makes values.
    private static let body = (
        begun: text(500), underWay: text(700), authenticated: text(2200), registration: text(600), idToken: text(900)
    )

    private static func text(_ count: Int) -> String { String(repeating: "x", count: count) }

    private func run(_ sql: String, _ values: [(any DatabaseValueConvertible)?], _ database: Database) throws {
        try database.cachedStatement(sql: sql).execute(arguments: StatementArguments(values))
    }
}
