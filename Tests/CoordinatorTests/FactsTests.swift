import AccessPolicy
import CivilTime
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

@Suite(.timeLimit(.minutes(10))) struct `What an authorization says of a person` {
    private func rule(_ name: String, _ source: String, _ destination: String, _ conditions: Conditions) throws -> Rule
    {
        Rule(
            name: try RuleName(name), sources: [try Selector(parsing: source)],
            destinations: [try Selector(parsing: destination)], allow: [try Service(parsing: "tcp/22")],
            conditions: conditions)
    }

    private func from(_ countries: [String], _ networks: [String]) throws -> Conditions {
        var conditions = Conditions()
        conditions.countries = Set(countries.compactMap { CountryCode($0) })
        conditions.networks = networks.compactMap { IPPrefix($0) }
        return conditions
    }

    @Test func `holds when their session began, and the policy's own groups`() async throws {
        let policy = Policy(
            rules: [try Fixture.rule("x", "group:staff", "group:staff")],
            localGroups: try LocalGroups([
                try #require(GroupName("staff")): [
                    try Selector(parsing: "user:alice@example.com"), try Selector(parsing: "group:dev"),
                ]
            ]), revision: "1")
        let fixture = try await Fixture(policy: policy)
        let alice = try await fixture.member("alice")
        let bob = try await fixture.member("bob", groups: ["dev"])
        // The provider cannot put anybody into a group of the policy's own.
        let mallory = try await fixture.member("mallory", groups: ["staff"])
        let agent = try await Agent(fixture, alice.session)
        #expect(Set(agent.peers.keys) == [bob.node])
        let own = try fixture.verified(agent.own).authorization
        #expect(own.sessionStartedAt == fixture.clock.now && own.principal.groups.map(\.text) == ["staff"])
        #expect(try await Agent(fixture, mallory.session).peers.isEmpty)
    }

    @Test func `follows the groups that the policy defines, for exactly those whom it moves`() async throws {
        func policy(_ staff: [String], _ revision: String) throws -> Policy {
            Policy(
                rules: [try Fixture.rule("x", "group:staff", "tag:never"), try Fixture.rule("all", "*", "*")],
                localGroups: try LocalGroups([try #require(GroupName("staff")): staff.map { try Selector(parsing: $0) }]
                ),
                revision: revision)
        }
        let fixture = try await Fixture(policy: try policy(["user:alice@example.com"], "1"))
        let alice = try await fixture.member("alice")
        let bob = try await fixture.member("bob")
        let carol = try await fixture.member("carol")
        let her = try await Agent(fixture, alice.session)
        let his = try await Agent(fixture, bob.session)
        let third = try await Agent(fixture, carol.session)
        await fixture.coordinator.setPolicy(try policy(["user:alice@example.com", "user:bob@example.com"], "2"))
        for (agent, isOwn) in [(her, false), (his, true), (third, false)] {
            guard case .delta(1, let own, let changed, let removed, let slice) = await agent.stream.next() else {
                Issue.record("no delta")
                return
            }
            #expect((own != nil) == isOwn && (slice != nil) == isOwn && removed.isEmpty)
            #expect(Set(changed.keys) == (isOwn ? [] : [bob.node]))
            #expect(!agent.stream.hasMessages)
        }
    }

    @Test func `tells its peers at once of a second factor that was renewed`() async throws {
        let fixture = try await Fixture()
        let follower = Task { await fixture.coordinator.follow() }
        defer { follower.cancel() }
        let alice = try await fixture.member("alice")
        let bob = try await fixture.member("bob")
        var hers = try await Agent(fixture, alice.session)
        var his = try await Agent(fixture, bob.session)
        #expect(try fixture.verified(hers.own).context.mfaAt == nil)
        let now = fixture.clock.now + 60
        fixture.clock.advance(by: 60)
        try await fixture.store.write { transaction in
            var session = try #require(try transaction.session(alice.session))
            session.renew(
                by: SignIn(
                    provider: session.provider, subject: "s", email: nil, displayName: "", groups: nil, authTime: now,
                    amr: ["mfa"], acr: nil, isMultiFactor: true,
                    evidence: SignInEvidence(.idToken(""), randomBytes: [])))
            try transaction.save(session)
            try transaction.appendChange(.session(session.id), at: now)
        }
        await his.read()
        await hers.read()
        let seen = try fixture.verified(his.peers[alice.node] ?? "")
        #expect(seen.context.mfaAt == now && seen.context.authTime == now)
        #expect(try fixture.verified(hers.own).context == seen.context)
    }

    @Test func `says where a device is only to the extent that a rule about it asks`() async throws {
        let here = try #require(IPAddress("198.51.100.7"))
        let country = CountryCode("DE")
        for (conditions, address, place) in [
            (try from([], []), nil, nil), (try from(["DE"], []), nil, country),
            (try from([], ["198.51.100.0/24"]), here, nil), (try from(["FR"], ["192.0.2.0/24"]), here, country),
        ] as [(Conditions, IPAddress?, CountryCode?)] {
            let policy = Policy(rules: [try rule("x", "group:a", "group:b", conditions)], revision: "1")
            let fixture = try await Fixture(policy: policy, countries: { $0 == here ? country : nil })
            let alice = try await fixture.member("alice", groups: ["a"])
            let bob = try await fixture.member("bob", groups: ["b"])
            for member in [alice, bob] {
                let agent = try await Agent(fixture, member.session, at: here)
                let origin = try fixture.verified(agent.own).authorization.origin
                let isAsked = member.node == alice.node
                #expect(origin == (isAsked ? fixture.origin(address, place) : nil))
            }
        }
    }

    @Test func `follows a device that moves, and only where a rule asks`() async throws {
        let asking = Policy(
            rules: [try rule("x", "group:a", "group:b", try from([], ["198.51.100.0/24"]))], revision: "1")
        let silent = Policy(rules: [try rule("x", "group:a", "group:b", Conditions())], revision: "2")
        let fixture = try await Fixture(policy: asking)
        let alice = try await fixture.member("alice", groups: ["a"])
        let bob = try await fixture.member("bob", groups: ["b"])
        var his = try await Agent(fixture, bob.session)
        func seen() throws -> NodeOrigin? { try fixture.verified(his.peers[alice.node] ?? "").authorization.origin }
        for text in ["198.51.100.7", "203.0.113.9"] {
            let address = try #require(IPAddress(text))
            let hers = try await Agent(fixture, alice.session, at: address)
            await his.read()
            #expect(try seen() == fixture.origin(address))
            #expect(try fixture.verified(hers.own).authorization.origin == (try seen()))
        }
        // The same place again is no news.
        _ = try await Agent(fixture, alice.session, at: IPAddress("203.0.113.9"))
        #expect(!his.stream.hasMessages)
        await fixture.coordinator.setPolicy(silent)
        await his.read()
        #expect(try seen() == nil)
        _ = try await Agent(fixture, alice.session, at: IPAddress("198.51.100.7"))
        #expect(!his.stream.hasMessages)
        await fixture.coordinator.setPolicy(asking)
        await his.read()
        #expect(try seen() == fixture.origin(IPAddress("198.51.100.7")))
    }

    @Test func `is kept over a restart while a rule asks, and no longer`() async throws {
        let asking = Policy(
            rules: [try rule("x", "group:a", "group:b", try from([], ["198.51.100.0/24"]))], revision: "1")
        let fixture = try await Fixture(policy: asking)
        let alice = try await fixture.member("alice", groups: ["a"])
        let bob = try await fixture.member("bob", groups: ["b"])
        let place = IPAddress("198.51.100.7")
        for member in [alice, bob] { _ = try await Agent(fixture, member.session, at: place) }
        let second = try fixture.unstarted(policy: asking)
        try await second.start()
        let stream = try await second.netmap(session: bob.session)
        guard case .snapshot(_, _, _, let peers, _) = await stream.next() else {
            Issue.record("no snapshot")
            return
        }
        #expect(
            try fixture.verified(peers[alice.node] ?? "").authorization.origin
                == fixture.origin(place))
        func kept() async throws -> [IPAddress?] {
            try await fixture.store.read { reader in
                try [alice, bob].map { try reader.node($0.node)?.place }
            }
        }
        #expect(try await kept() == [place, nil])
        await fixture.coordinator.setPolicy(Policy(rules: [], revision: "2"))
        _ = try await Agent(fixture, alice.session, at: place)
        #expect(try await kept() == [nil, nil])
    }

    private func asking(_ network: String = "198.51.100.0/24") throws -> Policy {
        Policy(rules: [try rule("x", "group:a", "group:b", try from([], [network]))], revision: "1")
    }

    @Test func `says where a device is for as long as it was heard from lately, and no longer`() async throws {
        let fixture = try await Fixture(policy: asking())
        let alice = try await fixture.member("alice", groups: ["a"])
        let bob = try await fixture.member("bob", groups: ["b"])
        var his = try await Agent(fixture, bob.session)
        let place = IPAddress("198.51.100.7")
        var hers: Agent? = try await Agent(fixture, alice.session, at: place)
        await his.read()
        func seen() throws -> NodeOrigin? { try fixture.verified(his.peers[alice.node] ?? "").authorization.origin }
        // As long as its stream is open it is there: each renewal says so anew.
        for _ in 0..<5 {
            fixture.clock.advance(by: 1799)
            await hers?.drain(fixture)
            await his.drain(fixture)
            let until = try #require(try seen()?.until)
            #expect(until > fixture.clock.now + 1790)
            let node = try fixture.verified(his.peers[alice.node] ?? "")
            #expect(until <= node.authorization.validity.expiresAt)
        }
        // It went away: its authorization is renewed, and its place is not, after an hour at the latest.
        let last = try #require(try seen()?.until)
        await hers?.stream.cancel()
        hers = nil
        fixture.clock.advance(by: 1799)
        await his.drain(fixture)
        #expect(try seen()?.until ?? 0 <= last)
        fixture.clock.advance(by: 1900)
        await his.drain(fixture)
        #expect(try seen() == nil)
        let source = try #require(await fixture.coordinator.mesh.context(of: alice.node))
        #expect(source.context.placeUntil ?? .max <= fixture.clock.now)
        // Anything that it asks for from somewhere is seen, and told at once.
        await fixture.coordinator.contact(session: alice.session, from: try #require(place))
        await his.read()
        #expect(try seen() == fixture.origin(place))
        fixture.clock.advance(by: 10)
        await fixture.coordinator.contact(session: alice.session, from: try #require(place))
        #expect(!his.stream.hasMessages)
        let other = try #require(IPAddress("203.0.113.9"))
        await fixture.coordinator.contact(session: alice.session, from: other)
        await his.read()
        #expect(try seen() == fixture.origin(other))
        // One that nobody has signed in on is nowhere.
        await fixture.coordinator.contact(session: try Fixture.id(), from: other)
        #expect(!his.stream.hasMessages)
    }

    @Test func `forgets a place that is too old over a restart`() async throws {
        let fixture = try await Fixture(policy: asking())
        let alice = try await fixture.member("alice", groups: ["a"])
        let bob = try await fixture.member("bob", groups: ["b"])
        let place = try #require(IPAddress("198.51.100.7"))
        var hers = try await Agent(fixture, alice.session, at: place)
        // Kept with each renewal, not only when the stream was opened.
        for _ in 0..<3 {
            fixture.clock.advance(by: 1799)
            await hers.drain(fixture)
        }
        let kept = try await fixture.store.read { try $0.node(alice.node)?.placeSeenAt }
        #expect(try #require(kept) + 900 >= fixture.clock.now)
        for (wait, isKnown) in [(600, true), (3600, false)] {
            fixture.clock.advance(by: wait)
            let second = try fixture.unstarted(policy: asking())
            try await second.start()
            let stream = try await second.netmap(session: bob.session)
            guard case .snapshot(_, _, _, let peers, _) = await stream.next() else {
                Issue.record("no snapshot")
                return
            }
            #expect((try fixture.verified(peers[alice.node] ?? "").authorization.origin != nil) == isKnown)
        }
    }

    @Test func `follows another database of places`() async throws {
        let places = Clock(0)
        let policy = Policy(rules: [try rule("x", "group:a", "group:b", try from(["DE"], []))], revision: "1")
        let fixture = try await Fixture(
            policy: policy, countries: { _ in CountryCode(places.now == 0 ? "DE" : "FR") })
        let alice = try await fixture.member("alice", groups: ["a"])
        var agent = try await Agent(fixture, alice.session, at: IPAddress("198.51.100.7"))
        await fixture.coordinator.relocate()
        #expect(!agent.stream.hasMessages)
        places.advance(by: 1)
        await fixture.coordinator.relocate()
        await agent.read()
        #expect(try fixture.verified(agent.own).context.country == CountryCode("FR"))
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A policy slice for a node` {
    private func slice(_ fixture: Fixture, _ member: Member) async throws -> PolicySlice {
        try PolicySlice(
            verifying: try await Agent(fixture, member.session).policy, keys: fixture.coordinator.controlKeys,
            server: Fixture.server, node: member.node, now: fixture.clock.now)
    }

    private func rule(sources: [String], hours: String? = nil) throws -> Rule {
        var conditions = Conditions()
        conditions.hours = hours.flatMap { WeeklyHours($0) }
        return Rule(
            name: try RuleName("x"), sources: try sources.map { try Selector(parsing: $0) },
            destinations: [try Selector(parsing: "group:b")], allow: [try Service(parsing: "tcp/22")],
            conditions: conditions)
    }

    @Test func `names of the sources of its outgoing rules only its own`() async throws {
        let both = try rule(sources: ["user:alice@example.com", "user:carol@example.com", "group:a"])
        let fixture = try await Fixture(policy: Policy(rules: [both], revision: "1"))
        let alice = try await fixture.member("alice", groups: ["a"])
        let bob = try await fixture.member("bob", groups: ["b"])
        #expect(try await slice(fixture, alice).rules.isEmpty)
        #expect(
            try await slice(fixture, alice).egress.map { $0.sources.map(\.text) } == [
                ["user:alice@example.com", "group:a"]
            ])
        #expect(try await slice(fixture, bob).rules == [both])
        #expect(try await slice(fixture, bob).egress.isEmpty)
    }

    @Test func `is signed again for those whom a change of sources concerns`() async throws {
        let first = try rule(sources: ["user:alice@example.com"])
        let second = try rule(sources: ["user:alice@example.com", "user:carol@example.com"])
        let fixture = try await Fixture(policy: Policy(rules: [first], revision: "1"))
        let alice = try await fixture.member("alice")
        let bob = try await fixture.member("bob", groups: ["b"])
        let carol = try await fixture.member("carol")
        var agents: [Agent] = []
        for member in [alice, bob, carol] { agents.append(try await Agent(fixture, member.session)) }
        await fixture.coordinator.setPolicy(Policy(rules: [second], revision: "2"))
        #expect(agents.map(\.stream.hasMessages) == [false, true, true])
        for index in [1, 2] { await agents[index].read() }
        #expect(agents[1].peers.keys.sorted() == [alice.node, carol.node].sorted())
        #expect(Array(agents[2].peers.keys) == [bob.node])
        #expect(try await slice(fixture, carol).egress.map { $0.sources.map(\.text) } == [["user:carol@example.com"]])
    }

    @Test func `tells the zones of its hours, and tells them anew in time`() async throws {
        let zone = try #require(
            ZoneTable(entries: [.init(at: -1 << 40, offset: 3600), .init(at: 2_000_000, offset: 7200)], end: 1 << 40))
        let policy = Policy(
            rules: [try rule(sources: ["group:a"], hours: "daily 08:00-19:00 Europe/Berlin")],
            zones: ["Europe/Berlin": zone, "Asia/Tokyo": .utc], revision: "1")
        let fixture = try await Fixture(policy: policy)
        let alice = try await fixture.member("alice", groups: ["a"], lifetime: 90 * 86_400)
        let stranger = try await fixture.member("stranger")
        let begin = fixture.clock.now
        let expected = zone.covering(from: begin - 40 * 86_400, until: begin + 400 * 86_400)
        #expect(try await slice(fixture, alice).zones == ["Europe/Berlin": try #require(expected)])
        #expect(expected?.entries.count == 2)
        #expect(try await slice(fixture, stranger).zones.isEmpty)
        fixture.clock.advance(by: 31 * 86_400)
        await fixture.coordinator.tick(now: fixture.clock.now)
        #expect(try await slice(fixture, alice).zones["Europe/Berlin"]?.end == fixture.clock.now + 400 * 86_400)
    }
}
