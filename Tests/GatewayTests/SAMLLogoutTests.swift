import Identity
import SAML
import Sessions
import Store
import StoreSQLite
import Testing
import Walkthrough
import WebAddresses

@testable import SignedXML

@Suite struct `A logout from the SAML provider` {
    private static let corp = SAMLHarness.server + "/saml/corp"

    @Test func `ends the person's sessions there, and is answered`() async throws {
        let harness = try await SAMLHarness()
        var device = try harness.device()
        let session = try #require(try await harness.signedIn(&device).string("session_id").flatMap { SessionID($0) })
        var second = try harness.device()
        _ = try await harness.signedIn(&second)
        var elsewhere = try harness.device()
        _ = try await harness.signedIn(&elsewhere, choosing: "other")
        harness.provider.use(SAMLHarness.bob)
        var others = try harness.device()
        _ = try await harness.signedIn(&others)
        let before = try await harness.store.read { try $0.lastChangeSequence() }
        var browser = harness.browser()
        let page = try await browser.open(try harness.provider.logoutRequestURL(to: Self.corp, nameID: "alice"))
        #expect(page.text == "bye")
        #expect(page.url.hasPrefix("https://idp.example.com/slo?SAMLResponse="))
        #expect(page.url.contains("RelayState=idp-state"))
        let (open, ended, changes) = try await harness.store.read {
            try ($0.openSessions(), $0.session(session), $0.changes(after: before, limit: 10))
        }
        #expect(Set(open.map { "\($0.provider) \($0.principal?.nameID ?? "")" }) == ["other alice", "corp bob"])
        #expect(ended?.end == .identityProvider)
        #expect(changes.contains { $0.subject == .session(session) })
        #expect(changes.count == 2)
    }

    @Test(arguments: [(["s-alice"], 0), (["another"], 1), (["another", "s-alice"], 0), ([], 0)])
    func `ends only the sessions that it names`(_ indexes: [String], _ left: Int) async throws {
        let harness = try await SAMLHarness()
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        var browser = harness.browser()
        _ = try await browser.open(
            try harness.provider.logoutRequestURL(to: Self.corp, nameID: "alice", sessionIndexes: indexes))
        #expect(try await harness.openSessions == left)
    }

    @Test func `also stops a sign-in that is under way`() async throws {
        let harness = try await SAMLHarness()
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        var browser = harness.browser()
        let response = try await harness.atProvider(begun, in: &browser)
        let confirmation = try await browser.submit(response)
        var another = harness.browser()
        _ = try await another.open(try harness.provider.logoutRequestURL(to: Self.corp, nameID: "alice"))
        let number = String(begun.integer("number") ?? 0)
        let page = try await browser.submit(confirmation, ["number": number], button: ("decision", "allow"))
        #expect(page.outcome != "allowed")
        #expect(try await device.poll(try #require(begun.string("device_code"))).error == "access_denied")
    }

    @Test func `that is changed, unsigned, old, another's or used before ends nothing`() async throws {
        let harness = try await SAMLHarness()
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        let url = try harness.provider.logoutRequestURL(to: Self.corp, nameID: "alice")
        let unsigned = String(url.prefix(upTo: try #require(url.firstRange(of: "&SigAlg")).lowerBound))
        let moved = url.replacing("/saml/corp/", with: "/saml/other/")
        let changed = url.replacing("RelayState=idp-state", with: "RelayState=idp-other")
        harness.provider.use(try SAMLHarness.strangerKey())
        let forged = try harness.provider.logoutRequestURL(to: Self.corp, nameID: "alice")
        var browser = harness.browser()
        for (hostile, rule) in [
            (unsigned, "redirectUnsigned"), (moved, "responseIssuer"), (changed, "redirectSignature"),
            (forged, "redirectSignature"),
        ] {
            #expect(try await browser.open(hostile).response.status == 400, "\(rule)")
            #expect(harness.log.text.contains("rule=\(rule)"))
        }
        #expect(try await harness.openSessions == 1)
        #expect(try await browser.open(url).text == "bye")
        #expect(try await harness.openSessions == 0)
        harness.provider.use(try SAMLHarness.providerKey())
        _ = try await harness.signedIn(&device)
        #expect(try await browser.open(url).response.status == 400)
        #expect(harness.log.text.contains("rule=replayed"))
        harness.clock.advance(400)
        #expect(try await browser.open(url).response.status == 400)
        #expect(harness.log.text.contains("rule=logoutExpired"))
    }

    @Test(arguments: [(false, 1), (true, 0)])
    func `signed with SHA-1 ends nothing unless that is allowed, and then is warned of`(
        _ allowed: Bool, _ left: Int
    ) async throws {
        let harness = try await SAMLHarness { $0.allowsSHA1 = allowed }
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        let url = try harness.provider.logoutRequestURL(to: Self.corp, nameID: "alice")
        let start = try #require(url.firstIndex(of: "?"))
        let end = try #require(url.firstRange(of: "&SigAlg="))
        let octets =
            url[url.index(after: start)..<end.upperBound] + FormEncoding.encode(SignatureMethod.rsaSHA1.rawValue)
        let value = try SAMLHarness.providerKey().pair.signature(of: Array(octets.utf8), by: .rsaSHA1)
        var browser = harness.browser()
        _ = try await browser.open(
            url[...start] + octets + "&" + FormEncoding.encode([("Signature", Base64Text.encode(value))]))
        #expect(try await harness.openSessions == left)
        #expect(harness.log.text.contains("a signature with SHA-1 was accepted") == allowed)
        #expect(harness.log.text.contains("rule=sha1") == !allowed)
    }

    @Test func `by POST ends the sessions, too, and is answered by a form`() async throws {
        let harness = try await SAMLHarness()
        harness.provider.offerOnlyPost()
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        let message = try harness.provider.logoutRequest(to: Self.corp, nameID: "alice")
        let answer = try await harness.post("/saml/corp/slo", [("SAMLRequest", message), ("RelayState", "their-own")])
        #expect(try await harness.openSessions == 0)
        let form = try #require(HTMLForm.all(in: answer.text).first)
        #expect(form.action == "https://idp.example.com/slo")
        #expect(form.fields["RelayState"] == "their-own")
        #expect(form.fields["SAMLResponse"]?.isEmpty == false)
        #expect(try await harness.post("/saml/corp/slo", [("SAMLRequest", message)]).status == 400)
        #expect(harness.log.text.contains("rule=replayed"))
    }

    @Test func `cannot be sent by the hundred from one network`() async throws {
        let harness = try await SAMLHarness()
        var statuses: Set<Int> = []
        for _ in 0..<31 {
            statuses.insert(try await harness.post("/saml/corp/slo", [("SAMLRequest", "PGEvPg==")]).status)
        }
        #expect(statuses == [400, 429])
        harness.clock.advance(1)
        #expect(try await harness.post("/saml/corp/slo", [("SAMLRequest", "PGEvPg==")]).status == 400)
    }

    @Test func `by POST must be signed inside`() async throws {
        let harness = try await SAMLHarness()
        let response = try await harness.post("/saml/corp/slo", [("SAMLRequest", "PGEvPg==")])
        #expect(response.status == 400)
        #expect(response.text.contains("Nobody has been signed out"))
        #expect(try await harness.post("/saml/none/slo", [("SAMLRequest", "PGEvPg==")]).status == 404)
    }
}

@Suite struct `A logout from the device, by SAML` {
    private func loggedOut(_ harness: SAMLHarness) async throws -> (DeviceClient.Answer, DeviceClient) {
        var device = try harness.device()
        let token = try #require(try await harness.signedIn(&device).string("refresh_token"))
        return (try await device.revoke(token), device)
    }

    @Test func `ends our session at once, and leads to the provider's logout and back`() async throws {
        let harness = try await SAMLHarness()
        let (answer, _) = try await loggedOut(harness)
        #expect(answer.status == 200)
        #expect(try await harness.openSessions == 0)
        let link = try #require(answer.string("logout_uri"))
        #expect(link.hasPrefix(SAMLHarness.server + "/saml/corp/logout?session="))
        var browser = harness.browser()
        let end = try await browser.open(link)
        #expect(end.outcome == "signedOut")
        #expect(end.text.contains("Sign-on corp"))
        let request = try #require(harness.provider.logoutRequests.first)
        #expect(request.contains(">alice</saml:NameID>"))
        #expect(request.contains(">s-alice</samlp:SessionIndex>"))
        // Once.
        #expect(try await browser.open(link).response.status == 410)
        #expect(harness.provider.logoutRequests.count == 1)
    }

    @Test func `has a link for ten minutes, which nobody can make`() async throws {
        let harness = try await SAMLHarness()
        let link = try #require(try await loggedOut(harness).0.string("logout_uri"))
        var browser = harness.browser()
        let broken = String(link.dropLast()) + (link.hasSuffix("A") ? "B" : "A")
        for wrong in [broken, String(link.dropLast()), link + "A", link.replacing("/corp/", with: "/other/")] {
            #expect(try await browser.open(wrong).response.status == 410)
        }
        // The link needs nothing of the process that gave it.
        let restarted = try await SAMLHarness(restarted: harness)
        harness.clock.advance(600)
        var late = restarted.browser()
        #expect(try await late.open(link).response.status == 410)
        #expect(harness.provider.logoutRequests.isEmpty)
    }

    @Test func `of a session that goes on has no link`() async throws {
        let harness = try await SAMLHarness()
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        #expect(try await device.revoke("nonsense").string("logout_uri") == nil)
        #expect(try await harness.openSessions == 1)
    }

    @Test func `believes only an answer to its own request`() async throws {
        let harness = try await SAMLHarness()
        let link = try #require(try await loggedOut(harness).0.string("logout_uri"))
        var browser = harness.browser()
        browser.stopsAt = SAMLHarness.server + "/saml/corp/slo"
        let answer = try await browser.open(link).url
        let handle = try #require(link.split(separator: "=").last.map(String.init))
        let other = answer.replacing(handle, with: String(repeating: "A", count: 65))
        browser.stopsAt = nil
        #expect(try await browser.open(other).response.status == 400)
        #expect(try await browser.open(answer).outcome == "signedOut")
    }

    @Test func `ends the session even when the provider cannot be reached`() async throws {
        let harness = try await SAMLHarness()
        var device = try harness.device()
        let token = try #require(try await harness.signedIn(&device).string("refresh_token"))
        harness.outage.begin()
        harness.clock.advance(2 * 86_400 / 3)
        let restarted = try await SAMLHarness(restarted: harness)
        var returned = try restarted.device(device.key)
        #expect(try await returned.revoke(token).status == 200)
        #expect(try await harness.openSessions == 0)
    }
}
