import Foundation
import GRDB
import Identity
import Sessions
import Store
import Testing

@testable import StoreSQLite

@Suite struct `A database of an earlier version` {
    /// A session and a sign-in as version 1 wrote them.
    private static let records = """
        INSERT INTO sessions (id, person, provider, device, created_at, expires_at, mfa_at, amr, id_token, nonce_bytes)
        VALUES ('ssssssssssssssssssssss', 'pppppppppppppppppppppp', 'corp',
            'ddddddddddddddddddddddddddddddddddddddddddd', 1, 2, 1, '["pwd"]', 'a.b.c', x'0102');
        INSERT INTO device_authorizations (id, device_code_hash, user_code_hash, state_hash, expires_at, body)
        VALUES ('aaaaaaaaaaaaaaaaaaaaaa', x'01', x'02', x'03', 700, '{"user_code":"BCDFGHJK",
            "device":"ddddddddddddddddddddddddddddddddddddddddddd","number":42,"created_at":100,
            "asking":{"host_name":"h","operating_system":"o","address":"a","public_key":"AA"},
            "state":{"is":"redirected","browser":{"cookie_hash":"AA","is_local":false,"numbers":[]},
            "redirect":{"provider":"corp","code_verifier":"v","nonce_bytes":"AQI","requested_at":101}}}');
        """

    @Test func `is brought up to date with all that is in it but sign-ins under way`() async throws {
        let path = NSTemporaryDirectory() + "/ztna-migration-" + UUID().uuidString + ".db"
        defer { for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) } }
        let old = try DatabaseQueue(path: path)
        try await old.writeWithoutTransaction { database in
            try database.execute(sql: Schema.migrations[0])
            try database.execute(sql: Self.records)
            try database.execute(sql: "PRAGMA application_id = \(Schema.applicationID); PRAGMA user_version = 1")
        }
        try old.close()
        let store = try SQLiteStore(path: path)
        let (sessions, signIns) = try await store.read { try ($0.openSessions(), $0.openDeviceAuthorizations(now: 0)) }
        #expect(sessions.map(\.evidence) == [SignInEvidence(.idToken("a.b.c"), randomBytes: [1, 2])])
        #expect(sessions.allSatisfy { $0.principal == nil && $0.amr == ["pwd"] && $0.mfaAt == nil })
        // It had its user code in it.
        #expect(signIns.isEmpty)
        let provider = try #require(ProviderID("corp"))
        #expect(try await store.write { try $0.rememberMessage([1], of: provider, expiresAt: 1) })
        await store.close()
    }
}
