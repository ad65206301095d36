import AccessPolicy
import Foundation
import Identity
import Sessions
import Store
import StoreSQLite
import Testing

@testable import Coordinator

/// Over a file: a store in memory lets everything be read.
@Suite(.timeLimit(.minutes(10))) struct `A change of the store` {
    private let file = FileManager.default.temporaryDirectory.appending(path: "ztna-\(UUID().uuidString).db").path

    private func withFixture(_ body: (Fixture) async throws -> Void) async throws {
        let store = try SQLiteStore(path: file)
        defer { for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + suffix) } }
        try await body(Fixture(store: store))
        await store.close()
    }

    @Test func `needs no reading when it begins a session of a device without a node, or is our own`() async throws {
        try await withFixture { fixture in
            let device = try Device(host: "laptop")
            let person = try await fixture.person("alice")
            try await fixture.coordinator.catchUp()
            let session = try await fixture.signIn(person, on: device, lifetime: 100)
            #expect(await fixture.coordinator.takeInWhatIsKnown())
            try await fixture.register(device, person, under: session)
            #expect(await fixture.coordinator.takeInWhatIsKnown())
            let applied = await fixture.coordinator.appliedThrough
            #expect(try await fixture.store.read { try $0.lastChangeSequence() } == applied)
        }
    }

    @Test func `that is known without reading ends its session in time`() async throws {
        try await withFixture { fixture in
            let person = try await fixture.person("alice")
            try await fixture.coordinator.catchUp()
            let session = try await fixture.signIn(person, on: Device(host: "laptop"), lifetime: 100)
            #expect(await fixture.coordinator.takeInWhatIsKnown())
            fixture.clock.advance(by: 100)
            await fixture.coordinator.tick(now: fixture.clock.now)
            #expect(try await fixture.store.read { try $0.session(session)?.end } == .expired)
        }
    }

    @Test func `of anything else is read`() async throws {
        try await withFixture { fixture in
            let alice = try await fixture.member("alice", groups: ["a"])
            let bob = try await fixture.member("bob")
            let agent = try await Agent(fixture, bob.session)
            let changes: [@Sendable () async throws -> Void] = [
                { try await fixture.setGroups(of: alice.person, to: ["b"]) },
                { try await fixture.setActive(alice.person, false) },
                { try await fixture.setActive(alice.person, true) },
                { _ = try await fixture.signIn(alice.person, on: alice.device) },
                { try await fixture.logOut(bob.session) },
            ]
            for change in changes {
                try await fixture.coordinator.catchUp()
                try await change()
                #expect(await !fixture.coordinator.takeInWhatIsKnown())
            }
            try await fixture.coordinator.catchUp()
            #expect(agent.stream.hasMessages)
            #expect(await fixture.coordinator.takeInWhatIsKnown(), "nothing has changed since")
        }
    }

    @Test func `reaches who follows, whatever of it is known`() async throws {
        try await withFixture { fixture in
            let follower = Task { await fixture.coordinator.follow() }
            defer { follower.cancel() }
            let alice = try await fixture.member("alice")
            let bob = try await fixture.member("bob")
            var agent = try await Agent(fixture, alice.session)
            for number in 0..<5 {
                let device = try Device(host: "other-\(number)")
                _ = try await fixture.signIn(bob.person, on: device)
            }
            try await fixture.logOut(bob.session)
            while agent.peers[bob.node] != nil, !agent.isOver { await agent.read() }
            #expect(!agent.isOver)
        }
    }
}
