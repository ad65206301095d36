import Gateway
import Identity
import Sessions
import Store
import StoreSQLite
import StrictJSON
import Testing
import Walkthrough

/// What a sign-in's groups do to those that the person had. Source: DESIGN §7.
@Suite struct `The groups of a sign-in` {
    private static let elsewhere: [String: JSON] = ["_claim_names": ["groups": "src1"]]
    private static let remedy = "have it send only those that are assigned to this application, or connect SCIM"

    /// What the provider says from now on in the place of the groups.
    private static func say(_ claims: [String: JSON], _ provider: InProcessProvider) {
        provider.alter { _, said in
            said["groups"] = nil
            said.merge(claims) { $1 }
        }
    }

    private static func remarks(_ events: EventLines) -> Int {
        events.lines.count { $0.hasPrefix("provider-answered success groups-not-known: ") && $0.contains(remedy) }
    }

    @Test(
        arguments: [
            ([:], false), (["groups": .null], false), (["groups": []], false), (["groups": ""], false),
            (elsewhere, true), (["groups": .null].merging(elsewhere) { $1 }, true),
        ] as [([String: JSON], Bool)])
    func `are all that it brings: with none named, or none known, earlier ones end`(
        _ claims: [String: JSON], _ areElsewhere: Bool
    ) async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        let person = try #require(try await harness.people().first).id
        let local = try #require(GroupName("local"))
        _ = try await harness.store.write { try $0.setMemberships(of: person, source: .local, to: [local]) }
        #expect(try await harness.groups(of: person) == ["engineering": [.tokenClaim], "local": [.local]])
        Self.say(claims, harness.provider)
        #expect(try await harness.signedIn(&device).status == 200)
        #expect(try await harness.groups(of: person) == ["local": [.local]])
        #expect(harness.log.text.contains(Self.remedy) == areElsewhere)
        #expect(Self.remarks(harness.events) == (areElsewhere ? 1 : 0))
    }

    @Test func `outlast renewed tokens, and end with a step-up that names none`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let answer = try await harness.signedIn(&device)
        let person = try #require(try await harness.people().first).id
        Self.say([:], harness.provider)
        #expect(try await device.refresh(try #require(answer.string("refresh_token"))).status == 200)
        #expect(try await harness.groups(of: person) == ["engineering": [.tokenClaim]])
        harness.clock.advance(30)
        let (page, _) = try await harness.renewed(&device, try #require(answer.string("session_id")))
        #expect(page.outcome == "allowed")
        #expect(try await harness.groups(of: person) == [:])
    }

    @Test(arguments: [(.scim, 0), (.signIn, 1)] as [(ProvisioningConfiguration.Groups, Int)])
    func `are no matter where the directory's count`(
        _ whose: ProvisioningConfiguration.Groups, _ remarks: Int
    ) async throws {
        let harness = try await GatewayHarness(scim: ProvisioningConfiguration(groups: whose))
        let client = try await ProvisioningClient(harness)
        let user = try await client.createUser("alice@example.com", external: "alice")
        _ = try await client.createGroup("Staff", [user])
        Self.say(Self.elsewhere, harness.provider)
        var device = try harness.device()
        #expect(try await harness.signedIn(&device).status == 200)
        let person = try #require(try await harness.people().first).id
        #expect(try await harness.groups(of: person) == ["Staff": [.scim]])
        #expect(Self.remarks(harness.events) == remarks)
        #expect(harness.log.text.contains(Self.remedy) == (remarks > 0))
    }

    @Test(arguments: [elsewhere, [:]])
    func `that are not known are spoken of to the person`(_ claims: [String: JSON]) async throws {
        let harness = try await GatewayHarness()
        Self.say(claims, harness.provider)
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        var browser = harness.browser()
        var page = try await browser.open(try #require(begun.string("verification_uri_complete")))
        page = try await browser.submit(page)
        page = try await browser.submit(page, button: ("provider", "corp"))
        #expect(page.url.hasSuffix("/device/confirm"))
        #expect(page.text.contains("You are in more groups than") == !claims.isEmpty)
    }

    @Test(arguments: [nil, "http://schemas.microsoft.com/claims/groups.link"])
    func `by SAML end likewise, also those of a time when the connection spoke OpenID Connect`(
        _ attribute: String?
    ) async throws {
        let harness = try await SAMLHarness()
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        let person = try #require(try await harness.store.read { try $0.people().first }).id
        let former = try #require(GroupName("former"))
        _ = try await harness.store.write { try $0.setMemberships(of: person, source: .tokenClaim, to: [former]) }
        harness.provider.alter { draft in
            draft.attributes.removeAll { $0.name == "groups" }
            if let attribute { draft.attributes.append((attribute, ["https://graph.example.com/alice"])) }
        }
        #expect(try await harness.signedIn(&device).status == 200)
        #expect(try await harness.store.read { try $0.memberships(of: person) } == [:])
        #expect(harness.log.text.contains(Self.remedy) == (attribute != nil))
        #expect(Self.remarks(harness.events) == (attribute == nil ? 0 : 1))
    }
}
