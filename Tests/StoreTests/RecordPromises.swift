import Identity
import NetworkAddresses
import Sessions
import Store
import Testing

let signInPromises = [
    StorePromise("every device authorization comes back as it was, by each of its names") { store async throws in
        var random = RandomRecords(seed: 3)
        for _ in 0..<200 {
            let saved = random.deviceAuthorization()
            try await store.write { try $0.save(saved) }
            try await store.read { records throws in
                #expect(try records.deviceAuthorization(saved.id) == saved)
                #expect(try records.deviceAuthorization(deviceCodeHash: saved.deviceCodeHash) == saved)
                #expect(try records.deviceAuthorization(userCodeHash: saved.userCodeHash) == saved)
                if case .redirected(_, let redirect) = saved.state {
                    #expect(try records.deviceAuthorization(stateHash: redirect.stateHash) == saved)
                }
                if case .answered(_, _, let handleHash) = saved.state {
                    #expect(try records.deviceAuthorization(stateHash: handleHash) == saved)
                }
            }
        }
    },
    StorePromise("an unknown name finds no device authorization") { store async throws in
        var random = RandomRecords(seed: 4)
        let (id, hash, saved) = (random.recordID(), random.hash(), random.deviceAuthorization())
        try await store.write { try $0.save(saved) }
        try await store.read { records throws in
            #expect(try records.deviceAuthorization(id) == nil)
            #expect(try records.deviceAuthorization(deviceCodeHash: hash) == nil)
            #expect(try records.deviceAuthorization(userCodeHash: hash) == nil)
            #expect(try records.deviceAuthorization(stateHash: hash) == nil)
            #expect(try records.deviceAuthorization(stateHash: []) == nil)
        }
    },
    StorePromise("a state hash leads nowhere once its redirect is over") { store async throws in
        var random = RandomRecords(seed: 5)
        var login = random.deviceAuthorization()
        let (browser, redirect) = (random.browser(), random.redirect())
        let states: [(DeviceAuthorization.State, Bool)] = [
            (.redirected(browser, redirect), true), (.claimed(browser), false),
        ]
        for (state, isFound) in states {
            login.state = state
            try await store.write { [login] in try $0.save(login) }
            let found = try await store.read { try $0.deviceAuthorization(stateHash: redirect.stateHash) }
            #expect((found != nil) == isFound)
        }
    },
    StorePromise("two device authorizations cannot share a hash") { store async throws in
        var random = RandomRecords(seed: 6)
        var first = random.deviceAuthorization()
        first.state = .redirected(random.browser(), random.redirect())
        var sameState = random.deviceAuthorization()
        sameState.state = first.state
        let second = random.deviceAuthorization()
        let twins = [
            second.with(deviceCodeHash: first.deviceCodeHash), second.with(userCodeHash: first.userCodeHash), sameState,
        ]
        try await store.write { [first] in try $0.save(first) }
        for twin in twins {
            await #expect(throws: StoreError.conflict) { try await store.write { try $0.save(twin) } }
        }
        let kept = try await store.read { [id = first.id] in try $0.deviceAuthorization(id) }
        #expect(kept == first)
    },
    StorePromise("open device authorizations expire later than now; those expired before a moment go") {
        store async throws in
        var random = RandomRecords(seed: 7)
        let all = [99, 100, 101, 102].map { random.deviceAuthorization().with(expiresAt: $0) }
        try await store.write { records in for login in all { try records.save(login) } }
        let open = try await store.read { try $0.openDeviceAuthorizations(now: 100) }
        #expect(open.map(\.expiresAt) == [101, 102])
        try await store.write { try $0.deleteDeviceAuthorizations(expiredBefore: 101) }
        let left = try await store.read { try $0.openDeviceAuthorizations(now: 0) }
        #expect(left.map(\.expiresAt) == [101, 102])
    },
]

let peoplePromises = [
    StorePromise("every person comes back as saved, by id and by subject") { store async throws in
        var random = RandomRecords(seed: 8)
        let people = (0..<100).map { _ in random.person() }
        try await store.write { records in for person in people { try records.save(person) } }
        try await store.read { records throws in
            for person in people {
                #expect(try records.person(person.id) == person)
                #expect(try records.person(provider: person.provider, subject: person.subject) == person)
            }
            #expect(Set(try records.people()) == Set(people))
        }
    },
    StorePromise("a subject is one person within its provider, byte for byte") { store async throws in
        var random = RandomRecords(seed: 9)
        let (here, elsewhere) = (random.providerID(), random.providerID())
        let apart =
            [random.person(provider: elsewhere, subject: "alice")]
            + ["alice", "Alice", "alice ", "alice\0", "alice\0b", "é", "e\u{301}", ""].map {
                random.person(provider: here, subject: $0)
            }
        try await store.write { records in for person in apart { try records.save(person) } }
        #expect(try await store.read { try $0.people() }.count == apart.count)
        let again = random.person(provider: here, subject: "alice")
        await #expect(throws: StoreError.conflict) { try await store.write { try $0.save(again) } }
    },
    StorePromise("saving a person again replaces the record") { store async throws in
        var random = RandomRecords(seed: 10)
        var person = random.person()
        try await store.write { [person] in try $0.save(person) }
        person.isActive.toggle()
        person.email = nil
        person.lastSignInAt = 5
        try await store.write { [person] in try $0.save(person) }
        #expect(try await store.read { try $0.people() } == [person])
    },
    StorePromise("a source changes only what it said itself, and says whether anything changed") { store async throws in
        var random = RandomRecords(seed: 11)
        let (alice, bob) = (random.recordID(), random.recordID())
        let (dba, ops, dev) = (random.group(), random.group(), random.group())
        let changed = try await store.write { records in
            [
                try records.setMemberships(of: alice, source: .tokenClaim, to: [dba, ops]),
                try records.setMemberships(of: alice, source: .tokenClaim, to: [ops, dba]),
                try records.setMemberships(of: alice, source: .local, to: [ops, dev]),
                try records.setMemberships(of: bob, source: .tokenClaim, to: [dev]),
                try records.setMemberships(of: alice, source: .tokenClaim, to: [dba]),
                try records.setMemberships(of: alice, source: .scim, to: []),
            ]
        }
        #expect(changed == [true, false, true, true, true, false])
        try await store.read { records throws in
            #expect(try records.memberships(of: alice) == [dba: [.tokenClaim], ops: [.local], dev: [.local]])
            #expect(try records.memberships(of: bob) == [dev: [.tokenClaim]])
        }
        #expect(try await store.write { try $0.setMemberships(of: alice, source: .local, to: []) })
        #expect(try await store.read { try $0.memberships(of: alice) } == [dba: [.tokenClaim]])
    },
    StorePromise("groups named almost alike stay apart; one may have several sources") { store async throws in
        let person = RandomRecords.fixed(12)
        let groups = Set(["dba", "DBA", "dbà", "d'ba", "d\"ba", "d%a"].compactMap { GroupName($0) })
        try await store.write { records in
            for source in MembershipSource.allCases {
                _ = try records.setMemberships(of: person, source: source, to: groups)
            }
        }
        let memberships = try await store.read { try $0.memberships(of: person) }
        #expect(Set(memberships.keys) == groups)
        #expect(memberships.values.allSatisfy { $0 == Set(MembershipSource.allCases) })
    },
]

let sessionPromises = [
    StorePromise("sessions that ended long ago are deleted, oldest first, but none that a node names") {
        store async throws in
        var random = RandomRecords(seed: 40)
        var ended: [Session] = []
        for moment in 1...5 {
            var session = random.session(open: true)
            session.end(.loggedOut, now: moment)
            ended.append(session)
        }
        let open = random.session(open: true)
        var node = random.node()
        node.session = ended[0].id
        try await store.write { [ended, node] records in
            for session in ended + [open] { try records.save(session) }
            try records.save(node)
        }
        let left = { @Sendable [ended, open] in
            try await store.read { records in
                try (ended + [open]).map { try records.session($0.id) != nil }
            }
        }
        #expect(try await store.write { try $0.deleteSessions(endedBefore: 5, limit: 2) } == 2)
        #expect(try await left() == [true, false, false, true, true, true])
        #expect(try await store.write { try $0.deleteSessions(endedBefore: 5, limit: 10) } == 1)
        #expect(try await left() == [true, false, false, false, true, true])
        #expect(try await store.write { try $0.deleteSessions(endedBefore: 5, limit: 10) } == 0)
    },
    StorePromise("every session comes back as saved") { store async throws in
        var random = RandomRecords(seed: 13)
        let sessions = (0..<200).map { _ in random.session() }
        try await store.write { records in for session in sessions { try records.save(session) } }
        try await store.read { records throws in
            for session in sessions { #expect(try records.session(session.id) == session) }
            let open = sessions.filter { $0.endedAt == nil }
            #expect(Set(try records.openSessions()) == Set(open))
            #expect(
                try records.openSessionExpiries()
                    == Dictionary(uniqueKeysWithValues: open.map { ($0.id, $0.expiresAt) }))
        }
    },
    StorePromise("one session of a device is open at most; ending it makes room") { store async throws in
        var random = RandomRecords(seed: 14)
        let (person, device) = (random.recordID(), random.deviceID())
        var first = random.session(of: person, device: device, open: true)
        let second = random.session(of: person, device: device, open: true)
        let other = random.session(of: person, open: true)
        try await store.write { [first] records in
            try records.save(first)
            try records.save(other)
        }
        await #expect(throws: StoreError.conflict) { try await store.write { try $0.save(second) } }
        #expect(try await store.read { try $0.openSession(of: device) } == first)
        first.end(.replaced, now: 9)
        try await store.write { [first] records in
            try records.save(first)
            try records.save(second)
        }
        try await store.read { [first] records throws in
            #expect(try records.openSession(of: device) == second)
            #expect(Set(try records.openSessions(of: person)) == [second, other])
            #expect(try records.session(first.id) == first)
        }
    },
]

let messagePromises = [
    StorePromise("open sessions are found by their provider's name for the person, byte for byte") {
        store async throws in
        var random = RandomRecords(seed: 42)
        let (here, elsewhere) = (random.providerID(), random.providerID())
        let names = ["alice", "Alice", "alice ", "alice\0", "é", "e\u{301}", ""]
        var sessions = names.map { name in
            random.session(at: here, open: true, principal: random.principal(nameID: name))
        }
        sessions.append(random.session(at: here, open: true, principal: random.principal(nameID: "alice")))
        let others = [
            random.session(at: elsewhere, open: true, principal: random.principal(nameID: "alice")),
            random.session(at: here, open: false, principal: random.principal(nameID: "alice")),
        ]
        try await store.write { [sessions] records in
            for session in sessions + others { try records.save(session) }
        }
        for name in names {
            let found = try await store.read { try $0.openSessions(provider: here, nameID: name) }
            let meant = sessions.filter { $0.principal.map { Array($0.nameID.utf8) } == Array(name.utf8) }
            #expect(Set(found.map(\.id)) == Set(meant.map(\.id)))
        }
        #expect(try await store.read { try $0.openSessions(provider: here, nameID: "bob") }.isEmpty)
    },
    StorePromise("a message of a provider is remembered once, until it is deleted") { store async throws in
        var random = RandomRecords(seed: 43)
        let (here, elsewhere) = (random.providerID(), random.providerID())
        let (first, second) = (random.hash(), random.hash())
        let remember = { @Sendable (hash: [UInt8], provider: ProviderID, expiresAt: Int) in
            try await store.write { try $0.rememberMessage(hash, of: provider, expiresAt: expiresAt) }
        }
        #expect(try await remember(first, here, 100))
        #expect(try await !remember(first, here, 100))
        #expect(try await !remember(first, here, 900))
        #expect(try await remember(second, here, 101))
        #expect(try await remember(first, elsewhere, 102))
        #expect(try await store.write { try $0.deleteMessages(expiredBefore: 100, limit: 10) } == 0)
        #expect(try await store.write { try $0.deleteMessages(expiredBefore: 103, limit: 2) } == 2)
        #expect(try await remember(first, here, 100))
        #expect(try await !remember(first, elsewhere, 102))
    },
    StorePromise("a message is forgotten again when its transaction fails") { store async throws in
        var random = RandomRecords(seed: 44)
        let (provider, hash) = (random.providerID(), random.hash())
        await #expect(throws: BodyFailed.self) {
            try await store.write { records in
                #expect(try records.rememberMessage(hash, of: provider, expiresAt: 1))
                throw BodyFailed()
            }
        }
        #expect(try await store.write { try $0.rememberMessage(hash, of: provider, expiresAt: 1) })
    },
    StorePromise("of many that use one message at once, one may") { store async throws in
        var random = RandomRecords(seed: 45)
        let (provider, hash) = (random.providerID(), random.hash())
        let winners = try await withThrowingTaskGroup { group in
            for _ in 0..<64 {
                group.addTask { try await store.write { try $0.rememberMessage(hash, of: provider, expiresAt: 1) } }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(winners == 1)
    },
]

let nodePromises = [
    StorePromise("every node comes back as saved, by id and by device") { store async throws in
        var random = RandomRecords(seed: 16)
        let nodes = (0..<100).map { _ in random.node() }
        try await store.write { records in for node in nodes { try records.save(node) } }
        try await store.read { records throws in
            for node in nodes {
                #expect(try records.node(node.id) == node)
                #expect(try records.node(device: node.device) == node)
            }
            #expect(Set(try records.nodes()) == Set(nodes))
        }
    },
    StorePromise("nodes are read in pages, each once, in the order of their ids") { store async throws in
        var random = RandomRecords(seed: 15)
        let nodes = (0..<50).map { _ in random.node() }
        try await store.write { records in for node in nodes { try records.save(node) } }
        try await store.read { records throws in
            var pages: [[NodeRecord]] = []
            repeat { pages.append(try records.nodes(after: pages.last?.last?.id, limit: 20)) } while pages.last != []
            #expect(pages.map(\.count) == [20, 20, 10, 0])
            #expect(pages.flatMap(\.self).map(\.id.text) == nodes.map(\.id.text).sorted())
            #expect(try records.nodes(after: nil, limit: 0).isEmpty)
        }
    },
    StorePromise("two nodes cannot share a device, a host name or an address") { store async throws in
        var random = RandomRecords(seed: 17)
        let (first, second) = (random.node(), random.node())
        try await store.write { try $0.save(first) }
        let twins = [
            second.with(device: first.device), second.with(host: first.host), second.with(ipv4: first.ipv4),
            second.with(ipv6: first.ipv6),
        ]
        for twin in twins {
            await #expect(throws: StoreError.conflict) { try await store.write { try $0.save(twin) } }
        }
        #expect(try await store.read { try $0.nodes() } == [first])
    },
    StorePromise("an address is taken while a node has it and reserved after it is gone") { store async throws in
        var random = RandomRecords(seed: 18)
        let node = random.node().with(ipv4: .v4(0x6440_0001))
        let isTaken = { @Sendable (moment: Int) in
            try await store.read { try $0.isAddressTaken(0x6440_0001, releasedAfter: moment) }
        }
        #expect(try await !isTaken(0))
        for releasedAt in [500, 900] {
            try await store.write { try $0.save(node) }
            #expect(try await isTaken(Int.max))
            try await store.write { try $0.deleteNode(node.id, now: releasedAt) }
            #expect(try await store.read { try $0.node(node.id) } == nil)
            #expect(try await isTaken(releasedAt - 1))
            #expect(try await !isTaken(releasedAt))
        }
    },
    StorePromise("a node that moves leaves its old address reserved; deleting nobody changes nothing") {
        store async throws in
        var random = RandomRecords(seed: 19)
        let node = random.node().with(ipv4: .v4(1))
        var moved = node.with(ipv4: .v4(2))
        moved.updatedAt = 700
        try await store.write { [moved] records in
            try records.save(node)
            try records.save(moved)
            try records.deleteNode(RandomRecords.fixed(77), now: 1)
        }
        try await store.read { [moved] records throws in
            #expect(try records.nodes() == [moved])
            #expect(try records.isAddressTaken(1, releasedAfter: 699))
            #expect(try !records.isAddressTaken(1, releasedAfter: 700))
            #expect(try records.isAddressTaken(2, releasedAfter: Int.max))
            #expect(try !records.isAddressTaken(UInt32.max, releasedAfter: 0))
        }
    },
]
