import AccessPolicy
import Identity
import NetworkAddresses
import Store
import Testing

private func grant(_ random: inout RandomRecords, at now: Int, until end: Int) throws -> TemporaryGrant {
    TemporaryGrant(
        id: random.recordID(), person: random.recordID(), user: random.email(),
        destination: try Selector(parsing: "tag:prod-db"),
        allow: [try Service(parsing: "tcp/22"), try Service(parsing: "udp/1000-2000"), .any], createdAt: now,
        endsAt: end, by: "operator 0", reason: random.flag() ? random.text() : nil)
}

let policyPromises = [
    StorePromise("policy revisions are kept in order and found by their beginning") { store async throws in
        let texts: [(String, [UInt8])] = [("ab12", [1, 0, 255]), ("ab34", []), ("ab12", [2])]
        try await store.write { records in
            for (number, (revision, text)) in texts.enumerated() {
                try records.append(
                    PolicyRevisionRecord(
                        revision: revision, text: text, at: number, by: "file", note: number == 1 ? "why" : nil),
                    keeping: .standard)
            }
        }
        let (all, last, found, none) = try await store.read { records in
            (
                try records.policyRevisions(last: 10), try records.policyRevisions(last: 1),
                try records.policyRevision(beginning: "ab12"), try records.policyRevision(beginning: "%")
            )
        }
        #expect(all.map(\.revision) == ["ab12", "ab34", "ab12"] && all.map(\.at) == [2, 1, 0])
        #expect(all.allSatisfy { $0.text.isEmpty } && all.map(\.note) == [nil, "why", nil])
        #expect(last.map(\.at) == [2])
        #expect(found?.text == [2] && found?.by == "file" && none == nil)
    },
    StorePromise("old policy revisions leave when newer ones come, those in force and before it never") {
        store async throws in
        func append(_ number: Int, bytes: Int, keeping bounds: PolicyHistoryBounds) async throws -> [Int] {
            let record = PolicyRevisionRecord(
                revision: "r\(number)", text: [UInt8](repeating: 7, count: bytes), at: number, by: "file", note: nil)
            return try await store.write { records in
                try records.append(record, keeping: bounds)
                return try records.policyRevisions(last: 100).map(\.at)
            }
        }
        let few = PolicyHistoryBounds(revisions: 3, bytes: 1000)
        for number in 1...5 {
            let expected = Array((max(1, number - 2)...number).reversed())
            #expect(try await append(number, bytes: 10, keeping: few) == expected)
        }
        #expect(try await append(6, bytes: 980, keeping: few) == [6, 5, 4])
        #expect(try await append(7, bytes: 11, keeping: few) == [7, 6])
        #expect(try await append(8, bytes: 2000, keeping: few) == [8, 7])
        #expect(try await append(9, bytes: 1, keeping: PolicyHistoryBounds(revisions: 0, bytes: 0)) == [9, 8])
        #expect(try await append(10, bytes: 1, keeping: .standard) == [10, 9, 8])
        #expect(try await store.read { try $0.policyRevision(beginning: "r7") } == nil)
    },
    StorePromise("no more grants are open than may be, also of those given at once") { store async throws in
        let grants = try (0..<20).map { number in
            var random = RandomRecords(seed: UInt64(900 + number))
            return try grant(&random, at: 10, until: 100)
        }
        let added = try await withThrowingTaskGroup(of: Bool.self) { group in
            for grant in grants { group.addTask { try await store.write { try $0.add(grant, atMost: 7) } } }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(added == 7)
        let open = try await store.read { try $0.temporaryGrants(openAt: 10) }
        #expect(open.count == 7)
        var over = open[0]
        over.revokedAt = 11
        let revoked = over
        try await store.write { try $0.save(revoked) }
        var random = RandomRecords(seed: 950)
        let late = [try grant(&random, at: 20, until: 100), try grant(&random, at: 20, until: 100)]
        #expect(try await store.write { try $0.add(late[0], atMost: 7) })
        #expect(try await store.write { try !$0.add(late[1], atMost: 7) })
        #expect(try await store.read { try $0.temporaryGrant(late[1].id) } == nil)
    },
    StorePromise("grants are open until they end or are revoked") { store async throws in
        var random = RandomRecords(seed: 77)
        let grants = [
            try grant(&random, at: 1, until: 100), try grant(&random, at: 2, until: 50),
            try grant(&random, at: 3, until: 100),
        ]
        try await store.write { records in for grant in grants { try records.save(grant) } }
        let open = try await store.read { try ($0.temporaryGrants(openAt: 49), $0.temporaryGrants(openAt: 50)) }
        #expect(open.0 == grants && open.1 == [grants[0], grants[2]])
        var revoked = grants[0]
        revoked.revokedAt = 10
        revoked.revokedBy = "alice@example.com"
        let change = revoked
        try await store.write { try $0.save(change) }
        let (left, kept) = try await store.read { records in
            (try records.temporaryGrants(openAt: 0), try records.temporaryGrant(change.id))
        }
        #expect(left == [grants[1], grants[2]].sorted { $0.createdAt < $1.createdAt } && kept == revoked)
        #expect(!revoked.isOpen(at: 5) && grants[1].isOpen(at: 49) && !grants[1].isOpen(at: 50))
    },
    StorePromise("a node remembers whether it is managed") { store async throws in
        var random = RandomRecords(seed: 78)
        var node = random.node()
        for said in [true, false, nil] as [Bool?] {
            node.isManaged = said
            node.place = said == true ? IPAddress("2001:db8::7") : said.map { _ in .v4(1) }
            let saved = node
            try await store.write { try $0.save(saved) }
            #expect(try await store.read { try $0.node(saved.id) } == saved)
        }
    },
]
