import Cryptography
import Gateway
import Identity
import OpenIDConnect
import SAML
import Sessions
import Store
import StoreSQLite
import StrictJSON
import Testing
import Walkthrough

extension GatewayHarness {
    /// The pages of a renewal; how they end, and what the device is told.
    func renewed(
        _ device: inout DeviceClient, _ session: String
    ) async throws -> (page: Walkthrough.Browser.Page, poll: DeviceClient.Answer) {
        let begun = try await device.beginSignIn(renewing: session)
        var browser = browser()
        let walk = SignInWalk(user: "alice", password: "", number: begun.integer("number"))
        let page = try await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
        return (page, try await device.poll(try #require(begun.string("device_code"))))
    }

    func session(_ id: String) async throws -> Session {
        let id = try #require(SessionID(id))
        return try #require(try await store.read { try $0.session(id) })
    }
}

@Suite struct `A step-up by OpenID Connect` {
    private func signedIn(
        _ change: (inout ProviderConfiguration) throws -> Void = { _ in }
    ) async throws -> (GatewayHarness, DeviceClient, session: String, refresh: String) {
        let harness = try await GatewayHarness(change)
        var device = try harness.device()
        let answer = try await harness.signedIn(&device)
        harness.clock.advance(7200)
        return (
            harness, device, try #require(answer.string("session_id")), try #require(answer.string("refresh_token"))
        )
    }

    @Test func `renews time and factors of the same session, whose tokens go on`() async throws {
        var (harness, device, id, refresh) = try await signedIn { $0.mfa.acr = ["urn:mfa", "urn:key"] }
        let former = try await harness.session(id)
        let changes = try await harness.store.read { try $0.lastChangeSequence() }
        let (page, poll) = try await harness.renewed(&device, id)
        #expect(page.outcome == "allowed")
        #expect(page.text.contains("Your sign-in is renewed"))
        #expect(poll.status == 200 && poll.string("session_id") == id && poll.string("refresh_token") == nil)
        #expect(poll.integer("mfa_at") == harness.clock.now)
        let session = try await harness.session(id)
        #expect(session.mfaAt == harness.clock.now && session.authTime == harness.clock.now)
        #expect(session.acr == "urn:key" && former.acr == nil)
        #expect(session.createdAt == former.createdAt && session.expiresAt == former.expiresAt)
        #expect(session.evidence != former.evidence && session.refresh == former.refresh)
        #expect(try await harness.store.read { try $0.openSessions().map(\.id.text) } == [id])
        let after = try await harness.store.read { try $0.changes(after: changes, limit: 10).map(\.subject) }
        #expect(after.contains(.session(session.id)))
        #expect(try await device.refresh(refresh).status == 200)
    }

    @Test(arguments: [[0, 1], [1, 0]])
    func `is the newer one of two at once, in whatever order the device hears of them`(order: [Int]) async throws {
        var (harness, device, id, _) = try await signedIn()
        var codes: [String] = []
        for _ in order {
            harness.clock.advance(30)
            let begun = try await device.beginSignIn(renewing: id)
            var browser = harness.browser()
            let walk = SignInWalk(user: "alice", password: "", number: begun.integer("number"))
            let page = try await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
            #expect(page.outcome == "allowed")
            codes.append(try #require(begun.string("device_code")))
        }
        for place in order { #expect(try await device.poll(codes[place]).status == 200) }
        let session = try await harness.session(id)
        #expect(session.authTime == harness.clock.now && session.mfaAt == harness.clock.now)
    }

    @Test func `asks the provider for a new sign-in in the configured ways`() async throws {
        var (harness, device, id, _) = try await signedIn { $0.mfa.acr = ["urn:mfa", "urn:key"] }
        _ = try await harness.renewed(&device, id)
        let requests = harness.provider.requests
        #expect(requests.map { $0["max_age"] } == ["86400", "0"])
        #expect(requests.map { $0["acr_values"] } == [nil, "urn:key urn:mfa"])
    }

    @Test func `says on its pages what it is and why`() async throws {
        var (harness, device, id, _) = try await signedIn()
        let begun = try await device.beginSignIn(renewing: id)
        var browser = harness.browser()
        var page = try await browser.open(try #require(begun.string("verification_uri_complete")))
        page = try await browser.submit(page)
        #expect(page.text.contains("Renew your sign-in?"))
        #expect(page.text.contains("asks for a recent sign-in with a second factor"))
        page = try await browser.submit(page, button: ("provider", "corp"))
        #expect(page.text.contains("Renew this device’s sign-in?"))
    }

    private typealias Spoil = @Sendable (inout [String: JSON], inout [String: JSON]) -> Void

    @Test(
        arguments: [
            (RenewalRefusal.timeUnknown, { @Sendable _, claims in claims["auth_time"] = nil }),
            (.notRecent, { @Sendable _, claims in claims["auth_time"] = .integer(1_800_000_000) }),
            (.noSecondFactor, { @Sendable _, claims in claims["amr"] = ["pwd"] }),
            (.anotherPerson, { @Sendable _, claims in claims["sub"] = "bob" }),
        ] as [(RenewalRefusal, @Sendable (inout [String: JSON], inout [String: JSON]) -> Void)])
    func `is refused by name, at the browser and at the device, and changes nothing`(
        _ refusal: RenewalRefusal, _ spoil: @escaping @Sendable (inout [String: JSON], inout [String: JSON]) -> Void
    ) async throws {
        var (harness, device, id, refresh) = try await signedIn()
        let former = try await harness.session(id)
        harness.provider.alter(spoil)
        let (page, poll) = try await harness.renewed(&device, id)
        #expect(page.outcome == "failed" && page.response.status == 403)
        #expect(poll.error == "access_denied")
        #expect(poll.string("error_description")?.hasPrefix(refusal.rawValue + ": ") == true)
        #expect(harness.log.text.contains("reason=\(refusal.rawValue)"))
        #expect(try await harness.session(id) == former)
        #expect(try await device.refresh(refresh).status == 200)
        #expect(try await harness.store.read { try $0.people().map(\.subject) } == ["alice"])
    }

    @Test func `is refused where nothing counts as a second factor, and says what to configure`() async throws {
        let first = try await GatewayHarness()
        var device = try first.device()
        let id = try #require(try await first.signedIn(&device).string("session_id"))
        let harness = try await GatewayHarness(store: first.store, provider: first.provider) {
            $0.mfa = MFARule(amr: [], acr: [])
        }
        var same = try harness.device(device.key)
        let answer = try await same.beginSignIn(renewing: id)
        #expect(answer.status == 400 && answer.error == "second_factor_not_configured")
        #expect(
            answer.string("error_description")?.contains("mfa: { amr: [...], acr: [...] } for corp in ztna.yaml")
                == true)
    }

    @Test func `begins for the device of the session only, and while it is open`() async throws {
        var (harness, device, id, refresh) = try await signedIn()
        var thief = try harness.device()
        #expect(try await thief.beginSignIn(renewing: id).error == "invalid_grant")
        #expect(try await device.beginSignIn(renewing: "nonsense").error == "invalid_request")
        #expect(try await device.beginSignIn(renewing: String(repeating: "A", count: 22)).error == "invalid_grant")
        _ = try await device.revoke(refresh)
        #expect(try await device.beginSignIn(renewing: id).error == "invalid_grant")
    }

    @Test func `of a person who was made inactive, or of a session that ended meanwhile, comes to nothing`()
        async throws
    {
        for ends in [true, false] {
            var (harness, device, id, refresh) = try await signedIn()
            let begun = try await device.beginSignIn(renewing: id)
            var browser = harness.browser()
            let walk = SignInWalk(user: "alice", password: "", number: begun.integer("number"))
            let page = try await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
            #expect(page.outcome == "allowed")
            if ends {
                _ = try await device.revoke(refresh)
            } else {
                try await harness.store.write { records in
                    for var person in try records.people() {
                        person.isActive = false
                        try records.save(person)
                    }
                }
            }
            let poll = try await device.poll(try #require(begun.string("device_code")))
            #expect(poll.error == "access_denied")
            #expect(poll.string("error_description")?.contains("session-over") == ends)
        }
    }

    @Test func `is redeemed by its own key alone, and told again for a minute`() async throws {
        var (harness, device, id, _) = try await signedIn()
        let begun = try await device.beginSignIn(renewing: id)
        var browser = harness.browser()
        let walk = SignInWalk(user: "alice", password: "", number: begun.integer("number"))
        _ = try await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
        let code = try #require(begun.string("device_code"))
        var thief = try harness.device()
        #expect(try await thief.poll(code).error == "invalid_grant")
        #expect(try await device.poll(code).status == 200)
        #expect(try await device.poll(code).status == 200)
        harness.clock.advance(60)
        #expect(try await device.poll(code).error == "invalid_grant")
    }
}

@Suite struct `A step-up by SAML` {
    private func signedIn(
        _ change: (inout SAMLProviderConfiguration) throws -> Void = { _ in }
    ) async throws -> (SAMLHarness, DeviceClient, session: String) {
        let harness = try await SAMLHarness(change)
        harness.provider.alter { $0.context = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password" }
        var device = try harness.device()
        let id = try #require(try await harness.signedIn(&device).string("session_id"))
        harness.clock.advance(7200)
        harness.provider.alter { _ in }
        return (harness, device, id)
    }

    /// The provider's answer posted, and the browser brought back.
    private func walk(
        _ harness: SAMLHarness, _ begun: DeviceClient.Answer, to decision: Bool = true
    ) async throws -> Walkthrough.Browser.Page {
        var browser = harness.browser()
        var page = try await harness.atProvider(begun, in: &browser)
        page = try await browser.submit(page)
        guard page.outcome == nil else { return page }
        return try await browser.submit(
            page, ["number": String(try #require(begun.integer("number")))], button: ("decision", "allow"))
    }

    @Test func `renews the second factor of the same session`() async throws {
        var (harness, device, id) = try await signedIn()
        let key = try #require(SessionID(id))
        #expect(try await harness.store.read { try $0.session(key)?.mfaAt } == nil)
        let begun = try await device.beginSignIn(renewing: id)
        #expect(try await walk(harness, begun).outcome == "allowed")
        #expect(try await device.poll(try #require(begun.string("device_code"))).string("session_id") == id)
        let session = try #require(try await harness.store.read { try $0.session(key) })
        #expect(session.mfaAt == harness.clock.now && session.acr == "https://refeds.org/profile/mfa")
        #expect(try await harness.openSessions == 1)
    }

    @Test func `asks by ForceAuthn and RequestedAuthnContext, and an ordinary sign-in by neither`() async throws {
        var (harness, device, id) = try await signedIn {
            $0.mfaContexts = ["https://refeds.org/profile/mfa", "urn:key"]
        }
        _ = try await walk(harness, try await device.beginSignIn(renewing: id))
        let requests = harness.provider.signOnRequests
        #expect(requests.map { $0.contains("ForceAuthn=\"true\"") } == [false, true])
        #expect(requests.map { $0.contains("RequestedAuthnContext") } == [false, true])
        #expect(
            requests.last?.contains("refeds.org/profile/mfa<") == true && requests.last?.contains(">urn:key<") == true)
    }

    @Test(
        arguments: [
            (RenewalRefusal.notRecent, { @Sendable draft in draft.authnInstant = 1_800_000_000 }),
            (.noSecondFactor, { @Sendable draft in draft.context = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password" }),
            (
                .noSecondFactor,
                { @Sendable draft in
                    draft.status = "urn:oasis:names:tc:SAML:2.0:status:Responder"
                    draft.secondStatus = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"
                }
            ),
            (.anotherPerson, { @Sendable draft in draft.nameID = "bob" }),
        ] as [(RenewalRefusal, @Sendable (inout SAMLResponseDraft) -> Void)])
    func `is refused by name, and changes nothing`(
        _ refusal: RenewalRefusal, _ spoil: @escaping @Sendable (inout SAMLResponseDraft) -> Void
    ) async throws {
        var (harness, device, id) = try await signedIn()
        let key = try #require(SessionID(id))
        let former = try await harness.store.read { try $0.session(key) }
        harness.provider.alter(spoil)
        let begun = try await device.beginSignIn(renewing: id)
        #expect(try await walk(harness, begun).outcome == "failed")
        let poll = try await device.poll(try #require(begun.string("device_code")))
        #expect(poll.error == "access_denied")
        #expect(poll.string("error_description")?.hasPrefix(refusal.rawValue + ": ") == true)
        #expect(try await harness.store.read { try $0.session(key) } == former)
    }

    @Test func `is done at the provider of the session only`() async throws {
        var (harness, device, id) = try await signedIn()
        let begun = try await device.beginSignIn(renewing: id)
        var browser = harness.browser()
        var page = try await browser.open(try #require(begun.string("verification_uri_complete")))
        page = try await browser.submit(page)
        #expect(page.forms.flatMap(\.buttons).filter { $0.name == "provider" }.map(\.value) == ["corp"])
        // A form that was changed by hand.
        page = try await browser.submit(page, ["provider": "other"])
        #expect(page.outcome == "failed")
    }

    @Test func `is refused where nothing counts as a second factor`() async throws {
        var (_, device, id) = try await signedIn { $0.mfaContexts = [] }
        let answer = try await device.beginSignIn(renewing: id)
        #expect(answer.error == "second_factor_not_configured")
        #expect(answer.string("error_description")?.contains("authn_context") == true)
    }
}
