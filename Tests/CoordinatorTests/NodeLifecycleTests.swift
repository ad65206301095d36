import Coordinator
import Cryptography
import Identity
import NetworkAddresses
import Sessions
import SignedDocuments
import Store
import StoreSQLite
import Testing
import Wire

/// What a person would expect of one device, in the plainest terms.
private struct Model {
    var node: RecordID?
    var address: IPAddress?
    var host: HostName?
    var holder: PersonID?
    var tags: Set<TagName> = []
    var registeredAt: Int?
    /// The open session, and whether the node is in it: registered under it, or handed on by the same person's last one.
    var open: (session: SessionID, person: PersonID)?
    var isRegistered = false

    /// A new registration of the open session's person.
    mutating func register(as listing: NodeListing, person: PersonID, now: Int) {
        if node != listing.id { (node, address, host, tags) = (listing.id, listing.ipv4, listing.host, []) }
        if holder != person { tags = [] }
        (holder, registeredAt, isRegistered) = (person, now, true)
    }

    mutating func delete() {
        self = Model()
    }
}

@Suite struct `A device's place in the mesh` {
    private enum Step: CaseIterable {
        case signIn, signInOther, logOut, expire, register, registerRotated, registerStale, registerEnded, delete, tag
    }

    @Test(arguments: 1...12)
    func `is one node with one name and address, in whatever order things happen`(_ seed: UInt64) async throws {
        var random = SplitMix(state: seed)
        let fixture = try await Fixture()
        let people = [try await fixture.person("alice"), try await fixture.person("bob")]
        var device = try Device(host: "laptop")
        var model = Model()
        var former: (SessionID, PersonID)?
        for _ in 0..<60 {
            fixture.clock.advance(by: 10)
            let now = fixture.clock.now
            switch try #require(Step.allCases.randomElement(using: &random)) {
            case .signIn, .signInOther:
                let person = try #require(people.randomElement(using: &random))
                former = model.open ?? former
                if model.open?.person != person { model.isRegistered = false }
                model.open = (try await fixture.signIn(person, on: device, lifetime: 1000), person)
            case .logOut:
                guard let open = model.open else { continue }
                try await fixture.logOut(open.session)
                (former, model.open, model.isRegistered) = (open, nil, false)
            case .expire:
                guard let open = model.open else { continue }
                fixture.clock.advance(by: 1000)
                (former, model.open, model.isRegistered) = (open, nil, false)
            case .register, .registerRotated:
                guard let open = model.open else { continue }
                try device.rotate()
                try await fixture.register(device, open.person, under: open.session)
                let listing = try #require(try await fixture.coordinator.nodes().first)
                model.register(as: listing, person: open.person, now: now)
            case .registerStale:
                guard let open = model.open, let registeredAt = model.registeredAt else { continue }
                let stale = try device.registration(at: registeredAt - 1)
                await #expect(throws: CoordinatorError.staleRegistration) {
                    try await fixture.coordinator.register(
                        session: open.session, person: open.person, device: device.key.publicKey, registration: stale)
                }
            case .registerEnded:
                guard let (session, person) = former else { continue }
                await #expect(throws: CoordinatorError.sessionEnded) {
                    try await fixture.register(device, person, under: session)
                }
            case .delete:
                guard let node = model.node else { continue }
                try await fixture.coordinator.deleteNode(node)
                former = model.open ?? former
                model.delete()
            case .tag:
                guard let node = model.node, let tag = TagName("t\(Int.random(in: 0..<3, using: &random))") else {
                    continue
                }
                try await fixture.coordinator.setTags(node, to: [tag])
                model.tags = [tag]
            }
            await fixture.coordinator.tick(now: fixture.clock.now)
            try await expect(fixture, agreesWith: model, device: device)
        }
    }

    private func expect(_ fixture: Fixture, agreesWith model: Model, device: Device) async throws {
        let nodes = try await fixture.coordinator.nodes()
        #expect(nodes.count == (model.node == nil ? 0 : 1))
        if let node = nodes.first {
            #expect(node.id == model.node && node.ipv4 == model.address && node.host == model.host)
            #expect(node.person == model.holder && node.tags == model.tags)
            #expect((node.authorizedUntil != nil) == model.isRegistered)
        }
        #expect(try await fixture.store.read { try $0.nodes() }.map(\.id) == nodes.map(\.id))
        let open = try await fixture.coordinator.sessions()
        #expect(open.map(\.id) == (model.open.map { [$0.session] } ?? []))
        if let session = model.open?.session, model.isRegistered {
            let stream = try await fixture.coordinator.netmap(session: session)
            guard case .snapshot(_, _, let own, _, _) = await stream.next() else {
                Issue.record("no snapshot")
                return
            }
            #expect(try fixture.verified(own).registration.wireGuardKey == device.wireGuard)
        } else if let session = model.open?.session {
            await #expect(throws: CoordinatorError.notRegistered) {
                try await fixture.coordinator.netmap(session: session)
            }
        }
    }

    @Test func `belongs to the session in its record, and to no other`() throws {
        let node = try Fixture.node(number: 1, ipv4: .v4(1), ipv6: .v6(0, 1))
        let lifecycle = NodeLifecycle(node: node, holder: nil)
        #expect(lifecycle.standing(under: nil, personIsActive: true, now: 0) == .signedOut(reason: "signed-out"))
        #expect(NodeLifecycle().standing(under: nil, personIsActive: true, now: 0) == .absent)
    }
}
