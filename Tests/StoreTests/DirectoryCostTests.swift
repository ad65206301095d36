import GRDB
import Identity
import SCIM
import Store
import StrictJSON
import Testing

@testable import StoreSQLite

@Suite struct `A membership in SQLite` {
    private static func record(_ type: ResourceType, _ id: String) -> ResourceRecord {
        ResourceRecord(
            type: type, id: id, attributes: [type == .user ? "userName" : "displayName": .string(id)],
            created: Timestamp(milliseconds: 0), lastModified: Timestamp(milliseconds: 0), version: 1, sequence: 0)
    }

    /// Rows inserted, updated and deleted by each of: adding one member, removing one, renaming the group.
    private static func costs(members: Int) async throws -> [Int] {
        let store = try SQLiteStore(inMemory: ())
        let provider = try #require(ProviderID("corp"))
        let ids = (0..<members).map { "u\($0)" }
        try await store.write { records in
            try records.insert(record(.group, "g"), into: provider)
            for id in ids + ["one"] { try records.insert(record(.user, id), into: provider) }
            _ = try records.addMembers(ids, toGroup: "g", of: provider)
        }
        var costs: [Int] = []
        let steps: [@Sendable (any StoreTransaction) throws -> Void] = [
            { _ = try $0.addMembers(["one"], toGroup: "g", of: provider) },
            { _ = try $0.removeMembers(["one"], fromGroup: "g", of: provider) },
            { try $0.update(record(.group, "g"), of: provider) },
        ]
        for step in steps {
            let before = try await rowsChanged(store)
            try await store.write { try step($0) }
            costs.append(try await rowsChanged(store) - before)
        }
        return costs
    }

    private static func rowsChanged(_ store: SQLiteStore) async throws -> Int {
        try await store.writer.writeWithoutTransaction { try Int.fetchOne($0, sql: "SELECT total_changes()") ?? 0 }
    }

    @Test func `costs one row, however large its group is`() async throws {
        #expect(try await Self.costs(members: 1) == [1, 1, 1])
        #expect(try await Self.costs(members: 5_000) == [1, 1, 1])
    }
}
