import Identity
import Store
import StoreSQLite
import Testing

@testable import Coordinator

/// What a person may do who owns tags and is no administrator.
@Suite struct `An owner of tags` {
    private static func tags(_ words: String) throws -> Set<TagName> {
        Set(try words.split(separator: " ").map { try #require(TagName(String($0))) })
    }

    private struct Case: Sendable {
        let who: String
        let whose: String
        let has: String
        let gives: String
        /// All that the device has then; nil: refused, and nothing is changed.
        let then: String?
        var refusal = CoordinatorError.nodeOfOthers

        static let all = [
            Case(who: "alice", whose: "alice", has: "", gives: "ci", then: "ci"),
            Case(who: "alice", whose: "alice", has: "ci docs", gives: "", then: ""),
            Case(who: "alice", whose: "alice", has: "prod-db", gives: "ci docs", then: "ci docs prod-db"),
            Case(who: "alice", whose: "alice", has: "ci prod-db", gives: "", then: "prod-db"),
            Case(who: "alice", whose: "bob", has: "ci prod-db", gives: "docs", then: "docs prod-db"),
            Case(who: "alice", whose: "bob", has: "ci", gives: "", then: ""),
            Case(who: "alice", whose: "bob", has: "", gives: "ci", then: nil),
            Case(who: "alice", whose: "bob", has: "", gives: "", then: nil),
            Case(who: "alice", whose: "bob", has: "prod-db", gives: "ci", then: nil),
            Case(who: "alice", whose: "alice", has: "", gives: "prod-db", then: nil, refusal: .tagNotOwned),
            Case(who: "alice", whose: "alice", has: "", gives: "ci prod-db", then: nil, refusal: .tagNotOwned),
        ]
    }

    @Test(arguments: Case.all)
    private func `gives and takes these alone, of devices of their own or that have one`(_ sample: Case) async throws {
        let fixture = try await Fixture()
        let members = [
            "alice": try await fixture.member("alice"), "bob": try await fixture.member("bob"),
        ]
        let giver = TagGiver.owner(try #require(members[sample.who]).person, of: try Self.tags("ci docs"))
        let node = try #require(members[sample.whose]).node
        try await fixture.coordinator.setTags(node, to: try Self.tags(sample.has))
        let asked = try Self.tags(sample.gives)
        if let then = sample.then {
            #expect(try await fixture.coordinator.setTags(node, to: asked, by: giver) == Self.tags(then))
        } else {
            await #expect(throws: sample.refusal) {
                try await fixture.coordinator.setTags(node, to: asked, by: giver)
            }
        }
        let stored = try await fixture.store.read { try $0.node(node)?.tags }
        #expect(try stored == Self.tags(sample.then ?? sample.has))
    }

    @Test func `has a device that they were the last to sign in at, and no longer when somebody else does`()
        async throws
    {
        let fixture = try await Fixture()
        let (alice, bob) = (try await fixture.member("alice"), try await fixture.person("bob"))
        let giver = TagGiver.owner(alice.person, of: try Self.tags("ci"))
        try await fixture.logOut(alice.session)
        #expect(try await fixture.coordinator.setTags(alice.node, to: Self.tags("ci"), by: giver) == Self.tags("ci"))
        fixture.clock.advance(by: 1)
        let session = try await fixture.signIn(bob, on: alice.device)
        _ = try await fixture.register(alice.device, bob, under: session)
        await #expect(throws: CoordinatorError.nodeOfOthers) {
            try await fixture.coordinator.setTags(alice.node, to: try Self.tags("ci"), by: giver)
        }
    }

    @Test func `is judged by what is stored, and takes no tag away that was given meanwhile`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.member("alice")
        let owned = try Self.tags("ci")
        // Behind the coordinator's back, as another process over the same database would.
        try await fixture.store.write { transaction in
            var node = try #require(try transaction.node(alice.node))
            node.tags = try Self.tags("prod-db")
            try transaction.save(node)
        }
        let tags = try await fixture.coordinator.setTags(alice.node, to: owned, by: .owner(alice.person, of: owned))
        #expect(try tags == Self.tags("ci prod-db"))
        await #expect(throws: CoordinatorError.unknownNode) {
            try await fixture.coordinator.setTags(try Fixture.id(), to: owned, by: .owner(alice.person, of: owned))
        }
    }
}
