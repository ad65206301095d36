import Cryptography
import Identity
import NetworkAddresses
import Sessions
import SignedDocuments
import Store
import StoreSQLite
import Testing
import Wire

@testable import Coordinator

@Suite struct `An administrator` {
    @Test func `sees sessions, nodes and people`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.member("alice", groups: ["engineering"])
        let bob = try await fixture.member("bob")
        try await fixture.logOut(bob.session)
        let sessions = try await fixture.coordinator.sessions()
        #expect(sessions.map(\.label) == ["alice@example.com"] && sessions.first?.node == alice.node)
        let nodes = try await fixture.coordinator.nodes()
        #expect(nodes.map(\.host.text) == ["alice", "bob"])
        #expect(nodes.map(\.signedOutReason) == [nil, "logged-out"])
        #expect(nodes.map(\.label) == ["alice@example.com", "bob@example.com"])
        let people = try await fixture.coordinator.people()
        #expect(people.map(\.openSessions) == [1, 0])
        #expect(people.first?.groups.keys.map(\.text) == ["engineering"])
    }

    @Test func `gives a node tags, which its authorization carries`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.member("alice")
        let tag = try #require(TagName("prod-db"))
        try await fixture.coordinator.setTags(alice.node, to: [tag])
        let agent = try await Agent(fixture, alice.session)
        #expect(try fixture.verified(agent.own).authorization.principal.tags == [tag])
    }

    @Test func `who deletes a node ends its session, and a new sign-in makes another node`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.member("alice")
        var agent = try await Agent(fixture, alice.session)
        try await fixture.coordinator.deleteNode(alice.node)
        await agent.read()
        #expect(agent.ended == "administrator")
        #expect(try await fixture.store.read { try $0.session(alice.session)?.end } == .administrator)
        fixture.clock.advance(by: 1)
        let session = try await fixture.signIn(alice.person, on: alice.device)
        let node = try await fixture.register(alice.device, alice.person, under: session)
        #expect(node.node != alice.node)
        #expect(node.authorization.addresses.first?.description == "100.64.0.17")
        #expect(node.authorization.principal.host.text == "alice")
    }

    @Test func `is told when there is no such session or node`() async throws {
        let fixture = try await Fixture()
        let id = try Fixture.id()
        await #expect(throws: CoordinatorError.unknownSession) {
            try await fixture.coordinator.endSession(id, reason: .administrator)
        }
        await #expect(throws: CoordinatorError.unknownSession) { try await fixture.coordinator.netmap(session: id) }
        await #expect(throws: CoordinatorError.unknownNode) { try await fixture.coordinator.deleteNode(id) }
        await #expect(throws: CoordinatorError.unknownNode) { try await fixture.coordinator.setTags(id, to: []) }
    }

    @Test func `ending an ended session changes nothing`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.member("alice")
        try await fixture.coordinator.endSession(alice.session, reason: .loggedOut)
        try await fixture.coordinator.endSession(alice.session, reason: .administrator)
        #expect(try await fixture.store.read { try $0.session(alice.session)?.end } == .loggedOut)
    }
}
