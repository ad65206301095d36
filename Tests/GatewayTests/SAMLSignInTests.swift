import Cryptography
import Identity
import SAML
import Sessions
import SignedDocuments
import SignedXML
import Store
import StoreSQLite
import Testing
import Walkthrough
import WebAddresses

@Suite struct `A sign-in by SAML` {
    @Test func `ends in tokens bound to the device key, and in the groups that the assertion states`() async throws {
        let harness = try await SAMLHarness()
        var device = try harness.device()
        let answer = try await harness.signedIn(&device)
        #expect(answer.status == 200)
        let session = try #require(try await harness.store.read { try $0.openSessions().first })
        #expect(session.provider.text == "corp")
        #expect(session.device.thumbprint == device.key.publicKey.thumbprint)
        #expect(session.mfaAt == harness.clock.now)
        #expect(session.principal?.nameID == "alice")
        #expect(session.principal?.sessionIndex == "s-alice")
        let (person, groups) = try await harness.store.read {
            try ($0.person(session.person), $0.memberships(of: session.person))
        }
        #expect(person?.email?.text == "alice@example.com")
        #expect(groups == [try #require(GroupName("engineering")): [.samlAttribute]])
    }

    @Test func `keeps the signed assertion, which answers a request that commits to the device key`() async throws {
        let harness = try await SAMLHarness()
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        let session = try #require(try await harness.store.read { try $0.openSessions().first })
        guard case .saml(let document) = session.evidence.statement else {
            Issue.record("the evidence is no assertion")
            return
        }
        let id = try #require(
            CommittingRequestID(device: session.device, randomBytes: session.evidence.randomBytes))
        let signed = try XMLDocument(parsing: Array(document.utf8))
        #expect(signed.root.attribute("InResponseTo") == id.text)
        #expect(document.contains("SignatureValue"))
    }

    @Test func `goes by a form where the provider takes nothing else, to no other origin than its own`() async throws {
        let harness = try await SAMLHarness()
        harness.provider.offerOnlyPost()
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        var browser = harness.browser()
        let onward = try await harness.atProvider(begun, in: &browser)
        #expect(onward.url.hasPrefix(SAMLHarness.server))
        let policy = try #require(onward.response.header("Content-Security-Policy"))
        #expect(policy.contains("form-action https://idp.example.com;"))
        let response = try await browser.submit(onward)
        let confirmation = try await browser.submit(response)
        #expect(confirmation.url == SAMLHarness.server + "/device/confirm")
    }

    @Test func `survives a restart of the server between any two steps`() async throws {
        let first = try await SAMLHarness()
        var device = try first.device()
        let begun = try await device.beginSignIn()
        let second = try await SAMLHarness(restarted: first)
        var browser = second.browser()
        let response = try await second.atProvider(begun, in: &browser)
        // The provider's page is with the browser; the server that will get it is another process.
        let third = try await SAMLHarness(restarted: first)
        let form = try #require(response.forms.first)
        let answered = try await third.post("/saml/corp/acs", form.fields.map { ($0.key, $0.value) })
        #expect(answered.status == 303)
        let fourth = try await SAMLHarness(restarted: first)
        var returning = Browser(transport: fourth.transport, cookiesOf: browser)
        let confirmation = try await returning.open(SAMLHarness.server + (answered.header("Location") ?? ""))
        let page = try await returning.submit(
            confirmation, ["number": String(begun.integer("number") ?? 0)], button: ("decision", "allow"))
        #expect(page.outcome == "allowed")
        let fifth = try await SAMLHarness(restarted: first)
        var returned = try fifth.device(device.key)
        #expect(try await returned.poll(try #require(begun.string("device_code"))).status == 200)
    }

    @Test func `lasts no longer than the provider's own session`() async throws {
        let harness = try await SAMLHarness()
        let now = harness.clock.now
        harness.provider.alter { $0.sessionNotOnOrAfter = now + 3600 }
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        #expect(try await harness.store.read { try $0.openSessions().map(\.expiresAt) } == [now + 3600])
    }

    @Test func `takes a response of 300 KiB in a form, and none of more than is read`() async throws {
        let harness = try await SAMLHarness()
        harness.provider.alter { $0.attributes.append(("note", [String(repeating: "x", count: 220_000)])) }
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        var browser = harness.browser()
        let response = try await harness.atProvider(begun, in: &browser)
        #expect((response.forms.first?.fields["SAMLResponse"]?.utf8.count ?? 0) > 290 * 1024)
        #expect(try await browser.submit(response).url.hasSuffix("/device/confirm"))
        let huge = String(repeating: "QUJD", count: 140_000)
        let refused = try await harness.post("/saml/corp/acs", [("SAMLResponse", huge), ("RelayState", "x")])
        #expect(refused.status == 413)
    }

    @Test func `of a person who is inactive is refused, and the device is told`() async throws {
        let harness = try await SAMLHarness()
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        try await harness.store.write { records in
            for var person in try records.people() {
                person.isActive = false
                try records.save(person)
            }
        }
        let begun = try await device.beginSignIn()
        var browser = harness.browser()
        let response = try await harness.atProvider(begun, in: &browser)
        #expect(try await browser.submit(response).outcome == "denied")
        #expect(try await device.poll(try #require(begun.string("device_code"))).error == "access_denied")
    }
}

/// Nothing is granted to a browser other than the one that was sent.
@Suite struct `An answer by SAML` {
    /// A sign-in whose response is on the provider's page.
    private func waiting(
        _ harness: SAMLHarness, in browser: inout Browser, choosing id: String = "corp"
    ) async throws -> (begun: DeviceClient.Answer, page: Browser.Page, fields: [FormEncoding.Item]) {
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        let page = try await harness.atProvider(begun, in: &browser, choosing: id)
        return (begun, page, try #require(page.forms.first).fields.map { ($0.key, $0.value) })
    }

    /// Somebody sends their own request to a person who is signed in at the provider, and asks them for the address that
    /// they end at.
    @Test(arguments: [true, false])
    func `posted by another browser ends there, and the one that was sent gets nothing from it`(
        _ hasCookie: Bool
    ) async throws {
        let harness = try await SAMLHarness()
        var browser = harness.browser()
        let (_, page, _) = try await waiting(harness, in: &browser)
        var other = harness.browser()
        if hasCookie { _ = try await other.open(SAMLHarness.server + "/device") }
        let ended = try await other.submit(page)
        #expect(ended.response.status == 409)
        #expect(ended.outcome == "failed")
        #expect(try await browser.open(ended.url).outcome == "failed")
        #expect(try await browser.open(SAMLHarness.server + "/device/confirm").outcome == "failed")
        #expect(harness.log.text.contains("another browser than was sent"))
        #expect(try await harness.openSessions == 0)
    }

    @Test func `posted without a cookie is for the browser that was sent, once`() async throws {
        let harness = try await SAMLHarness()
        var browser = harness.browser()
        let (_, _, fields) = try await waiting(harness, in: &browser)
        let answered = try await harness.post("/saml/corp/acs", fields)
        #expect(answered.status == 303)
        #expect(answered.header("Set-Cookie") == nil)
        let location = SAMLHarness.server + (answered.header("Location") ?? "")
        #expect(try await browser.open(location).url.hasSuffix("/device/confirm"))
        #expect(try await browser.open(location).outcome == "failed")
    }

    @Test func `posted again finds nothing to answer`() async throws {
        let harness = try await SAMLHarness()
        var browser = harness.browser()
        let (_, page, fields) = try await waiting(harness, in: &browser)
        #expect(try await browser.submit(page).url.hasSuffix("/device/confirm"))
        let again = try await harness.post("/saml/corp/acs", fields)
        #expect(again.status == 409)
        #expect(again.text.contains("ztna login"))
    }

    @Test func `replayed into another sign-in is refused, since it answers another request`() async throws {
        let harness = try await SAMLHarness()
        var browser = harness.browser()
        let (_, page, fields) = try await waiting(harness, in: &browser)
        _ = try await browser.submit(page)
        var second = harness.browser()
        let (_, _, others) = try await waiting(harness, in: &second)
        let mixed = fields.filter { $0.name == "SAMLResponse" } + others.filter { $0.name == "RelayState" }
        #expect(try await harness.post("/saml/corp/acs", mixed).status == 400)
        #expect(harness.log.text.contains("rule=inResponseTo"))
    }

    @Test func `whose assertion was used before is refused, even when it fits`() async throws {
        let harness = try await SAMLHarness()
        harness.provider.alter { $0.assertionID = "_always-the-same" }
        var browser = harness.browser()
        let (_, page, _) = try await waiting(harness, in: &browser)
        #expect(try await browser.submit(page).url.hasSuffix("/device/confirm"))
        var second = harness.browser()
        let (_, other, _) = try await waiting(harness, in: &second)
        #expect(try await second.submit(other).outcome == "failed")
        #expect(harness.log.text.contains("rule=replayed"))
        // Another provider's assertion of the same ID is another assertion.
        harness.other.alter { $0.assertionID = "_always-the-same" }
        var third = harness.browser()
        let (_, elsewhere, _) = try await waiting(harness, in: &third, choosing: "other")
        #expect(try await third.submit(elsewhere).url.hasSuffix("/device/confirm"))
    }

    @Test func `sent to another provider's address is refused`() async throws {
        let harness = try await SAMLHarness()
        var browser = harness.browser()
        let (_, _, fields) = try await waiting(harness, in: &browser)
        #expect(try await harness.post("/saml/other/acs", fields).status == 409)
        #expect(harness.log.text.contains("its RelayState is another provider's"))
        #expect(try await harness.post("/saml/none/acs", fields).status == 404)
    }

    @Test func `to a sign-in that another browser has taken over meanwhile goes to nobody`() async throws {
        let harness = try await SAMLHarness()
        var browser = harness.browser()
        let (begun, _, fields) = try await waiting(harness, in: &browser)
        var second = harness.browser()
        var page = try await second.open(try #require(begun.string("verification_uri_complete")))
        page = try await second.submit(page)
        #expect(try await harness.post("/saml/corp/acs", fields).status == 409)
        #expect(try await second.open(SAMLHarness.server + "/device/confirm").outcome == "failed")
    }

    private static let spoilings: [(rule: String, alter: @Sendable (inout SAMLResponseDraft) -> Void)] = [
        ("audience", { $0.audience = "https://elsewhere.example.com" }),
        ("recipient", { $0.recipient = "https://elsewhere.example.com" }),
        (
            "destination",
            {
                $0.destination = "https://elsewhere.example.com"; $0.signsResponse = true
            }
        ),
        ("responseIssuer", { $0.issuer = "https://elsewhere.example.com" }),
        ("unsigned", { $0.signsAssertion = false }),
        ("inResponseTo", { $0.inResponseTo = "_another" }),
        ("unsolicited", { $0.inResponseTo = nil }),
        ("confirmationExpired", { $0.notOnOrAfter = $0.issuedAt - 61 }),
        ("issuedInFuture", { $0.issuedAt += 3600 }),
        ("sessionExpired", { $0.sessionNotOnOrAfter = $0.issuedAt - 61 }),
        ("noStableID", { $0.nameIDFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient" }),
        ("wrongDomain", { $0.attributes = [("email", ["alice@elsewhere.example"])] }),
    ]

    @Test(arguments: spoilings.indices)
    func `that breaks a rule signs nobody in, and the log names the rule`(_ index: Int) async throws {
        let (rule, alter) = Self.spoilings[index]
        let harness = try await SAMLHarness { $0.domains = [try #require(DomainName("example.com"))] }
        harness.provider.alter(alter)
        var browser = harness.browser()
        let (_, page, _) = try await waiting(harness, in: &browser)
        let end = try await browser.submit(page)
        #expect(end.outcome == "failed")
        #expect(!end.text.contains(rule))
        #expect(harness.log.text.contains("rule=\(rule)"), "\(harness.log.text)")
        #expect(try await browser.open(SAMLHarness.server + "/device/confirm").outcome == "failed")
        #expect(try await harness.store.read { try $0.people() }.isEmpty)
    }

    @Test(arguments: [
        ("AuthnFailed", "did not succeed"), ("NoPassive", "sign in again"), ("RequestDenied", "refused this request"),
    ])
    func `that the provider refused says so in our words`(_ code: String, _ words: String) async throws {
        let harness = try await SAMLHarness()
        harness.provider.alter {
            $0.status = "urn:oasis:names:tc:SAML:2.0:status:Responder"
            $0.secondStatus = "urn:oasis:names:tc:SAML:2.0:status:" + code
        }
        var browser = harness.browser()
        let (_, page, _) = try await waiting(harness, in: &browser)
        let end = try await browser.submit(page)
        #expect(end.outcome == "failed")
        #expect(end.text.contains(words))
    }

    @Test func `by a key that the provider changed to since is accepted, and by a stranger's is not`() async throws {
        let harness = try await SAMLHarness()
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        harness.provider.use(try SAMLHarness.strangerKey())
        var browser = harness.browser()
        let (_, early, _) = try await waiting(harness, in: &browser)
        #expect(try await browser.submit(early).outcome == "failed")
        #expect(harness.log.text.contains("rule=unknownKey"))
        harness.clock.advance(301)
        #expect(try await harness.signedIn(&device).status == 200)
    }

    @Test(arguments: ["text/plain", "multipart/form-data; boundary=x", "application/xml", ""])
    func `in another content type is not read`(_ type: String) async throws {
        let harness = try await SAMLHarness()
        let response = try await harness.post(
            "/saml/corp/acs", [("SAMLResponse", "QUJD")], headers: [("Content-Type", type)])
        #expect(response.status == 400)
    }

    @Test(
        arguments: [
            [("RelayState", "x")], [("SAMLResponse", "%%%")], [("SAMLResponse", "QUJD"), ("SAMLResponse", "QUJD")],
            [("SAMLRequest", "QUJD")], [],
        ] as [[FormEncoding.Item]])
    func `that is no form with one response is refused`(_ items: [FormEncoding.Item]) async throws {
        let harness = try await SAMLHarness()
        #expect(try await harness.post("/saml/corp/acs", items).status == 400)
    }

    @Test func `is not taken by GET`() async throws {
        let harness = try await SAMLHarness()
        let response = try await harness.transport.send(
            WebRequest(url: SAMLHarness.server + "/saml/corp/acs?SAMLResponse=QUJD"))
        #expect(response.status == 405)
        #expect(response.header("Allow") == "POST")
    }
}

@Suite struct `A response that nobody asked for` {
    private func posted(_ harness: SAMLHarness, to id: String = "corp") async throws -> WebResponse {
        let base = "\(SAMLHarness.server)/saml/\(id)"
        let page = try harness.provider.respond(
            to: nil, acs: base + "/acs", audience: base + "/metadata", relayState: "https://portal.example.com/")
        let form = try #require(HTMLForm.all(in: page.text).first)
        return try await harness.post("/saml/\(id)/acs", form.fields.map { ($0.key, $0.value) })
    }

    @Test func `is refused, and says to run the command`() async throws {
        let harness = try await SAMLHarness()
        let response = try await posted(harness)
        #expect(response.status == 409)
        #expect(response.text.contains("ztna login"))
        #expect(harness.log.text.contains("rule=unsolicited"))
        #expect(harness.outage.fetches == 0)
    }

    @Test func `is greeted where that is configured, once, and makes nothing`() async throws {
        let harness = try await SAMLHarness { $0.greetsUnsolicited = true }
        harness.provider.alter { $0.assertionID = "_once" }
        let response = try await posted(harness)
        #expect(response.status == 200)
        #expect(response.text.contains("Sign-on corp"))
        #expect(response.header("Set-Cookie") == nil)
        #expect(try await harness.store.read { try $0.people() }.isEmpty)
        #expect(try await posted(harness).status == 400)
        harness.provider.alter { $0.audience = "https://elsewhere.example.com" }
        #expect(try await posted(harness).status == 400)
        #expect(harness.log.text.contains("rule=audience"))
    }
}
