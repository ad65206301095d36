import Gateway
import Identity
import SCIM
import Sessions
import Store
import StoreSQLite
import StrictJSON
import Testing
import Walkthrough

/// What the directory does to people who sign in. Source: DESIGN §7.
@Suite struct `A provisioned directory` {
    private static let person = "alice@example.com"

    private static func signedIn(
        _ harness: GatewayHarness, external: String? = "alice"
    ) async throws -> (client: ProvisioningClient, user: String, device: DeviceClient, refresh: String) {
        let client = try await ProvisioningClient(harness)
        let user = try await client.createUser(person, external: external)
        var device = try harness.device()
        let tokens = try await harness.signedIn(&device)
        return (client, user, device, try #require(tokens.string("refresh_token")))
    }

    @Test(
        arguments: [("alice", "x@example.com"), ("oid-7", "x@example.com"), (nil, "ALICE@example.com")], [true, false])
    func `and a sign-in meet in one person, whichever comes first`(
        _ names: (external: String?, userName: String), _ scimFirst: Bool
    ) async throws {
        let harness = try await GatewayHarness(scim: ProvisioningConfiguration())
        harness.provider.alter { _, claims in claims["oid"] = "oid-7" }
        var former: PersonRecord?
        if !scimFirst {
            // Somebody of the time before SCIM, with groups from a token.
            let earlier = try await GatewayHarness(store: harness.store, clock: harness.clock)
            earlier.provider.alter { _, claims in claims["oid"] = "oid-7" }
            var device = try earlier.device()
            _ = try await earlier.signedIn(&device)
            former = try await harness.people().first
            #expect(try await harness.groups(of: try #require(former).id) == ["engineering": [.tokenClaim]])
        }
        let client = try await ProvisioningClient(harness)
        let user = try await client.createUser(names.userName, external: names.external)
        let group = try await client.createGroup("Staff", [user])
        if scimFirst { #expect(try await harness.people().isEmpty) }
        var device = try harness.device()
        #expect(try await harness.signedIn(&device).status == 200)
        let people = try await harness.people()
        #expect(people.count == 1)
        let person = try #require(people.first)
        if let former { #expect(person.id == former.id) }
        #expect(try await harness.groups(of: person.id) == ["Staff": [.scim]])
        #expect(try await harness.store.read { try $0.user(ofPerson: person.id) }?.id == user)
        try await client.remove(user, from: group)
        #expect(try await harness.groups(of: person.id) == [:])
    }

    @Test func `refuses somebody whom it does not know, and says why`() async throws {
        let harness = try await GatewayHarness(scim: ProvisioningConfiguration())
        let client = try await ProvisioningClient(harness)
        _ = try await client.createUser("bob@example.com", external: "bob")
        let refused = try await harness.signInOutcome()
        #expect(refused.outcome == "denied")
        #expect(refused.text.contains("not in this organisation"))
        #expect(harness.log.text.contains("its directory knows no such person"))
        #expect(try await harness.people().isEmpty)
        // Two connections are apart: the other one's user of that name is nobody here.
        let other = try await ProvisioningClient(harness, connection: "other")
        _ = try await other.createUser(Self.person, external: "alice")
        #expect(try await harness.signInOutcome().outcome == "denied")
        _ = try await client.createUser(Self.person)
        #expect(try await harness.signInOutcome().outcome == "allowed")
    }

    @Test func `lets nobody take over another account's user`() async throws {
        let harness = try await GatewayHarness(scim: ProvisioningConfiguration())
        _ = try await Self.signedIn(harness, external: nil)
        harness.provider.use(InProcessProvider.Account(subject: "mallory", email: Self.person, groups: []))
        #expect(try await harness.signInOutcome().outcome == "denied")
        #expect(harness.log.text.contains("already another account"))
        #expect(try await harness.people().map(\.subject) == ["alice"])
    }

    @Test(arguments: ["deactivated", "deactivated by a string", "deleted", "replaced"])
    func `ends every session of somebody who is gone, in the same transaction`(_ how: String) async throws {
        let harness = try await GatewayHarness(scim: ProvisioningConfiguration())
        var (client, user, device, refresh) = try await Self.signedIn(harness)
        let session = try #require(try await harness.store.read { try $0.openSessions().first })
        let before = try await harness.store.read { try $0.lastChangeSequence() }
        let answer: ProvisioningClient.Answer
        switch how {
        case "deactivated": answer = try await client.setActive(user, false)
        case "deactivated by a string":
            answer = try await client.patch("/Users/\(user)", [["op": "Replace", "value": ["active": "False"]]])
        case "deleted": answer = try await client.send("DELETE", "/Users/\(user)")
        default:
            answer = try await client.send(
                "PUT", "/Users/\(user)",
                [
                    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": .string(Self.person),
                    "active": false,
                ])
        }
        #expect([200, 204].contains(answer.status))
        let ended = try #require(try await harness.store.read { try $0.session(session.id) })
        #expect(ended.end == .personInactive)
        let changes = try await harness.store.read { try $0.changes(after: before, limit: 10).map(\.subject) }
        #expect(Set(changes) == [.session(session.id), .person(session.person)] && changes.count == 2)
        #expect(try await device.refresh(refresh).error == "invalid_grant")
        #expect(try await harness.signInOutcome().outcome == "denied")
    }

    @Test(arguments: ["deleted", "emptied by replace", "emptied by remove", "left, and then emptied"])
    func `tells of a group that everybody left whom it concerns, and nobody else`(_ how: String) async throws {
        let harness = try await GatewayHarness(scim: ProvisioningConfiguration())
        let (client, user, _, _) = try await Self.signedIn(harness)
        let group = try await client.createGroup("Staff", [user, try await client.createUser("bob@example.com")])
        let person = try #require(try await harness.people().first)
        let before = try await harness.store.read { try $0.lastChangeSequence() }
        let answer: ProvisioningClient.Answer
        switch how {
        case "deleted": answer = try await client.send("DELETE", "/Groups/\(group)")
        case "emptied by replace":
            answer = try await client.patch("/Groups/\(group)", [["op": "replace", "path": "members", "value": []]])
        case "emptied by remove":
            answer = try await client.patch("/Groups/\(group)", [["op": "remove", "path": "members"]])
        default:
            let path = JSON.string("/Groups/\(group)")
            let leaving: JSON = ["op": "remove", "path": .string("members[value eq \"\(user)\"]")]
            let operations: [JSON] = [leaving, ["op": "remove", "path": "members"]].map {
                ["method": "PATCH", "path": path, "data": ["Operations": [$0]]]
            }
            answer = try await client.send(
                "POST", "/Bulk",
                ["schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": .array(operations)])
        }
        #expect([200, 204].contains(answer.status), "\(answer.body)")
        let changes = try await harness.store.read { try $0.changes(after: before, limit: 10).map(\.subject) }
        #expect(changes == [.person(person.id)])
        #expect(try await harness.groups(of: person.id) == [:])
    }

    @Test func `lets somebody who is active again sign in again, and restores nothing by itself`() async throws {
        let harness = try await GatewayHarness(scim: ProvisioningConfiguration())
        let (client, user, _, _) = try await Self.signedIn(harness)
        let group = try await client.createGroup("Staff", [user])
        try await client.setActive(user, false)
        // Whether they are active and in which groups are independent of each other.
        let person = try #require(try await harness.people().first)
        #expect(try await harness.groups(of: person.id) == ["Staff": [.scim]])
        try await client.setActive(user, true)
        #expect(try await harness.store.read { try $0.openSessions() }.isEmpty)
        #expect(try await harness.signInOutcome().outcome == "allowed")
        // Deleted and provisioned anew: the same person.
        try await client.send("DELETE", "/Users/\(user)")
        #expect(try await client.send("GET", "/Groups/\(group)")["members"] == .null)
        #expect(try await harness.signInOutcome().outcome == "denied")
        let again = try await client.createUser(Self.person, external: "alice")
        #expect(again != user)
        #expect(try await harness.signInOutcome().outcome == "allowed")
        #expect(try await harness.people().map(\.id) == [person.id])
        #expect(try await harness.groups(of: person.id) == [:])
    }

    @Test func `changes the groups of one member without touching sessions or anybody else`() async throws {
        let harness = try await GatewayHarness(scim: ProvisioningConfiguration())
        let (client, user, _, _) = try await Self.signedIn(harness)
        let person = try #require(try await harness.people().first)
        let bob = try await client.createUser("bob@example.com")
        let group = try await client.createGroup("Staff", [bob])
        let changes = { try await harness.store.read { try $0.changes(after: 0, limit: 1000).map(\.subject) } }
        let before = try await changes().count
        try await client.add(user, to: group)
        #expect(try await changes().dropFirst(before) == [.person(person.id)])
        #expect(try await harness.groups(of: person.id) == ["Staff": [.scim]])
        try await client.patch("/Groups/\(group)", [["op": "replace", "path": "displayName", "value": "Team"]])
        #expect(try await harness.groups(of: person.id) == ["Team": [.scim]])
        try await client.remove(bob, from: group)
        #expect(try await changes().dropFirst(before) == [.person(person.id), .person(person.id)])
        try await client.send("DELETE", "/Groups/\(group)")
        #expect(try await changes().dropFirst(before).count == 3)
        #expect(try await harness.groups(of: person.id) == [:])
        #expect(try await harness.store.read { try $0.openSessions() }.count == 1)
    }

    @Test func `overrules the groups of sign-ins, and leaves those given here`() async throws {
        let harness = try await GatewayHarness(scim: ProvisioningConfiguration())
        let (client, user, _, _) = try await Self.signedIn(harness)
        let person = try #require(try await harness.people().first)
        let local = try #require(GroupName("Local"))
        _ = try await harness.store.write { try $0.setMemberships(of: person.id, source: .local, to: [local]) }
        #expect(harness.log.text.contains("they come from SCIM"))
        let group = try await client.createGroup("Local", [user])
        #expect(try await harness.groups(of: person.id) == ["Local": [.local, .scim]])
        try await client.patch("/Groups/\(group)", [["op": "remove", "path": "members"]])
        #expect(try await harness.groups(of: person.id) == ["Local": [.local]])
    }

    @Test func `that sends no groups leaves those of sign-ins, where it is told to`() async throws {
        let harness = try await GatewayHarness(scim: ProvisioningConfiguration(groups: .signIn))
        let (client, user, _, _) = try await Self.signedIn(harness)
        let person = try #require(try await harness.people().first)
        #expect(try await harness.groups(of: person.id) == ["engineering": [.tokenClaim]])
        _ = try await client.createGroup("Staff", [user])
        #expect(try await harness.groups(of: person.id) == ["engineering": [.tokenClaim], "Staff": [.scim]])
    }

    @Test func `holds back removals beyond the share until they are confirmed, and never a single one`() async throws {
        let harness = try await GatewayHarness(scim: ProvisioningConfiguration(holdRemovalsAbove: 20))
        let client = try await ProvisioningClient(harness)
        var users: [String] = []
        for number in 0..<10 { users.append(try await client.createUser("user\(number)@example.com")) }
        let group = try await client.createGroup("Staff", users)
        #expect(try await client.setActive(users[0], false).status == 200)
        #expect(try await client.send("DELETE", "/Users/\(users[0])").status == 204)
        #expect(try await client.setActive(users[1], false).status == 403)
        #expect(try await client.send("DELETE", "/Groups/\(group)").status == 403)
        let emptied = try await client.patch("/Groups/\(group)", [["op": "replace", "path": "members", "value": []]])
        #expect(emptied.status == 403)
        #expect(try await client.send("GET", "/Users/\(users[1])")["active"] == true)
        #expect(harness.log.text.contains("error removals are held back"))
        // What removes nobody goes on.
        #expect(
            try await client.patch("/Users/\(users[1])", [["op": "add", "path": "title", "value": "x"]]).status == 200)
        let administration = harness.gateway.provisioningAdministration
        let held = try #require(
            try await administration.status(of: nil).arrayValue?.first?.objectValue?["held"]?.arrayValue)
        #expect(held.count == 1 && held[0].objectValue?["people"] == 10)
        let id = try #require(held[0].objectValue?["hold"]?.stringValue)
        await #expect(throws: (any Error).self) { try await administration.confirm(hold: "x") }
        _ = try await administration.confirm(hold: id)
        #expect(try await client.setActive(users[1], false).status == 200)
        #expect(try await client.send("DELETE", "/Groups/\(group)").status == 204)
        harness.clock.advance(3601)
        #expect(try await client.setActive(users[2], false).status == 200)
        #expect(try await client.setActive(users[3], false).status == 403)
        harness.clock.advance(3601)
        #expect(try await client.setActive(users[3], false).status == 200)
    }

    @Test func `holds nothing back unless asked to`() async throws {
        let harness = try await GatewayHarness(scim: ProvisioningConfiguration())
        let client = try await ProvisioningClient(harness)
        for number in 0..<3 {
            let user = try await client.createUser("user\(number)@example.com")
            #expect(try await client.setActive(user, false).status == 200)
        }
    }
}
