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
                        revision: revision, text: text, at: number, by: "file", note: number == 1 ? "why" : nil))
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
