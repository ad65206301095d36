import Coordinator
import Cryptography
import Identity
import NetworkAddresses
import SignedDocuments
import Store
import StoreSQLite
import Testing
import Wire

@Suite struct `A registration` {
    private func refusal(
        _ fixture: Fixture, _ device: Device, _ person: PersonID, _ session: SessionID, _ registration: String? = nil
    ) async throws -> CoordinatorError? {
        let text = try registration ?? device.registration(at: fixture.clock.now)
        do {
            _ = try await fixture.coordinator.register(
                session: session, person: person, device: device.key.publicKey, registration: text)
            return nil
        } catch { return error }
    }

    @Test func `makes a node whose signed authorization says who it is`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.person("alice", groups: ["engineering"])
        let device = try Device(host: "Laptop.local")
        let session = try await fixture.signIn(alice, on: device)
        let node = try await fixture.register(device, alice, under: session)
        #expect(node.authorization.principal.label == "alice@example.com")
        #expect(node.authorization.principal.groups.map(\.text) == ["engineering"])
        #expect(node.authorization.principal.host.text == "laptop")
        #expect(node.authorization.addresses.first?.description == "100.64.0.16")
        #expect(node.authorization.validity.expiresAt == fixture.clock.now + 3600)
        #expect(node.registration.wireGuardKey == device.wireGuard)
        #expect(try await fixture.register(device, alice, under: session) == node)
    }

    @Test func `is authorized no longer than its session`() async throws {
        let fixture = try await Fixture()
        let device = try Device(host: "laptop")
        let alice = try await fixture.person("alice")
        let session = try await fixture.signIn(alice, on: device, lifetime: 100)
        let node = try await fixture.register(device, alice, under: session)
        #expect(node.authorization.validity.expiresAt == fixture.clock.now + 100)
    }

    @Test func `gives two devices of one person two nodes with two names`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.person("alice")
        var nodes: [VerifiedNode] = []
        for _ in 0..<2 {
            let device = try Device(host: "laptop")
            let session = try await fixture.signIn(alice, on: device)
            nodes.append(try await fixture.register(device, alice, under: session))
        }
        #expect(nodes.map(\.authorization.principal.host.text) == ["laptop", "laptop-2"])
        #expect(Set(nodes.map(\.node)).count == 2)
    }

    @Test func `names differ for devices that register at the same time`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.person("alice")
        let hosts = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    let device = try Device(host: "laptop")
                    let session = try await fixture.signIn(alice, on: device)
                    return try await fixture.register(device, alice, under: session).authorization.principal.host.text
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(hosts.count == 20)
        #expect(hosts.contains("laptop") && hosts.contains("laptop-20"))
    }

    @Test func `is refused to another key, another person, and an unknown or ended session`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.person("alice")
        let bob = try await fixture.person("bob")
        let device = try Device(host: "laptop")
        let session = try await fixture.signIn(alice, on: device)
        let other = try Device(host: "other")
        #expect(try await refusal(fixture, other, alice, session) == .deviceMismatch)
        #expect(try await refusal(fixture, device, bob, session) == .personMismatch)
        #expect(try await refusal(fixture, device, alice, Fixture.id()) == .sessionEnded)
        let foreign = try other.registration(at: fixture.clock.now)
        #expect(
            try await refusal(fixture, device, alice, session, foreign) == .registrationRefused(.document(.unknownKey)))
        try await fixture.logOut(session)
        #expect(try await refusal(fixture, device, alice, session) == .sessionEnded)
        #expect(try await fixture.coordinator.nodes().isEmpty)
    }

    @Test func `is refused once the session's time is over`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.person("alice")
        let device = try Device(host: "laptop")
        let session = try await fixture.signIn(alice, on: device, lifetime: 100)
        fixture.clock.advance(by: 100)
        #expect(try await refusal(fixture, device, alice, session) == .sessionEnded)
    }

    @Test func `is refused to an inactive person`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.person("alice")
        let device = try Device(host: "laptop")
        let session = try await fixture.signIn(alice, on: device)
        try await fixture.setActive(alice, false)
        #expect(try await refusal(fixture, device, alice, session) == .personInactive)
    }

    @Test func `is refused when malformed, for another server, from the future, or with a bad name`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.person("alice")
        var device = try Device(host: "laptop")
        let session = try await fixture.signIn(alice, on: device)
        let now = fixture.clock.now
        let elsewhere = try device.registration(at: now, server: "https://other.example.com")
        let future = try device.registration(at: now + 61)
        #expect(
            try await refusal(fixture, device, alice, session, "x") == .registrationRefused(.document(.malformed)))
        #expect(
            try await refusal(fixture, device, alice, session, elsewhere) == .registrationRefused(.mismatch("aud")))
        #expect(
            try await refusal(fixture, device, alice, session, future)
                == .registrationRefused(.document(.notYetValid)))
        device.host = "lap\u{7}top"
        #expect(try await refusal(fixture, device, alice, session) == .hostNameRefused)
    }

    @Test func `is refused when it is older than the one held`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.person("alice")
        let device = try Device(host: "laptop")
        let session = try await fixture.signIn(alice, on: device)
        let old = try device.registration(at: fixture.clock.now)
        fixture.clock.advance(by: 1)
        try await fixture.register(device, alice, under: session)
        #expect(try await refusal(fixture, device, alice, session, old) == .staleRegistration)
    }

    @Test func `with the WireGuard key of another node is refused, until that node is gone`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.member("alice")
        let bob = try await fixture.person("bob")
        var copy = try Device(host: "copy")
        copy.wireGuard = alice.device.wireGuard
        let session = try await fixture.signIn(bob, on: copy)
        #expect(try await refusal(fixture, copy, bob, session) == .wireGuardKeyInUse)
        try await fixture.logOut(alice.session)
        #expect(try await refusal(fixture, copy, bob, session) == .wireGuardKeyInUse)
        try await fixture.coordinator.deleteNode(alice.node)
        #expect(try await refusal(fixture, copy, bob, session) == nil)
    }

    @Test func `with the same WireGuard key at the same time succeeds once`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.person("alice")
        let key = try X25519PrivateKey(from: .system).publicKey
        let refusals = try await withThrowingTaskGroup(of: CoordinatorError?.self) { group in
            for number in 0..<8 {
                group.addTask {
                    var device = try Device(host: "copy-\(number)")
                    device.wireGuard = key
                    let session = try await fixture.signIn(alice, on: device)
                    return try await refusal(fixture, device, alice, session)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(refusals.count { $0 == nil } == 1)
        #expect(refusals.count { $0 == .wireGuardKeyInUse } == 7)
    }

    @Test func `is refused when no address is left, and a refusal leaves nothing behind`() async throws {
        let fixture = try await Fixture(prefix: "100.64.0.0/27")
        for number in 0..<16 { _ = try await fixture.member("m\(number)") }
        let alice = try await fixture.person("alice")
        let device = try Device(host: "laptop")
        let session = try await fixture.signIn(alice, on: device)
        #expect(try await refusal(fixture, device, alice, session) == .addressesExhausted)
        #expect(try await fixture.coordinator.nodes().count == 16)
        fixture.clock.advance(by: 1)
        let first = try #require(try await fixture.coordinator.nodes().first)
        try await fixture.coordinator.deleteNode(first.id)
        #expect(try await refusal(fixture, device, alice, session) == .addressesExhausted)
    }

    @Test func `survives a restart of the coordinator`() async throws {
        let first = try await Fixture()
        let alice = try await first.member("alice")
        let second = try await Fixture(store: first.store, clock: first.clock)
        let stream = try await second.coordinator.netmap(session: alice.session)
        guard case .snapshot(_, _, let own, _, _) = await stream.next() else {
            Issue.record("no snapshot")
            return
        }
        let before = try #require(try await first.coordinator.nodes().first)
        #expect(try second.verified(own).authorization.addresses == [before.ipv4, before.ipv6])
        let bob = try await second.member("bob")
        #expect(bob.node != alice.node)
    }

    @Test func `before start is refused`() async throws {
        let fixture = try await Fixture()
        let alice = try await fixture.person("alice")
        let device = try Device(host: "laptop")
        let session = try await fixture.signIn(alice, on: device)
        let coordinator = try fixture.unstarted()
        let text = try device.registration(at: fixture.clock.now)
        await #expect(throws: CoordinatorError.notStarted) {
            try await coordinator.register(
                session: session, person: alice, device: device.key.publicKey, registration: text)
        }
    }
}
