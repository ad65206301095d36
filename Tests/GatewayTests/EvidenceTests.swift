import Audit
import Cryptography
import Identity
import Sessions
import SignedDocuments
import Store
import StoreSQLite
import StrictJSON
import Synchronization
import Testing
import Walkthrough

@testable import Gateway

/// What the gateway told the audit log.
final class EventLines: AuditSink {
    private let events = Mutex<[AuditEvent]>([])
    var all: [AuditEvent] { events.withLock { $0 } }
    func record(_ event: AuditEvent) { events.withLock { $0.append(event) } }

    /// "action outcome", or "action outcome reason".
    var lines: [String] {
        all.map { [$0.action, $0.outcome.rawValue, $0.reason].compactMap(\.self).joined(separator: " ") }
    }
}

@Suite struct `The evidence of a sign-in` {
    private static let whole = [
        "sign-in-begun success", "code-entered success", "sent-to-provider success", "provider-answered success",
        "confirmed success", "signed-in success",
    ]

    @Test func `has each of its steps, tied together, with who and from where`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let answer = try await harness.signedIn(&device)
        let events = harness.events.all
        #expect(harness.events.lines == Self.whole)
        #expect(events.allSatisfy { $0.stream == .signIn && $0.time == harness.clock.now })
        #expect(events.allSatisfy { $0.device == device.key.publicKey.thumbprint && $0.host == "laptop" })
        #expect(events.allSatisfy { $0.address == GatewayHarness.address })
        let request = try #require(events[0].subject)
        #expect(request.kind == .request && request.id != nil)
        #expect(events.dropLast().allSatisfy { $0.subject == request })
        #expect(events[0].actor == nil && events[2].provider == "corp")
        #expect(events[3].actor == .person(id: nil, label: "alice@example.com"))
        let session = try #require(try await harness.store.read { try $0.openSessions().first })
        for event in events.suffix(2) {
            #expect(event.actor == .person(session.person, label: "alice@example.com"))
            #expect(event.session == session.id.text)
        }
        #expect(answer.string("session_id") == session.id.text)
        let text = events.map { $0.json.encodedText() }.joined()
        for secret in ["access_token", "refresh_token", "device_code"] {
            if let value = answer.string(secret) { #expect(!text.contains(value)) }
        }
    }

    @Test func `has the same steps where the provider speaks SAML, and the reasons why an assertion is not believed`()
        async throws
    {
        let harness = try await SAMLHarness()
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        #expect(harness.events.lines == Self.whole)
        #expect(harness.events.all[3].provider == "corp")
        #expect(harness.events.all.allSatisfy { $0.device == device.key.publicKey.thumbprint })
        let alterations: [(String, @Sendable (inout SAMLResponseDraft) -> Void)] = [
            ("audience", { $0.audience = "https://elsewhere.example.com" }),
            ("status", { $0.status = "urn:oasis:names:tc:SAML:2.0:status:Responder" }),
            ("signature", { $0.signsAssertion = false }),
        ]
        var reasons: Set<String> = []
        for (what, alteration) in alterations {
            harness.provider.alter(alteration)
            let begun = try await device.beginSignIn()
            var browser = harness.browser()
            _ = try await browser.submit(try await harness.atProvider(begun, in: &browser))
            let event = try #require(harness.events.all.last)
            #expect(event.action == "provider-answered" && event.outcome == .refused, "\(what): \(event)")
            #expect(event.provider == "corp" && event.subject?.kind == .request, "\(what): \(event)")
            reasons.insert(try #require(event.reason))
        }
        #expect(reasons.count == alterations.count, "\(reasons)")
    }

    @Test func `says that a code was unknown, and that there were too many`() async throws {
        let harness = try await GatewayHarness()
        var browser = harness.browser()
        for _ in 0..<12 {
            let page = try await browser.open(GatewayHarness.server + "/device")
            _ = try await browser.submit(page, ["user_code": "BCDF-GHJK"])
        }
        #expect(harness.events.lines.prefix(10).allSatisfy { $0 == "code-entered refused unknown-code" })
        #expect(harness.events.lines.suffix(2) == Array(repeating: "code-entered refused too-fast", count: 2)[...])
        #expect(harness.events.all.allSatisfy { $0.address == GatewayHarness.address })
    }

    @Test func `says that the wrong number was picked, and that the device heard of it`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        var browser = harness.browser()
        let walk = SignInWalk(user: "alice", password: "", number: try #require(begun.integer("number")) + 1)
        _ = try? await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
        harness.clock.advance(5)
        _ = try await device.poll(try #require(begun.string("device_code")))
        let refused = harness.events.lines.filter { $0.contains("refused") }
        #expect(!refused.isEmpty)
        #expect(refused.allSatisfy { $0.hasPrefix("confirmed refused ") || $0.hasPrefix("signed-in refused ") })
    }

    @Test func `says why the provider's answer was not believed`() async throws {
        let harness = try await GatewayHarness()
        harness.provider.use(.init(subject: "eve", email: "eve@elsewhere.example", groups: []))
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        var browser = harness.browser()
        let walk = SignInWalk(user: "eve", password: "", number: begun.integer("number"))
        _ = try? await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
        let event = try #require(harness.events.all.last)
        #expect(event.action == "provider-answered" && event.outcome == .refused)
        #expect(event.reason?.isEmpty == false && event.provider == "corp" && event.subject?.kind == .request)
        // A callback that belongs to nothing of ours.
        _ = try await harness.answer("GET", "/oidc/callback/corp?state=x&code=y", headers: [], body: [])
        #expect(harness.events.all.last?.outcome == .refused)
        #expect(harness.events.all.last?.reason == "unknown-state")
    }

    @Test func `says that an old refresh token was used, and by whom it was not`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let answer = try await harness.signedIn(&device)
        let token = try #require(answer.string("refresh_token"))
        var stranger = try harness.device()
        _ = try await stranger.refresh(token)
        #expect(harness.events.lines.last == "refreshed refused foreign-key")
        #expect(harness.events.all.last?.device == stranger.key.publicKey.thumbprint)
        #expect(harness.events.all.last?.session == answer.string("session_id"))
    }

    @Test func `is not pushed out by strangers`() throws {
        let (events, clock) = (EventLines(), HandClock(1_800_000_000))
        let recorder = SignInRecorder(sink: events, clock: { clock.now })
        for _ in 0..<2000 { recorder.noteStranger(.codeEntered, refused: "unknown-code") }
        #expect(events.all.count == 500)
        clock.advance(1)
        for _ in 0..<10 { recorder.noteStranger(.codeEntered, refused: "unknown-code") }
        #expect(events.all.count == 502)
        #expect(events.all[500].action == "refusals-left-out" && events.all[500].count == 1500)
    }

    @Test func `every refusal has a name of its own`() {
        let refusals: [SignInRefusal] =
            [.expired, .outOfOrder, .anotherBrowser, .wrongNumber, .denied, .inactive, .unknownToDirectory]
            + RenewalRefusal.allCases.map { .renewal($0) }
        #expect(Set(refusals.map(\.reasonName)).count == refusals.count)
    }

    @Test func `of a directory's changes names what, without personal values`() async throws {
        let harness = try await GatewayHarness(scim: ProvisioningConfiguration())
        let client = try await ProvisioningClient(harness)
        let made = try await client.send(
            "POST", "/Users",
            [
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "alice@example.com",
                "active": true,
            ])
        #expect(made.status == 201)
        try await client.send("DELETE", "/Users/\(made.id)")
        try await client.send("POST", "/Users", ["schemas": []])
        let events = harness.events.all.filter { $0.stream == .administration }
        #expect(events.map(\.action) == ["scim-post", "scim-delete", "scim-post"])
        #expect(events.map(\.outcome) == [.success, .success, .refused])
        #expect(events[0].subject == AuditSubject(.person, id: made.id) && events[0].provider == "corp")
        guard case .provisioning? = events[0].actor else {
            Issue.record("the actor is not the token")
            return
        }
        #expect(!events.map { $0.json.encodedText() }.joined().contains("alice"))
    }
}
