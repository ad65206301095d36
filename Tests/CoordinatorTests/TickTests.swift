import Cryptography
import Identity
import Sessions
import SignedDocuments
import Store
import StoreSQLite
import Synchronization
import Testing
import Wire

@testable import Coordinator

/// A control key in a place that may be out of reach.
private final class RemoteSigner: Signer {
    let publicKey: Ed25519PublicKey
    private let key: Ed25519PrivateKey
    let isDown = Mutex(false)
    let signatures = Mutex(0)

    struct Unreachable: Error {}

    init(_ key: Ed25519PrivateKey) {
        self.key = key
        publicKey = key.publicKey
    }

    func signature(for message: [UInt8]) throws -> [UInt8] {
        if isDown.withLock({ $0 }) { throw Unreachable() }
        signatures.withLock { $0 += 1 }
        return try key.signature(for: message)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `As time passes` {
    @Test func `an authorization is renewed before half its life, once for all who see it`() async throws {
        let fixture = try await Fixture(lifetime: 3600)
        let alice = try await fixture.member("alice")
        let bob = try await fixture.member("bob")
        var (hers, his) = (try await Agent(fixture, alice.session), try await Agent(fixture, bob.session))
        let before = hers.own
        fixture.clock.advance(by: 1349)
        await fixture.coordinator.tick(now: fixture.clock.now)
        await hers.drain(fixture)
        #expect(hers.own == before)
        fixture.clock.advance(by: 451)
        await fixture.coordinator.tick(now: fixture.clock.now)
        await hers.drain(fixture)
        await his.drain(fixture)
        #expect(hers.own != before && his.peers[alice.node] == hers.own)
        #expect(try fixture.verified(hers.own).authorization.validity.expiresAt > fixture.clock.now + 1800)
    }

    @Test func `nothing is valid beyond the session, which ends in the store, too`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.member("alice")
        let bob = try await fixture.member("bob", lifetime: 2000)
        var (hers, his) = (try await Agent(fixture, alice.session), try await Agent(fixture, bob.session))
        for _ in 0..<199 {
            fixture.clock.advance(by: 10)
            await fixture.coordinator.tick(now: fixture.clock.now)
            while his.stream.hasMessages { await his.read() }
            #expect(try fixture.verified(his.own).authorization.validity.expiresAt <= 1_002_000)
        }
        fixture.clock.advance(by: 10)
        await hers.drain(fixture)
        #expect(hers.peers[bob.node] == nil)
        await his.drain(fixture)
        #expect(his.ended == "expired")
        let session = try #require(try await fixture.store.read { try $0.session(bob.session) })
        #expect(session.end == .expired)
    }

    @Test func `a stream shows that it lives, also after the clock was set back`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.member("alice")
        var hers = try await Agent(fixture, alice.session)
        for (step, beats) in [(19, 0), (1, 1), (-7200, 2), (19, 2), (1, 3)] {
            fixture.clock.advance(by: step)
            await fixture.coordinator.tick(now: fixture.clock.now)
            while hers.stream.hasMessages { await hers.read() }
            #expect(hers.heartbeats == beats, "after \(step) s")
        }
    }

    @Test func `a session without a node ends as well`() async throws {
        let fixture = try await Fixture()
        let person = try await fixture.person("alice")
        let session = try await fixture.signIn(person, on: Device(host: "laptop"), lifetime: 100)
        await fixture.coordinator.tick(now: fixture.clock.now)
        fixture.clock.advance(by: 100)
        await fixture.coordinator.tick(now: fixture.clock.now)
        #expect(try await fixture.store.read { try $0.session(session)?.end } == .expired)
        #expect(try await fixture.coordinator.sessions().isEmpty)
    }

    @Test func `with the store gone nothing is renewed, and sessions still end`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.member("alice", lifetime: 5000)
        var agent = try await Agent(fixture, alice.session)
        let before = agent.own
        await fixture.store.close()
        fixture.clock.advance(by: 2000)
        await agent.drain(fixture)
        #expect(agent.own == before)
        fixture.clock.advance(by: 3000)
        await fixture.coordinator.tick(now: fixture.clock.now)
        await agent.read()
        #expect(agent.ended == "expired")
    }

    @Test func `without the control key nothing new is shown, and what was true goes on`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.member("alice")
        let bob = try await fixture.member("bob")
        let signer = RemoteSigner(fixture.control)
        let coordinator = try fixture.unstarted(control: signer)
        try await coordinator.start()
        #expect(signer.signatures.withLock { $0 } == 4)
        let stream = try await coordinator.netmap(session: alice.session)
        _ = await stream.next()
        signer.isDown.withLock { $0 = true }
        fixture.clock.advance(by: 2000)
        await coordinator.tick(now: fixture.clock.now)
        #expect(await stream.next() == .heartbeat(sequence: 0, time: fixture.clock.now))

        try await fixture.setGroups(of: bob.person, to: ["a"])
        await coordinator.tick(now: fixture.clock.now)
        #expect(
            await stream.next() == .delta(sequence: 1, own: nil, changed: [:], removed: [bob.node], policy: nil))

        signer.isDown.withLock { $0 = false }
        await coordinator.tick(now: fixture.clock.now)
        guard case .delta(2, _, let changed, [], nil) = await stream.next() else {
            Issue.record("no delta")
            return
        }
        #expect(try fixture.verified(changed[bob.node] ?? "").authorization.principal.groups.map(\.text) == ["a"])
    }

    @Test func `one changed node costs one signature`() async throws {
        let fixture = try await Fixture()
        var members: [Member] = []
        for number in 0..<10 { members.append(try await fixture.member("m\(number)")) }
        let signer = RemoteSigner(fixture.control)
        let coordinator = try fixture.unstarted(control: signer)
        try await coordinator.start()
        let before = signer.signatures.withLock { $0 }
        try await fixture.setGroups(of: members[3].person, to: ["a"])
        await coordinator.tick(now: fixture.clock.now)
        #expect(signer.signatures.withLock { $0 } == before + 1)
        try await coordinator.endSession(members[4].session, reason: .administrator)
        #expect(signer.signatures.withLock { $0 } == before + 1)
    }
}
