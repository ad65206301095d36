import Identity
import SCIM
import Sessions
import Store
import StrictJSON
import Testing

/// Two connections, and resources as clients write them.
private struct Directories {
    let corp: ProviderID
    let other: ProviderID

    init() throws {
        corp = try #require(ProviderID("corp"))
        other = try #require(ProviderID("other"))
    }

    static func user(
        _ name: String, id: String? = nil, external: String? = nil, emails: [String] = [], active: Bool = true
    ) -> ResourceRecord {
        var attributes: [String: JSON] = ["userName": .string(name), "active": .bool(active)]
        if let external { attributes["externalId"] = .string(external) }
        if !emails.isEmpty { attributes["emails"] = .array(emails.map { ["value": .string($0)] }) }
        return record(.user, id ?? "u-\(name)", attributes)
    }

    static func group(_ name: String, id: String? = nil) -> ResourceRecord {
        record(.group, id ?? "g-\(name)", ["displayName": .string(name)])
    }

    private static func record(_ type: ResourceType, _ id: String, _ attributes: [String: JSON]) -> ResourceRecord {
        ResourceRecord(
            type: type, id: id, attributes: attributes, created: Timestamp(milliseconds: 1_001),
            lastModified: Timestamp(milliseconds: 1_002), version: 1, sequence: 0)
    }
}

let directoryPromises = [
    StorePromise("a resource comes back as it was written, at its own provider alone, in the order of creation") {
        store async throws in
        let both = try Directories()
        let names = ["zoë", "al ice", "bob\t", "日本\"\\"]
        try await store.write { records throws in
            for name in names { try records.insert(Directories.user(name), into: both.corp) }
            try records.insert(Directories.user(names[0]), into: both.other)
            var changed = Directories.user(names[1], active: false)
            changed.version = 7
            changed.lastModified = Timestamp(milliseconds: 9_999)
            try records.update(changed, of: both.corp)
        }
        try await store.read { records throws in
            let all = try records.resources(.user, of: both.corp, matching: nil, from: .offset(0), limit: 10)
            #expect(all.map(\.userName) == names)
            #expect(all.map(\.version) == [1, 7, 1, 1])
            #expect(all.map(\.isActive) == [true, false, true, true])
            #expect(all[1].lastModified.milliseconds == 9_999 && all[1].created.milliseconds == 1_001)
            #expect(all.map(\.sequence) == all.map(\.sequence).sorted())
            let rest = try records.resources(
                .user, of: both.corp, matching: nil, from: .after(sequence: all[1].sequence), limit: 1)
            #expect(rest.map(\.userName) == [names[2]])
            let page = try records.resources(.user, of: both.corp, matching: nil, from: .offset(2), limit: 1)
            #expect(page.map(\.userName) == [names[2]])
            #expect(try records.resourceCount(.user, of: both.corp, matching: nil) == 4)
            #expect(try records.resourceCount(.user, of: both.other, matching: nil) == 1)
            #expect(try records.resource(.user, id: all[1].id, of: both.other) == nil)
            #expect(try records.resource(.group, id: all[1].id, of: both.corp) == nil)
        }
    },
    StorePromise("each lookup finds what it names, folded where that is due, before and after a change") {
        store async throws in
        let both = try Directories()
        let alice = Directories.user("Alice@X.org", id: "a", external: "E1", emails: ["A@x.org", "a@X.org", "b@x.org"])
        let bob = Directories.user("bob", id: "b", active: false)
        try await store.write { records throws in
            for user in [alice, bob] { try records.insert(user, into: both.corp) }
            try records.insert(Directories.user("alice@x.org", id: "c", external: "E1"), into: both.other)
            try records.insert(Directories.group("Eng", id: "g"), into: both.corp)
            _ = try records.addMembers(["a"], toGroup: "g", of: both.corp)
        }
        let cases: [(ResourceType, FilterPlan.Lookup, [String])] = [
            (.user, .id("a"), ["a"]), (.user, .id("c"), []), (.user, .userName(folded: "alice@x.org"), ["a"]),
            (.user, .userName(folded: "Alice@X.org"), []), (.user, .externalId("E1"), ["a"]),
            (.user, .externalId("e1"), []), (.user, .email(folded: "a@x.org"), ["a"]),
            (.user, .email(folded: "c@x.org"), []), (.user, .active(false), ["b"]),
            (.user, .memberOf(groupID: "g"), ["a"]),
            (.user, .memberOf(groupID: "h"), []), (.group, .displayName(folded: "eng"), ["g"]),
            (.group, .member(userID: "a"), ["g"]), (.group, .member(userID: "b"), []), (.group, .active(true), []),
        ]
        try await store.read { records throws in
            for (type, lookup, expected) in cases {
                for start in [PageStart.offset(0), .after(sequence: 0)] {
                    let found = try records.resources(type, of: both.corp, matching: lookup, from: start, limit: 5)
                    #expect(found.map(\.id) == expected, "\(lookup)")
                }
                #expect(try records.resourceCount(type, of: both.corp, matching: lookup) == expected.count)
            }
        }
        let renamed = Directories.user("anna", id: "a", external: "E2", emails: ["anna@x.org"])
        try await store.write { try $0.update(renamed, of: both.corp) }
        let later: [(FilterPlan.Lookup, Int)] = [
            (.userName(folded: "alice@x.org"), 0), (.userName(folded: "anna"), 1), (.externalId("E1"), 0),
            (.externalId("E2"), 1), (.email(folded: "a@x.org"), 0), (.email(folded: "anna@x.org"), 1),
        ]
        for (lookup, count) in later {
            let found = try await store.read { try $0.resourceCount(.user, of: both.corp, matching: lookup) }
            #expect(found == count, "\(lookup)")
        }
    },
    StorePromise("names that belong to one resource of a provider conflict there, and nowhere else") {
        store async throws in
        let both = try Directories()
        try await store.write { records throws in
            try records.insert(Directories.user("Alice", id: "a", external: "E1"), into: both.corp)
            try records.insert(Directories.group("Eng", id: "g"), into: both.corp)
        }
        let twins = [
            Directories.user("ALICE", id: "b"), Directories.user("carol", id: "c", external: "E1"),
            Directories.user("dan", id: "a"), Directories.group("eNG", id: "h"),
        ]
        for twin in twins {
            await #expect(throws: StoreError.conflict) {
                try await store.write { try $0.insert(twin, into: both.corp) }
            }
        }
        try await store.write { records in for twin in twins.dropFirst() { try records.insert(twin, into: both.other) }
        }
    },
    StorePromise("members are added and removed once each, by rows, and go with their group or user") {
        store async throws in
        let both = try Directories()
        try await store.write { records throws in
            for name in ["a", "b", "c"] { try records.insert(Directories.user(name, id: name), into: both.corp) }
            try records.insert(Directories.user("x", id: "x"), into: both.other)
            for name in ["g", "h"] { try records.insert(Directories.group(name, id: name), into: both.corp) }
            #expect(try records.addMembers(["a", "b", "a", "x", "nobody"], toGroup: "g", of: both.corp) == ["a", "b"])
            #expect(try records.addMembers(["b", "c"], toGroup: "g", of: both.corp) == ["c"])
            #expect(try records.addMembers(["a"], toGroup: "absent", of: both.corp) == [])
            #expect(try records.addMembers(["a", "b"], toGroup: "h", of: both.corp) == ["a", "b"])
            #expect(try records.removeMembers(["b", "b", "x"], fromGroup: "g", of: both.corp) == ["b"])
            #expect(try records.users(among: ["a", "x", "nobody"], of: both.corp) == ["a"])
        }
        try await store.read { records throws in
            #expect(try records.members(ofGroup: "g", of: both.corp, limit: .max).map(\.id) == ["a", "c"])
            #expect(try records.members(ofGroup: "g", of: both.corp, limit: 1) == [Reference(id: "a", display: "a")])
            #expect(try records.members(ofGroup: "g", of: both.other, limit: 9) == [])
            let groups = try records.groups(ofUsers: ["a", "b", "x"], of: both.corp)
            #expect(groups.mapValues { $0.compactMap(\.display) } == ["a": ["g", "h"], "b": ["h"]])
        }
        try await store.write { records throws in
            #expect(try records.deleteResource(.user, id: "a", of: both.corp) == ["g", "h"])
            #expect(try records.deleteResource(.group, id: "h", of: both.corp) == ["b"])
            #expect(try records.deleteResource(.user, id: "b", of: both.other) == [])
            #expect(try records.removeAllMembers(fromGroup: "g", of: both.corp) == ["c"])
            #expect(try records.groups(ofUsers: ["a", "b", "c"], of: both.corp) == [:])
            #expect(try records.resource(.user, id: "b", of: both.corp) != nil)
        }
    },
    StorePromise("a linked person has the groups of their user, by name, from scim; nobody is two users") {
        store async throws in
        let both = try Directories()
        var random = RandomRecords(seed: 71)
        let (person, stranger) = (random.person(provider: both.corp), random.person(provider: both.corp))
        let session = random.session(of: person.id, at: both.corp, open: true)
        try await store.write { records throws in
            for one in [person, stranger] { try records.save(one) }
            try records.save(session)
            for name in ["a", "b"] { try records.insert(Directories.user(name, id: name), into: both.corp) }
            for name in ["Eng", " not usable"] {
                try records.insert(Directories.group(name, id: name), into: both.corp)
            }
            for name in ["Eng", " not usable"] { _ = try records.addMembers(["a", "b"], toGroup: name, of: both.corp) }
            try records.link(user: "a", of: both.corp, to: person.id)
        }
        await #expect(throws: StoreError.conflict) {
            try await store.write { try $0.link(user: "b", of: both.corp, to: person.id) }
        }
        let engineering = try #require(GroupName("Eng"))
        try await store.write { records throws in
            #expect(try records.memberships(of: person.id) == [engineering: [.scim]])
            #expect(try records.memberships(of: stranger.id) == [:])
            #expect(try records.person(ofUser: "a", of: both.corp) == person.id)
            #expect(try records.person(ofUser: "a", of: both.other) == nil)
            #expect(try records.person(ofUser: "b", of: both.corp) == nil)
            #expect(try records.user(ofPerson: person.id)?.id == "a")
            #expect(try records.user(ofPerson: stranger.id) == nil)
            #expect(try records.peopleSignedIn(inGroup: "Eng", of: both.corp) == [person.id])
            _ = try records.setMemberships(of: person.id, source: .local, to: [engineering])
            var ended = session
            ended.end(.loggedOut, now: 1)
            try records.save(ended)
            #expect(try records.peopleSignedIn(inGroup: "Eng", of: both.corp) == [])
            #expect(try records.memberships(of: person.id) == [engineering: [.scim, .local]])
            _ = try records.deleteResource(.user, id: "a", of: both.corp)
            #expect(try records.memberships(of: person.id) == [engineering: [.local]])
            #expect(try records.person(person.id) != nil)
            try records.link(user: "b", of: both.corp, to: person.id)
        }
    },
    StorePromise("the whole directory at once says of each what is said of them alone") { store async throws in
        let both = try Directories()
        var random = RandomRecords(seed: 73)
        let engineering = try #require(GroupName("Eng"))
        let local = try #require(GroupName("local"))
        let people = (0..<4).map { _ in random.person(provider: both.corp) }
        try await store.write { records throws in
            for one in people { try records.save(one) }
            for (name, emails, active) in [
                ("a", [], true), ("b", ["Z@x.org", "M@x.org"], true), ("C@x.org", ["a@x.org"], true),
                ("off", [], false),
            ] as [(String, [String], Bool)] {
                try records.insert(
                    Directories.user(name, id: name, emails: emails, active: active), into: both.corp)
            }
            try records.insert(Directories.user("d", id: "d"), into: both.other)
            for name in ["Eng", " not usable"] {
                try records.insert(Directories.group(name, id: name), into: both.corp)
                _ = try records.addMembers(["a", "b", "off"], toGroup: name, of: both.corp)
            }
            try records.link(user: "a", of: both.corp, to: people[0].id)
            for person in people.prefix(2) {
                _ = try records.setMemberships(of: person.id, source: .local, to: [local, engineering])
            }
            _ = try records.setMemberships(of: people[1].id, source: .tokenClaim, to: [engineering])
        }
        try await store.read { records throws in
            let all = try records.memberships()
            for person in people { #expect(try all[person.id] ?? [:] == records.memberships(of: person.id)) }
            #expect(all.count == 2)
            let users = try records.provisionedUsers()
            #expect(users.map { $0.email?.text } == ["m@x.org", "c@x.org", nil])
            #expect(users.map(\.groups) == [[engineering], [], []])
            #expect(users.map(\.provider) == [both.corp, both.corp, both.other])
        }
    },
    StorePromise("people are found by what their directory and their address call them, at their provider") {
        store async throws in
        let both = try Directories()
        var random = RandomRecords(seed: 72)
        var (first, second) = (random.person(provider: both.corp), random.person(provider: both.corp))
        let address = try #require(EmailAddress("alice@example.com"))
        first.directoryID = "oid-1"
        first.email = address
        second.email = address
        try await store.write { [first, second] records in
            for one in [first, second] { try records.save(one) }
        }
        try await store.read { [first] records throws in
            #expect(try records.people(provider: both.corp, directoryID: "oid-1") == [first])
            #expect(try records.people(provider: both.other, directoryID: "oid-1") == [])
            #expect(try records.people(provider: both.corp, email: address).count == 2)
            #expect(try records.people(provider: both.other, email: address) == [])
        }
    },
]

let provisioningPromises = [
    StorePromise("open sessions are found by what their provider calls its own session") { store async throws in
        let both = try Directories()
        var random = RandomRecords(seed: 74)
        let meant = random.session(at: both.corp, open: true, providerSession: "sid-1")
        let others = [
            random.session(at: both.corp, open: false, providerSession: "sid-1"),
            random.session(at: both.corp, open: true, providerSession: "sid-2"),
            random.session(at: both.other, open: true, providerSession: "sid-1"),
        ]
        try await store.write { records in for session in others + [meant] { try records.save(session) } }
        let found = try await store.read { try $0.openSessions(provider: both.corp, providerSession: "sid-1") }
        #expect(found == [meant])
    },
    StorePromise("tokens are found by their hash, and no two have one") { store async throws in
        let both = try Directories()
        var random = RandomRecords(seed: 73)
        var token = ProvisioningToken(
            id: random.recordID(), provider: both.corp, hash: random.hash(), name: "Entra é", createdAt: 5)
        let twin = ProvisioningToken(
            id: random.recordID(), provider: both.other, hash: token.hash, name: "", createdAt: 6)
        let later = ProvisioningToken(
            id: random.recordID(), provider: both.corp, hash: random.hash(), name: "b", createdAt: 7, lastUsedAt: 8,
            expiresAt: 9, revokedAt: 10)
        try await store.write { [token] records in for one in [later, token] { try records.save(one) } }
        await #expect(throws: StoreError.conflict) { try await store.write { try $0.save(twin) } }
        token.revokedAt = 77
        try await store.write { [token] in try $0.save(token) }
        try await store.read { [token] records throws in
            #expect(try records.provisioningToken(hash: token.hash) == token)
            #expect(try records.provisioningToken(later.id) == later)
            #expect(try records.provisioningToken(hash: []) == nil)
            #expect(try records.provisioningTokens(of: both.corp) == [token, later])
            #expect(try records.provisioningTokens(of: both.other) == [])
        }
        let client = ProvisioningToken(
            id: random.recordID(), use: .oauthClient, provider: both.other, hash: random.hash(), name: "", createdAt: 1)
        let issued = (1...4).map { number in
            ProvisioningToken(
                id: random.recordID(), use: .accessToken(of: client.id), provider: both.other, hash: random.hash(),
                name: "", createdAt: number, expiresAt: number == 3 ? 20 : 40)
        }
        try await store.write { records in
            for one in [client] + issued { try records.save(one) }
            try records.deleteAccessTokens(of: client.id, expiredAt: 20, keeping: 3)
            try records.deleteAccessTokens(of: later.id, expiredAt: 99, keeping: 0)
        }
        try await store.read { records throws in
            #expect(try records.provisioningTokens(of: both.other) == [client])
            let kept = try issued.map { try records.provisioningToken(hash: $0.hash) }
            #expect(kept == [nil, issued[1], nil, issued[3]])
        }
    },
    StorePromise("the sync log keeps its order and is cut by age and by number, provider by provider") {
        store async throws in
        let both = try Directories()
        let lines = (1...6).map { number in
            SyncLogRecord(
                provider: number == 4 ? both.other : both.corp, token: RandomRecords.fixed(1),
                at: Timestamp(milliseconds: number * 1000), method: "PATCH", path: "/Users/\(number)", status: 200,
                resource: "Users/é", changes: ["active: true → false", "\""], notes: ["n"],
                refusal: number == 2 ? "x" : nil)
        }
        try await store.write { records in for line in lines { try records.appendSyncLog(line) } }
        let numbers = { @Sendable (records: [SyncLogRecord]) in records.map { $0.at.milliseconds / 1000 } }
        try await store.read { records throws in
            let all = try records.syncLog(of: both.corp, after: 0, limit: 10)
            #expect(numbers(all) == [1, 2, 3, 5, 6])
            var first = try #require(all.first)
            first.sequence = 0
            #expect(first == lines[0])
            #expect(numbers(try records.syncLog(of: both.corp, after: all[1].sequence, limit: 2)) == [3, 5])
            #expect(numbers(try records.syncLog(of: both.corp, last: 2)) == [5, 6])
        }
        #expect(try await store.write { try $0.deleteSyncLog(before: 2, keeping: 2, limit: 10) } == 3)
        let (left, others) = try await store.read { records in
            (
                try records.syncLog(of: both.corp, after: 0, limit: 9),
                try records.syncLog(of: both.other, after: 0, limit: 9)
            )
        }
        #expect(numbers(left) == [5, 6] && numbers(others) == [4])
    },
    StorePromise("removals are counted once a user, since a moment; holds come newest first") { store async throws in
        let both = try Directories()
        let removed = { @Sendable (moment: Int) async throws in
            try await store.read { try $0.usersRemoved(of: both.corp, since: moment) }
        }
        try await store.write { records throws in
            try records.noteRemovals(of: ["a", "b"], of: both.corp, at: 10)
            try records.noteRemovals(of: ["b", "c"], of: both.corp, at: 20)
            try records.noteRemovals(of: ["d"], of: both.other, at: 20)
        }
        #expect(try await removed(10) == ["a", "b", "c"])
        #expect(try await removed(11) == ["b", "c"])
        let deleted = try await store.write { try $0.deleteRemovals(before: 20, limit: 5) }
        #expect(deleted == 1)
        #expect(try await removed(0) == ["b", "c"])
        var old = RemovalHold(
            id: RandomRecords.fixed(1), provider: both.corp, createdAt: 1, lastAt: 2, people: 3, total: 4)
        let new = RemovalHold(
            id: RandomRecords.fixed(2), provider: both.corp, createdAt: 5, lastAt: 6, people: 7, total: 8)
        try await store.write { [old] records in for hold in [old, new] { try records.save(hold) } }
        old.confirmedAt = 99
        try await store.write { [old] in try $0.save(old) }
        let (holds, one, none) = try await store.read { [id = old.id] records in
            (
                try records.removalHolds(of: both.corp), try records.removalHold(id),
                try records.removalHolds(of: both.other)
            )
        }
        #expect(holds == [new, old] && one == old && none.isEmpty)
    },
]
