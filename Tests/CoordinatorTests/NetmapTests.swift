import AccessPolicy
import Cryptography
import Identity
import Sessions
import SignedDocuments
import Store
import StoreSQLite
import Testing
import Wire

@testable import Coordinator

@Suite(.timeLimit(.minutes(10))) struct `A netmap` {
    @Test func `shows a node its peers, signed, and those that come later`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.member("alice")
        var agent = try await Agent(fixture, alice.session)
        #expect(agent.peers.isEmpty)
        let bob = try await fixture.member("bob")
        await agent.read()
        #expect(Array(agent.peers.keys) == [bob.node])
        #expect(try fixture.verified(agent.peers[bob.node] ?? "").node == bob.node)
        #expect(try fixture.verified(agent.own).node == alice.node)
        let other = try await Agent(fixture, bob.session)
        #expect(other.peers == [alice.node: agent.own])
    }

    @Test func `holds only peers that the policy lets it talk with, in either direction`() async throws {
        let policy = Policy(rules: [try Fixture.rule("in", "group:a", "group:b")], revision: "1")
        let fixture = try await Fixture(policy: policy)
        let source = try await fixture.member("source", groups: ["a"])
        let destination = try await fixture.member("destination", groups: ["b"])
        let stranger = try await fixture.member("stranger", groups: ["c"])
        #expect(try await Set(Agent(fixture, source.session).peers.keys) == [destination.node])
        #expect(try await Set(Agent(fixture, destination.session).peers.keys) == [source.node])
        #expect(try await Agent(fixture, stranger.session).peers.isEmpty)
    }

    @Test func `carries the rules for its own node only`() async throws {
        let policy = Policy(rules: [try Fixture.rule("in", "group:a", "group:b")], revision: "1")
        let fixture = try await Fixture(policy: policy)
        let source = try await fixture.member("source", groups: ["a"])
        let destination = try await fixture.member("destination", groups: ["b"])
        for (member, rules) in [(source, []), (destination, ["in"])] {
            let agent = try await Agent(fixture, member.session)
            let slice = try PolicySlice(
                verifying: agent.policy, keys: fixture.coordinator.controlKeys, server: Fixture.server,
                node: member.node, now: fixture.clock.now)
            #expect(slice.rules.map(\.name.text) == rules)
            #expect(slice.revision == "1" && slice.issuedAt == fixture.clock.now)
        }
    }

    @Test(arguments: [Session.End.administrator, .loggedOut])
    func `loses a node before the call that ends its session returns`(_ reason: Session.End) async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.member("alice")
        let bob = try await fixture.member("bob")
        var (hers, his) = (try await Agent(fixture, alice.session), try await Agent(fixture, bob.session))
        try await fixture.coordinator.endSession(bob.session, reason: reason)
        #expect(hers.stream.hasMessages && his.stream.hasMessages)
        await hers.read()
        #expect(hers.peers.isEmpty)
        await his.read()
        #expect(his.ended == reason.rawValue)
        #expect(await his.stream.next() == nil)
        await #expect(throws: CoordinatorError.sessionEnded) {
            try await fixture.coordinator.netmap(session: bob.session)
        }
    }

    @Test func `follows what others write: log-out, inactive people, groups`() async throws {
        let policy = Policy(rules: [try Fixture.rule("in", "group:a", "group:a")], revision: "1")
        let fixture = try await Fixture(policy: policy)
        let follower = Task { await fixture.coordinator.follow() }
        defer { follower.cancel() }
        let alice = try await fixture.member("alice", groups: ["a"])
        let bob = try await fixture.member("bob", groups: ["a"])
        let carol = try await fixture.member("carol")
        var agent = try await Agent(fixture, alice.session)
        #expect(Set(agent.peers.keys) == [bob.node])
        try await fixture.setGroups(of: carol.person, to: ["a"])
        while agent.peers[carol.node] == nil, !agent.isOver { await agent.read() }
        try await fixture.logOut(bob.session)
        while agent.peers[bob.node] != nil, !agent.isOver { await agent.read() }
        try await fixture.setActive(carol.person, false)
        while agent.peers[carol.node] != nil, !agent.isOver { await agent.read() }
        try await fixture.setGroups(of: alice.person, to: [])
        while try fixture.verified(agent.own).authorization.principal.groups != [], !agent.isOver {
            await agent.read()
        }
        #expect(!agent.isOver, "ended: \(agent.ended ?? "without a word")")
        await #expect(throws: CoordinatorError.personInactive) {
            try await fixture.coordinator.netmap(session: carol.session)
        }
    }

    @Test func `follows what others wrote before it listened`() async throws {
        let policy = Policy(rules: [try Fixture.rule("in", "group:a", "group:a")], revision: "1")
        let fixture = try await Fixture(policy: policy)
        let alice = try await fixture.member("alice", groups: ["a"])
        let carol = try await fixture.member("carol")
        var agent = try await Agent(fixture, alice.session)
        try await fixture.setGroups(of: carol.person, to: ["a"])
        let follower = Task { await fixture.coordinator.follow() }
        defer { follower.cancel() }
        while agent.peers[carol.node] == nil, !agent.isOver { await agent.read() }
        #expect(!agent.isOver)
    }

    @Test func `goes on where it broke off, else starts with a snapshot`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.member("alice")
        var agent = try await Agent(fixture, alice.session)
        var members: [Member] = []
        for number in 0..<5 { members.append(try await fixture.member("m\(number)")) }
        await agent.read()
        await agent.read()
        let position = agent.position
        var resumed = try await Agent(fixture, alice.session, from: position)
        (resumed.epoch, resumed.sequence, resumed.peers) = (agent.epoch, agent.sequence, agent.peers)
        for _ in 2..<5 { await resumed.read() }
        #expect(Set(resumed.peers.keys) == Set(members.map(\.node)) && resumed.snapshots == 0)
        #expect(await agent.stream.next() == nil)

        for bad in [
            NetmapPosition(epoch: "other", sequence: 1), NetmapPosition(epoch: agent.epoch, sequence: 999),
            NetmapPosition(epoch: agent.epoch, sequence: -1), NetmapPosition(epoch: agent.epoch, sequence: .min),
        ] {
            var fresh = try await Agent(fixture, alice.session, from: bad)
            await fresh.read()
            #expect(fresh.snapshots == 1 && fresh.peers.count == 5)
        }
    }

    @Test func `gets a snapshot when more was missed than is kept`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.member("alice")
        let agent = try await Agent(fixture, alice.session)
        let bob = try await fixture.member("bob")
        for number in 0..<200 {
            try await fixture.coordinator.setTags(bob.node, to: Set([TagName("t\(number)")].compactMap(\.self)))
        }
        var resumed = try await Agent(fixture, alice.session, from: agent.position)
        await resumed.read()
        #expect(resumed.snapshots == 1 && resumed.sequence == 201)
    }

    @Test func `of a new sign-in does not go on from the former one's numbers`() async throws {
        let fixture = try await Fixture()
        var alice = try await fixture.member("alice")
        var first = try await Agent(fixture, alice.session)
        alice.session = try await fixture.signIn(alice.person, on: alice.device)
        try await fixture.register(alice.device, alice.person, under: alice.session)
        await first.read()
        #expect(first.ended == "replaced")
        var second = try await Agent(fixture, alice.session, from: first.position)
        await second.read()
        #expect(second.snapshots == 1 && second.epoch != first.epoch)
    }

    @Test func `reaches a reader that lags behind as a snapshot`() async throws {
        let fixture = try await Fixture(subscriberLimit: 4)
        let alice = try await fixture.member("alice")
        var agent = try await Agent(fixture, alice.session)
        for number in 0..<9 { _ = try await fixture.member("m\(number)") }
        await agent.read()
        #expect(agent.snapshots == 2 && agent.peers.count == 9 && agent.sequence == 9)
        _ = try await fixture.member("last")
        await agent.read()
        #expect(agent.snapshots == 2 && agent.peers.count == 10)
    }

    @Test func `has one stream a node: the second ends the first, without a word of an ended session`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.member("alice")
        let first = try await Agent(fixture, alice.session)
        let second = try await Agent(fixture, alice.session)
        #expect(await first.stream.next() == nil)
        #expect(second.snapshots == 1)
        #expect(try await fixture.coordinator.nodes().first?.isConnected == true)
        await second.stream.cancel()
        #expect(try await fixture.coordinator.nodes().first?.isConnected == false)
        #expect(try await fixture.coordinator.nodes().first?.lastSeen == fixture.clock.now)
    }

    @Test func `shows that it lives every 20 seconds`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.member("alice")
        let agent = try await Agent(fixture, alice.session)
        for _ in 0..<19 { fixture.clock.advance(by: 1); await fixture.coordinator.tick(now: fixture.clock.now) }
        #expect(!agent.stream.hasMessages)
        fixture.clock.advance(by: 1)
        await fixture.coordinator.tick(now: fixture.clock.now)
        #expect(await agent.stream.next() == .heartbeat(sequence: 0, time: fixture.clock.now))
    }

    @Test func `ends without a word when the server stops`() async throws {
        let fixture = try await Fixture()
        let agent = try await Agent(fixture, fixture.member("alice").session)
        await fixture.coordinator.stop()
        #expect(await agent.stream.next() == nil)
    }

    @Test(arguments: 1...6)
    func `after any sequence of deltas equals a snapshot`(_ seed: UInt64) async throws {
        var random = SplitMix(state: seed)
        let groups = ["a", "b", "c"]
        let fixture = try await Fixture(policy: randomPolicy(groups, &random))
        let alice = try await fixture.member("alice", groups: ["a"])
        var agent = try await Agent(fixture, alice.session)
        var members: [Member] = []
        for step in 0..<60 {
            let some = Set(groups.filter { _ in Bool.random(using: &random) })
            switch Int.random(in: 0..<7, using: &random) {
            case 0, 1: members.append(try await fixture.member("m\(step)", groups: some))
            case 2: if let member = members.randomElement(using: &random) { try await fixture.logOut(member.session) }
            case 3:
                if let member = members.randomElement(using: &random) {
                    try await fixture.setGroups(of: member.person, to: some)
                }
            case 4: await fixture.coordinator.setPolicy(try randomPolicy(groups, &random))
            case 5: try await fixture.setGroups(of: alice.person, to: some)
            default: fixture.clock.advance(by: 700)
            }
            if Bool.random(using: &random) { await agent.drain(fixture) }
        }
        await agent.drain(fixture)
        let (own, peers, policy, sequence) = (agent.own, agent.peers, agent.policy, agent.sequence)
        let fresh = try await Agent(fixture, alice.session)
        #expect(fresh.own == own && fresh.peers == peers && fresh.policy == policy && fresh.sequence == sequence)
    }

    private func randomPolicy(_ groups: [String], _ random: inout SplitMix) throws -> Policy {
        let rules = try (0..<2).map { number in
            try Fixture.rule(
                "r\(number)", "group:\(groups.randomElement(using: &random) ?? "a")",
                "group:\(groups.randomElement(using: &random) ?? "b")")
        }
        return Policy(rules: rules, revision: "\(random.next())")
    }
}
