import AccessPolicy
import Coordinator
import Cryptography
import Identity
import Store
import StoreSQLite
import Testing
import Wire

@Suite struct `A name that the policy speaks of` {
    /// Where it may stand; each makes a rule or group that is open to `device:prod-db-1`.
    enum Place: String, CaseIterable, Sendable { case source, destination, group }

    private func policy(_ place: Place = .destination, revision: String = "1") throws -> Policy {
        let name = "device:prod-db-1"
        switch place {
        case .source: return Policy(rules: [try Fixture.rule("x", name, "*")], revision: revision)
        case .destination: return Policy(rules: [try Fixture.rule("x", "*", name)], revision: revision)
        case .group:
            let group = try #require(GroupName("databases"))
            return Policy(
                rules: [try Fixture.rule("x", "*", "group:databases")],
                localGroups: try LocalGroups([group: [try Selector(parsing: name)]]), revision: revision)
        }
    }

    /// A device that calls itself so, registered by this person.
    private func registered(
        _ fixture: Fixture, _ device: Device, by name: String, groups: Set<String> = []
    ) async throws -> (response: RegistrationResponse, person: PersonID, session: SessionID) {
        let person = try await fixture.person(name, groups: groups)
        let session = try await fixture.signIn(person, on: device)
        return (try await register(fixture, device, person, session), person, session)
    }

    private func register(
        _ fixture: Fixture, _ device: Device, _ person: PersonID, _ session: SessionID
    ) async throws -> RegistrationResponse {
        try await fixture.coordinator.register(
            session: session, person: person, device: device.key.publicKey,
            registration: try device.registration(at: fixture.clock.now))
    }

    private func host(_ fixture: Fixture, _ response: RegistrationResponse) throws -> String {
        try fixture.verified(response.authorization).authorization.principal.host.text
    }

    @Test(arguments: Place.allCases, ["prod-db-1", "PROD-DB-1", "prod-db-1.example.com", "-prod-db-1"])
    func `is not to be had by calling oneself so`(place: Place, wish: String) async throws {
        let fixture = try await Fixture(policy: policy(place))
        let mallory = try await registered(fixture, try Device(host: wish), by: "mallory", groups: ["staff"])
        #expect(try host(fixture, mallory.response) == "prod-db-1-2")
        #expect(mallory.response.withheldName == "prod-db-1")
        // A second try, by another device or the same, gives nothing more.
        let again = try await registered(fixture, try Device(host: wish), by: "mallory2")
        #expect(try host(fixture, again.response) == "prod-db-1-3")
        let named = try #require(HostName("prod-db-1"))
        #expect(try await fixture.coordinator.nodes().allSatisfy { $0.host != named })
    }

    @Test func `is not to be had by renaming a device that is there`() async throws {
        let fixture = try await Fixture(policy: policy())
        var device = try Device(host: "laptop")
        let mallory = try await registered(fixture, device, by: "mallory")
        #expect(mallory.response.withheldName == nil)
        device.host = "prod-db-1"
        fixture.clock.advance(by: 1)
        let renamed = try await register(fixture, device, mallory.person, mallory.session)
        #expect(try host(fixture, renamed) == "prod-db-1-2" && renamed.withheldName == "prod-db-1")
    }

    @Test func `is a numbered one, too, where the policy speaks of that`() async throws {
        let fixture = try await Fixture(
            policy: Policy(rules: [try Fixture.rule("x", "*", "device:web-2")], revision: "1"))
        var hosts: [String] = []
        for name in ["a", "b", "c"] {
            hosts.append(try host(fixture, try await registered(fixture, try Device(host: "web"), by: name).response))
        }
        #expect(hosts == ["web", "web-3", "web-4"])
    }

    @Test func `is an administrator's for the asking, and then that device's`() async throws {
        let fixture = try await Fixture(policy: policy())
        var device = try Device(host: "prod-db-1")
        let root = try await registered(fixture, device, by: "root", groups: ["admins"])
        #expect(try host(fixture, root.response) == "prod-db-1" && root.response.withheldName == nil)
        // It keeps it whatever it calls itself, as while it starts, and whoever signs in there.
        device.host = "localhost"
        fixture.clock.advance(by: 1)
        #expect(try host(fixture, try await register(fixture, device, root.person, root.session)) == "prod-db-1")
        let operations = try await registered(fixture, device, by: "operations")
        #expect(try host(fixture, operations.response) == "prod-db-1")
        // Taken is taken, and told as ever.
        let other = try await registered(fixture, try Device(host: "prod-db-1"), by: "mallory")
        #expect(try host(fixture, other.response) == "prod-db-1-2" && other.response.withheldName == nil)
    }

    @Test func `is given by an administrator, and stays over registrations and restarts`() async throws {
        let fixture = try await Fixture(policy: policy())
        let device = try Device(host: "prod-db-1")
        let alice = try await registered(fixture, device, by: "alice")
        let id = try #require(NodeID(alice.response.node))
        let name = try #require(HostName("prod-db-1"))
        var agent = try await Agent(fixture, alice.session)
        try await fixture.coordinator.rename(id, to: name)
        await agent.read()
        #expect(try fixture.verified(agent.own).authorization.principal.host == name)
        let again = try await register(fixture, device, alice.person, alice.session)
        #expect(try host(fixture, again) == "prod-db-1" && again.withheldName == nil)
        let second = try fixture.unstarted(policy: policy())
        try await second.start()
        #expect(try await second.nodes().map(\.host) == [name])
        // Nobody else gets it, not even from an administrator, while this one has it.
        let bob = try await registered(fixture, try Device(host: "other"), by: "bob")
        let other = try #require(NodeID(bob.response.node))
        await #expect(throws: CoordinatorError.hostNameTaken(name)) {
            try await fixture.coordinator.rename(other, to: name)
        }
        let unknown = try Fixture.id()
        await #expect(throws: CoordinatorError.unknownNode) {
            try await fixture.coordinator.rename(unknown, to: try #require(HostName("free")))
        }
        try await fixture.coordinator.rename(id, to: try #require(HostName("former")))
        try await fixture.coordinator.rename(other, to: name)
        #expect(try await fixture.coordinator.nodes().map(\.host.text) == ["former", "prod-db-1"])
    }

    @Test func `stays with the device that had it before the policy spoke of it`() async throws {
        let silent = Policy(rules: [], revision: "0")
        let fixture = try await Fixture(policy: silent)
        let device = try Device(host: "prod-db-1")
        let alice = try await registered(fixture, device, by: "alice")
        #expect(try host(fixture, alice.response) == "prod-db-1")
        await fixture.coordinator.setPolicy(try policy(revision: "2"))
        #expect(try host(fixture, try await register(fixture, device, alice.person, alice.session)) == "prod-db-1")
        // Once it is deleted it is a new device like any other.
        try await fixture.coordinator.deleteNode(try #require(NodeID(alice.response.node)))
        let session = try await fixture.signIn(alice.person, on: device)
        let back = try await register(fixture, device, alice.person, session)
        #expect(try host(fixture, back) == "prod-db-1-2" && back.withheldName == "prod-db-1")
        // And when the policy is silent again the name is free.
        await fixture.coordinator.setPolicy(silent)
        let bob = try await registered(fixture, try Device(host: "prod-db-1"), by: "bob")
        #expect(try host(fixture, bob.response) == "prod-db-1")
    }

    @Test func `is told by the policy, wherever it stands`() throws {
        for place in Place.allCases {
            #expect(try policy(place).namedDevices.map(\.text) == ["prod-db-1"])
        }
    }
}
