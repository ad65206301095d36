import Identity
import Sessions
import Store
import Testing

/// One promise of `Store`, checked against an empty store of any backend.
struct StorePromise: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let check: @Sendable (any Store) async throws -> Void

    init(_ description: String, _ check: @escaping @Sendable (any Store) async throws -> Void) {
        testDescription = description
        self.check = check
    }
}

struct BodyFailed: Error, Hashable {}

/// All promises of the doc comments in Sources/Store/Store.swift: each backend is put through every one.
enum StoreConformance {
    static let all =
        transactionPromises + signInPromises + peoplePromises + sessionPromises + messagePromises + nodePromises
        + changePromises + directoryPromises + provisioningPromises + policyPromises + auditPromises
}

let transactionPromises = [
    StorePromise("a body that throws leaves nothing behind and its error comes out") { store async throws in
        await #expect(throws: BodyFailed.self) {
            try await store.write { records in
                try records.setSetting("a", to: "1")
                try records.appendChange(.node(RandomRecords.fixed(1)), at: 1)
                throw BodyFailed()
            }
        }
        #expect(try await store.read { try $0.setting("a") } == nil)
        #expect(try await store.read { try $0.lastChangeSequence() } == 0)
    },
    StorePromise("a body that throws takes no other writer's change with it") { store async throws in
        await withTaskGroup { group in
            for number in 0..<64 {
                group.addTask {
                    try? await store.write { records in
                        try records.setSetting("\(number)", to: "")
                        if number.isMultiple(of: 3) { throw BodyFailed() }
                    }
                }
            }
        }
        let kept = try await store.read { records in try (0..<64).filter { try records.setting("\($0)") != nil } }
        #expect(kept == (0..<64).filter { !$0.isMultiple(of: 3) })
    },
    StorePromise("a body may catch a conflict and go on") { store async throws in
        var random = RandomRecords(seed: 2)
        let first = random.person()
        let second = random.person(provider: first.provider, subject: first.subject)
        try await store.write { records in
            try records.save(first)
            do { try records.save(second) } catch StoreError.conflict { try records.setSetting("caught", to: "yes") }
        }
        let (people, caught) = try await store.read { try ($0.people(), $0.setting("caught")) }
        #expect(people == [first])
        #expect(caught == "yes")
    },
    StorePromise("64 writers that arrive together each see the ones before") { store async throws in
        try await withThrowingTaskGroup { group in
            for _ in 0..<64 {
                group.addTask {
                    try await store.write { records in
                        let count = Int(try records.setting("count") ?? "0") ?? 0
                        try records.setSetting("count", to: "\(count + 1)")
                        return count
                    }
                }
            }
            var seen: Set<Int> = []
            for try await count in group { seen.insert(count) }
            #expect(seen == Set(0..<64))
        }
    },
    StorePromise("a write sees its own changes, and a read after it sees them") { store async throws in
        let inside = try await store.write { records in
            try records.setSetting("name", to: "é\0\"")
            return try records.setting("name")
        }
        #expect(inside == "é\0\"")
        #expect(try await store.read { try $0.setting("name") } == "é\0\"")
        try await store.write { try $0.setSetting("name", to: "") }
        #expect(try await store.read { try $0.setting("name") } == "")
        #expect(try await store.read { try $0.setting("Name") } == nil)
    },
    StorePromise("a read sees one state while writers move an amount between two records") { store async throws in
        try await store.write { records in
            try records.setSetting("left", to: "100")
            try records.setSetting("right", to: "0")
        }
        try await withThrowingTaskGroup { group in
            for number in 1...50 {
                group.addTask {
                    try await store.write { records in
                        let left = Int(try records.setting("left") ?? "") ?? 0
                        try records.setSetting("left", to: "\(left - number)")
                        try records.setSetting("right", to: "\(100 - left + number)")
                    }
                }
                group.addTask {
                    let sum = try await store.read { records throws in
                        (Int(try records.setting("left") ?? "") ?? 0) + (Int(try records.setting("right") ?? "") ?? 0)
                    }
                    #expect(sum == 100)
                }
            }
            try await group.waitForAll()
        }
    },
    StorePromise("a closed store refuses and ends its signals") { store async throws in
        let signals = await store.changeSignals()
        await store.close()
        await store.close()
        for await _ in signals { Issue.record("nothing was written") }
        for await _ in await store.changeSignals() { Issue.record("nothing was written") }
        await #expect(throws: StoreError.closed) { try await store.write { try $0.setSetting("a", to: "b") } }
        await #expect(throws: StoreError.closed) { _ = try await store.read { try $0.setting("a") } }
    },
]

let changePromises = [
    StorePromise("old changes are deleted, oldest first, but never the last") { store async throws in
        try await store.write { records in
            for moment in 1...5 { try records.appendChange(.node(RandomRecords.fixed(UInt64(moment))), at: moment) }
        }
        let left = { @Sendable in try await store.read { try $0.changes(after: 0, limit: 10).map(\.sequence) } }
        #expect(try await store.write { try $0.deleteChanges(before: 4, limit: 2) } == 2)
        #expect(try await left() == [3, 4, 5])
        #expect(try await store.write { try $0.deleteChanges(before: 100, limit: 10) } == 2)
        #expect(try await left() == [5])
        #expect(try await store.write { try $0.deleteChanges(before: 100, limit: 10) } == 0)
        try await store.write { try $0.appendChange(.node(RandomRecords.fixed(6)), at: 6) }
        #expect(try await left() == [5, 6])
        #expect(try await store.read { try $0.lastChangeSequence() } == 6)
    },
    StorePromise("housekeeping forgets what is long over, however much it is, and nothing else") { store async throws in
        let now = 1_800_000_000
        var random = RandomRecords(seed: 41)
        let old = random.deviceAuthorization().with(expiresAt: now - Housekeeping.signInSeconds - 1)
        let late = random.deviceAuthorization().with(expiresAt: now - 1)
        var sessions: [Session] = []
        for moment in [now - Housekeeping.sessionSeconds - 1, now - Housekeeping.sessionSeconds] {
            var session = random.session(open: true)
            session.end(.loggedOut, now: moment)
            sessions.append(session)
        }
        try await store.write { [sessions] records in
            for login in [old, late] { try records.save(login) }
            for session in sessions { try records.save(session) }
            for number in 0..<(Housekeeping.batch + 10) {
                let moment = now - Housekeeping.changeSeconds - (number < Housekeeping.batch + 5 ? 1 : 0)
                try records.appendChange(.node(RandomRecords.fixed(1)), at: moment)
            }
        }
        let provider = random.providerID()
        let (stale, fresh) = (random.hash(), random.hash())
        try await store.write { records in
            for (hash, moment) in [(stale, now - Housekeeping.messageSeconds - 1), (fresh, now)] {
                _ = try records.rememberMessage(hash, of: provider, expiresAt: moment)
            }
        }
        let done = try await Housekeeping.run(in: store, now: now)
        #expect(done.sessions == 1 && done.changes == Housekeeping.batch + 5 && done.messages == 1)
        #expect(try await store.write { try !$0.rememberMessage(fresh, of: provider, expiresAt: now) })
        try await store.read { [sessions] records throws in
            #expect(try records.deviceAuthorization(old.id) == nil)
            #expect(try records.deviceAuthorization(late.id) != nil)
            #expect(try records.session(sessions[0].id) == nil)
            #expect(try records.session(sessions[1].id) != nil)
            #expect(try records.changes(after: 0, limit: 10).count == 5)
        }
        #expect(try await Housekeeping.run(in: store, now: now) == Housekeeping())
    },
    StorePromise("changes come in the order of their sequence, after a point, within a limit") { store async throws in
        let id = RandomRecords.fixed(20)
        let subjects: [ChangeRecord.Subject] = [.session(id), .person(id), .node(id), .session(id)]
        for (time, subject) in subjects.enumerated() {
            try await store.write { try $0.appendChange(subject, at: time) }
        }
        let all = try await store.read { try $0.changes(after: 0, limit: 100) }
        #expect(all.map(\.subject) == subjects)
        #expect(all.map(\.at) == [0, 1, 2, 3])
        #expect(zip(all, all.dropFirst()).allSatisfy { $0.sequence < $1.sequence })
        let (last, part, none) = try await store.read { records throws in
            try (
                records.lastChangeSequence(), records.changes(after: all[0].sequence, limit: 2),
                records.changes(after: 0, limit: 0)
            )
        }
        #expect(last == all.last?.sequence)
        #expect(part == Array(all[1...2]))
        #expect(none == [])
    },
    StorePromise("the last changes are known as they were committed, or have to be read") { store async throws in
        var random = RandomRecords(seed: 31)
        let (before, session) = (random.session(), random.session())
        try await store.write { records in
            try records.save(before)
            try records.appendChange(.session(before.id), at: 1)
        }
        let start = try await store.read { try $0.lastChangeSequence() }
        try await store.write { records in
            try records.save(session)
            try records.appendChange(.session(session.id), at: 2)
            try records.appendChange(.node(RandomRecords.fixed(23)), at: 2)
        }
        try? await store.write { records in
            try records.save(before)
            try records.appendChange(.session(before.id), at: 3)
            throw BodyFailed()
        }
        try await store.write { try $0.appendChange(.session(session.id), at: 4) }
        let log = try await store.read { try $0.changes(after: start, limit: 10) }
        if let known = store.recentChanges(after: start) {
            #expect(known.map(\.record) == log)
            #expect(known.map(\.session) == [session, nil, nil])
            #expect(store.recentChanges(after: start + 3)?.isEmpty == true)
        }
        for time in 5..<100 { try await store.write { try $0.appendChange(.node(RandomRecords.fixed(24)), at: time) } }
        #expect(store.recentChanges(after: start) == nil)
    },
    StorePromise("commits that changed the log are signalled, coalesced, to every follower") { store async throws in
        let (first, second) = (await store.changeSignals(), await store.changeSignals())
        for time in 1...5 { try await store.write { try $0.appendChange(.node(RandomRecords.fixed(21)), at: time) } }
        await store.close()
        for signals in [first, second] {
            var count = 0
            for await _ in signals { count += 1 }
            #expect(count == 1)
        }
    },
    StorePromise("no signal follows a write that left the log alone or whose body threw") { store async throws in
        let signals = await store.changeSignals()
        try await store.write { try $0.setSetting("quiet", to: "") }
        try? await store.write { records in
            try records.appendChange(.node(RandomRecords.fixed(22)), at: 1)
            throw BodyFailed()
        }
        await store.close()
        for await _ in signals { Issue.record("nothing changed") }
    },
    StorePromise("whoever is woken finds the change") { store async throws in
        var signals = await store.changeSignals().makeAsyncIterator()
        for time in 1...20 {
            try await store.write { try $0.appendChange(.person(RandomRecords.fixed(23)), at: time) }
            await signals.next()
            #expect(try await store.read { try $0.lastChangeSequence() } == time)
        }
    },
]
