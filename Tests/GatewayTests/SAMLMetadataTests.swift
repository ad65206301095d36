import Foundation
import Gateway
import HTTPClient
import Identity
import SAML
import SignedXML
import Store
import StoreSQLite
import Testing
import Walkthrough
import WebAddresses

@Suite struct `Our SAML metadata` {
    @Test func `is signed, its connection's own, and the same each time`() async throws {
        let harness = try await SAMLHarness()
        let url = SAMLHarness.server + "/saml/corp/metadata"
        let first = try await harness.transport.send(WebRequest(url: url))
        #expect(first.header("Content-Type") == "application/samlmetadata+xml")
        let document = try XMLDocument(parsing: first.body)
        #expect(document.root.attribute("entityID") == url)
        #expect(first.text.contains("SignatureValue"))
        #expect(first.text.contains(SAMLHarness.server + "/saml/corp/acs"))
        #expect(first.text.contains(#"AuthnRequestsSigned="true""#))
        #expect(first.text.contains(#"WantAssertionsSigned="true""#))
        #expect(try await harness.transport.send(WebRequest(url: url)).body == first.body)
        let other = try await harness.transport.send(WebRequest(url: SAMLHarness.server + "/saml/other/metadata"))
        #expect(!other.text.contains("/saml/corp/"))
        #expect(
            try await harness.transport.send(WebRequest(url: SAMLHarness.server + "/saml/x/metadata")).status == 404)
    }
}

@Suite struct `A provider's metadata` {
    @Test func `is fetched once, and again after a day`() async throws {
        let harness = try await SAMLHarness()
        var device = try harness.device()
        for (wait, fetches) in [(0, 1), (60, 1), (86_400, 2)] {
            harness.clock.advance(wait)
            _ = try await harness.signedIn(&device)
            #expect(harness.outage.fetches == fetches)
        }
        #expect(await harness.gateway.metadataAges().map(\.value) == [0])
    }

    @Test func `that cannot be had anew stays in use, with its age in the log, also over a restart`() async throws {
        let harness = try await SAMLHarness()
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        harness.outage.begin()
        harness.clock.advance(2 * 86_400)
        #expect(try await harness.signedIn(&device).status == 200)
        #expect(harness.log.text.contains("age=48 h"))
        #expect(harness.outage.fetches == 2)
        // Not asked for again at once.
        #expect(try await harness.signedIn(&device).status == 200)
        #expect(harness.outage.fetches == 2)
        let restarted = try await SAMLHarness(restarted: harness)
        var returned = try restarted.device(device.key)
        #expect(try await restarted.signedIn(&returned).status == 200)
        #expect(restarted.log.text.contains("age=48 h"))
    }

    @Test func `is read anew when an administrator says so`() async throws {
        let harness = try await SAMLHarness()
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        harness.provider.use(try SAMLHarness.strangerKey())
        await harness.gateway.readMetadata()
        #expect(harness.outage.fetches == 3)
        #expect(try await harness.signedIn(&device).status == 200)
    }

    @Test func `that was never read refuses, and is asked for at the next sign-in`() async throws {
        let harness = try await SAMLHarness()
        harness.outage.begin()
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        var browser = harness.browser()
        #expect(try await harness.atProvider(begun, in: &browser).outcome == "failed")
        #expect(harness.log.text.contains("metadata:"))
        harness.outage.end()
        #expect(try await harness.signedIn(&device).status == 200)
    }

    @Test func `of another entity than the configured one refuses`() async throws {
        let harness = try await SAMLHarness { $0.entityID = "https://elsewhere.example.com" }
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        var browser = harness.browser()
        #expect(try await harness.atProvider(begun, in: &browser).outcome == "failed")
        #expect(harness.log.text.contains("does not describe"))
    }

    @Test func `may be a file, or nothing but addresses and certificates`() async throws {
        let key = try InProcessSAMLProvider.newKey("unused", now: 1_799_000_000)
        let file = try await SAMLHarness { $0.source = .file(path: "/metadata.xml") }
        var device = try file.device()
        #expect(try await file.signedIn(&device).status == 200)
        let sso = try EndpointURL(parsing: "https://idp.example.com/sso")
        let certificates = [file.certificate, key.certificate.certificate]
        let inline = try await SAMLHarness {
            $0.source = .inline(
                entityID: "https://idp.example.com/metadata", ssoURL: sso, sloURL: nil, certificates: certificates)
        }
        var second = try inline.device()
        let answer = try await inline.signedIn(&second)
        #expect(answer.status == 200)
        #expect(inline.outage.fetches == 0)
        let token = try #require(answer.string("refresh_token"))
        #expect(try await second.revoke(token).string("logout_uri") == nil)
        let missing = try await SAMLHarness { $0.source = .file(path: "/none.xml") }
        var third = try missing.device()
        let begun = try await third.beginSignIn()
        var browser = missing.browser()
        #expect(try await missing.atProvider(begun, in: &browser).outcome == "failed")
        #expect(missing.log.text.contains("/none.xml cannot be read"))
    }

    @Test func `is described by the check, or its fault named`() async throws {
        let harness = try await SAMLHarness()
        let provider = SAMLProviderConfiguration(
            id: try #require(ProviderID("corp")), name: "Corp",
            source: .url(try EndpointURL(parsing: "https://idp.example.com/metadata")))
        let check = SAMLProviderCheck(
            provider: provider,
            fetch: ProviderFetch { [harness] _, request throws(HTTPError) in
                try harness.outage.check()
                return try harness.provider.http(request)
            },
            workers: XMLWorkers(), readFile: { _, _ in [] })
        let lines = try await check.run(now: harness.clock.now)
        #expect(lines.contains { $0.hasPrefix("sign-on: https://idp.example.com/sso") })
        #expect(lines.contains { $0.hasPrefix("logout: https://idp.example.com/slo") })
        harness.outage.begin()
        await #expect(throws: ProviderFault.unreachable(.metadata, .timedOut)) {
            try await check.run(now: harness.clock.now)
        }
    }
}

@Suite struct `An administrator's test by SAML` {
    private func tested(
        _ harness: SAMLHarness, in browser: inout Browser
    ) async throws -> Browser.Page {
        let id = try #require(ProviderID("corp"))
        let link = try #require(harness.gateway.beginTest(of: id))
        let response = try await browser.open(link)
        return try await browser.submit(response)
    }

    @Test func `shows the person, each check and the response, and makes nothing`() async throws {
        let harness = try await SAMLHarness()
        var browser = harness.browser()
        let page = try await tested(harness, in: &browser)
        #expect(page.text.contains("This sign-in would succeed"))
        #expect(page.text.contains("alice@example.com"))
        #expect(page.text.contains("engineering"))
        #expect(page.text.contains("saml:Assertion"))
        #expect(page.text.components(separatedBy: "<dt>passed</dt>").count == 15)
        let (people, sessions) = try await harness.store.read { try ($0.people(), $0.openSessions()) }
        #expect(people.isEmpty && sessions.isEmpty)
        #expect(try await browser.open(SAMLHarness.server + "/device/confirm").outcome == "failed")
    }

    @Test func `names the check that failed, by its rule, and still shows the response`() async throws {
        let harness = try await SAMLHarness()
        harness.provider.alter { $0.audience = "https://elsewhere.example.com" }
        var browser = harness.browser()
        let page = try await tested(harness, in: &browser)
        #expect(page.text.contains("This sign-in would be refused"))
        #expect(page.text.components(separatedBy: "<dt>failed</dt>").count == 2)
        #expect(page.text.contains("audience: "))
        #expect(page.text.contains("https://elsewhere.example.com"))
        #expect(page.text.contains("<dt>not made</dt>"))
    }

    @Test func `does nothing at all for a link that nobody made`() async throws {
        let harness = try await SAMLHarness()
        var browser = harness.browser()
        let page = try await browser.open(SAMLHarness.server + "/saml/corp/test?token=guessed")
        #expect(page.response.status == 410 && page.response.header("Set-Cookie") == nil)
        #expect(harness.outage.fetches == 0)
        // Nor for one that was made for another provider.
        let other = try #require(ProviderID("other"))
        let link = try #require(harness.gateway.beginTest(of: other))
        #expect(try await browser.open(link.replacing("/saml/other/", with: "/saml/corp/")).response.status == 410)
        #expect(harness.outage.fetches == 0)
    }

    @Test func `has a link for one opening, one browser, ten minutes`() async throws {
        let harness = try await SAMLHarness()
        let id = try #require(ProviderID("corp"))
        let link = try #require(harness.gateway.beginTest(of: id))
        var browser = harness.browser()
        let response = try await browser.open(link)
        var second = harness.browser()
        #expect(try await second.open(link).response.status == 410)
        // Another browser that posts the response is not shown the report.
        #expect(try await second.submit(response).response.status == 410)
        let late = try #require(harness.gateway.beginTest(of: id))
        harness.clock.advance(600)
        #expect(try await second.open(late).response.status == 410)
        let unknown = try #require(ProviderID("none"))
        #expect(harness.gateway.beginTest(of: unknown) == nil)
        for _ in 0..<16 { #expect(harness.gateway.beginTest(of: id) != nil) }
        #expect(harness.gateway.beginTest(of: id) == nil)
    }
}
