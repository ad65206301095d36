import AccessPolicy
import Identity
import NetworkAddresses
import SCIM
import Store
import StoreSQLite
import StrictJSON
import Testing
import Wire

@testable import Coordinator

@Suite(.timeLimit(.minutes(10))) struct `Questions to the coordinator` {
    private static func policy() throws -> Policy {
        var conditions = Conditions()
        conditions.mfa = 3600
        return Policy(
            rules: [
                try Fixture.rule("dba-ssh", "group:dba", "tag:db"),
                Rule(
                    name: try RuleName("dba-mfa"), sources: [try Selector(parsing: "group:dba")],
                    destinations: [try Selector(parsing: "tag:db")], allow: [try Service(parsing: "tcp/5432")],
                    conditions: conditions),
                try Fixture.rule("staff", "group:staff", "device:wiki"),
            ],
            localGroups: try LocalGroups([
                try #require(GroupName("staff")): [
                    try Selector(parsing: "group:dba"), try Selector(parsing: "user:erin@example.com"),
                ]
            ]), revision: "1")
    }

    private func fixture() async throws -> (Fixture, alice: Member, database: Member) {
        let fixture = try await Fixture(policy: try Self.policy())
        let alice = try await fixture.member("alice", groups: ["dba"])
        let database = try await fixture.member("db")
        try await fixture.coordinator.setTags(database.node, to: [try #require(TagName("db"))])
        return (fixture, alice, database)
    }

    @Test func `know everybody: signed in, signed out, without a device, and only in a directory`() async throws {
        let (fixture, _, database) = try await fixture()
        let carol = try await fixture.member("carol", groups: ["dba"])
        try await fixture.logOut(carol.session)
        _ = try await fixture.person("dave", groups: ["dba"])
        let inactive = try await fixture.person("mallory", groups: ["dba"])
        try await fixture.setActive(inactive, false)
        let corp = try #require(ProviderID("corp"))
        try await fixture.store.write { records throws in
            func record(_ type: ResourceType, _ id: String, _ attributes: [String: JSON]) -> ResourceRecord {
                ResourceRecord(
                    type: type, id: id, attributes: attributes, created: Timestamp(milliseconds: 0),
                    lastModified: Timestamp(milliseconds: 0), version: 1, sequence: 0)
            }
            try records.insert(
                record(.user, "e", ["userName": "erin@example.com", "active": true]), into: corp)
            try records.insert(record(.group, "g", ["displayName": "dba"]), into: corp)
            _ = try records.addMembers(["e"], toGroup: "g", of: corp)
        }
        let questions = try await fixture.coordinator.accessQuestions()
        let destination = try #require(questions.destinations.first { $0.principal.node == database.node })
        let reaches = questions.whoCanReach(destination, on: try Service(parsing: "tcp/22"))
        #expect(
            reaches.map(\.person) == [
                "alice@example.com", "carol@example.com", "dave@example.com", "erin@example.com",
            ])
        #expect(reaches.map(\.holdsNow) == [true, false, false, false])
        #expect(reaches.map { $0.devices.map(\.isSignedOut) } == [[false], [true], [], []])
        #expect(
            reaches.map { $0.chain.texts[0] }.prefix(3) == [
                "group dba (token-claim)", "group dba (token-claim)", "group dba (token-claim)",
            ])
        #expect(reaches.last?.chain.texts == ["group dba (scim)"])
        // The second rule asks for a factor that nobody has shown.
        let others = questions.whoCanReach(destination, on: try Service(parsing: "tcp/5432"))
        #expect(others.count == 4 && others.allSatisfy { !$0.holdsNow })
        #expect(others.first?.devices.first?.failures == [.mfa(age: 3600, last: nil)])
        let erin = try #require(questions.people.first { $0.label == "erin@example.com" })
        #expect(questions.whatCan(erin).map(\.rule.text) == ["dba-ssh", "dba-mfa"])
    }

    @Test func `tell why, and by which way`() async throws {
        let (fixture, alice, database) = try await fixture()
        let ssh = try await fixture.coordinator.why(
            session: alice.session, host: "db", service: try Service(parsing: "tcp/22"))
        #expect(ssh.path.isAllowed && ssh.path.decision.rule?.text == "dba-ssh" && !ssh.path.isCuredByStepUp)
        #expect(ssh.path.chain?.texts == ["group dba (token-claim)"])
        let postgres = try await fixture.coordinator.why(
            session: alice.session, host: "DB", service: try Service(parsing: "tcp/5432"))
        #expect(!postgres.path.isAllowed && postgres.path.isCuredByStepUp && postgres.path.grants.isEmpty)
        #expect(postgres.path.near.first?.remedy == "Run `ztna login --step-up`.")
        let any = try await fixture.coordinator.why(session: alice.session, host: "db", service: nil)
        #expect(any.path.isAllowed && any.path.grants.map(\.service.text) == ["tcp/22"])
        let address = try #require(
            try await fixture.coordinator.nodes().first { $0.id == database.node }?.ipv4.description)
        #expect(
            try await fixture.coordinator.why(session: alice.session, host: address, service: nil).path.destination.host
                .text == "db")
        let back = try await fixture.coordinator.why(session: database.session, host: "alice", service: nil)
        #expect(!back.path.isAllowed && back.path.near == [.noRuleNamesSource] && !back.isUnknown)
    }

    @Test func `tell nobody of devices that are none of theirs`() async throws {
        let (fixture, alice, _) = try await fixture()
        let bob = try await fixture.member("bob")
        let hidden = try await fixture.coordinator.why(session: bob.session, host: "alice", service: nil)
        let absent = try await fixture.coordinator.why(session: bob.session, host: "alicf", service: nil)
        #expect(hidden.isUnknown && absent.isUnknown)
        #expect(
            hidden.path.decision.explanation.replacing("alice", with: "alicf") == absent.path.decision.explanation)
        #expect(hidden.path.near == absent.path.near)
        #expect(hidden.path.destination.person == absent.path.destination.person)
        // A rule names it, so that alice may know that there is none yet.
        await #expect(throws: CoordinatorError.unknownHost) {
            try await fixture.coordinator.why(session: alice.session, host: "wiki", service: nil)
        }
        try await fixture.logOut(bob.session)
        await #expect(throws: CoordinatorError.notRegistered) {
            try await fixture.coordinator.why(session: bob.session, host: "alice", service: nil)
        }
    }

    @Test func `wait for the start`() async throws {
        let coordinator = try await fixture().0.unstarted()
        await #expect(throws: CoordinatorError.notStarted) { try await coordinator.accessQuestions() }
    }

    @Test func `see managed devices as managed, and so do peers`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.member("alice")
        let bob = try await fixture.member("bob")
        var his = try await Agent(fixture, bob.session)
        try await fixture.coordinator.setManaged(alice.node, to: true)
        await his.read()
        #expect(try fixture.verified(his.peers[alice.node] ?? "").context.isManaged == true)
        let questions = try await fixture.coordinator.accessQuestions()
        let person = try #require(questions.people.first { $0.label == "alice@example.com" })
        #expect(person.devices.first?.context?.isManaged == true)
    }
}
