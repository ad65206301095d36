import Foundation
import HTTPClient
import StrictJSON
import Testing
import Walkthrough

extension `The programs together` {
    /// At a provider built on pysaml2, over HTTP, with `ztna login` and a real agent.
    @Suite(.enabled(if: Missing.forSAML == nil, "\(Missing.forSAML ?? "")"))
    struct `A sign-in by SAML` {
        /// `ztna login` until the last page; what that page says.
        @discardableResult
        private func signIn(
            _ device: Device, at site: Site, as user: String = "alice", in browser: inout Browser
        ) async throws -> (outcome: String?, text: String, status: Int32) {
            let login = try device.start("login", "--no-browser", "--json")
            let code = try await codeEvent(of: login)
            let walk = SignInWalk(user: user, password: "\(user)-password", number: Int(try code.string("number")))
            let page = try await walk.walk(try code.string("verification_uri_complete"), in: &browser)
            guard page.outcome == "allowed" else {
                login.terminate()
                return (page.outcome, page.text, try await login.finish().status)
            }
            return (page.outcome, page.text, try await login.finish().status)
        }

        @Test func `ends in a node authorization, whatever the provider signs, and encrypted too`() async throws {
            let site = try await Site(saml: [])
            for settings in [
                "sign=response&encrypt=false", "sign=assertion&encrypt=false", "sign=both&encrypt=false",
                "sign=assertion&encrypt=true", "sign=both&encrypt=true&encrypt-algorithm=aes256-cbc",
            ] {
                try await site.control("set?" + settings)
                let device = try await Device(site)
                var browser = Browser(transport: site.transport())
                let end = try await signIn(device, at: site, in: &browser)
                #expect(end.outcome == "allowed" && end.status == 0, "\(settings): \(end)\n\(site.server.errors)")
                let whoami = try await device.ask("whoami")
                #expect(try whoami.string("email") == "alice@example.com", "\(settings)")
                #expect(try whoami.strings("groups") == ["engineering"], "\(settings)")
                #expect(try whoami.strings("addresses").contains { $0.hasPrefix("100.") }, "\(settings)")
            }
        }

        @Test func `ends at the provider when ztna logout has ended it here`() async throws {
            let site = try await Site(saml: [])
            let device = try await Device(site)
            var browser = Browser(transport: site.transport())
            try await signIn(device, at: site, in: &browser)
            let logout = try await device.ask("logout")
            #expect(try await site.administer("sessions", "list") == [])
            let page = try await browser.open(try logout.string("logout_uri"))
            #expect(page.text.contains("signed out"), "\(page.text)\n\(browser.history)")
            let state = try await site.client.send(HTTPRequest(url: site.provider.issuer + "/control/state"))
            let members = try JSONMembers(parsing: state.body)
            #expect(try members.array("sessions") == [], "\(String(decoding: state.body, as: UTF8.self))")
        }

        @Test func `ends here when the provider says so`() async throws {
            let site = try await Site(saml: [])
            let device = try await Device(site)
            var browser = Browser(transport: site.transport())
            try await signIn(device, at: site, in: &browser)
            #expect(try await site.administer("sessions", "list").arrayValue?.count == 1)
            _ = try await browser.open(site.provider.issuer + "/logout")
            #expect(try await site.administer("sessions", "list") == [], "\(browser.history)\n\(site.server.errors)")
            try await eventually("the agent to know") {
                try await device.ask("status").string("state") == "signed-out" ? () : nil
            }
        }

        /// One server meets them all, one after the other.
        @Test func `is refused, with its reason in the log, when the provider misbehaves`() async throws {
            let site = try await Site(saml: [])
            let listed = try await RunningProgram(
                Place.fixtures.appending(path: "saml/start").path, ["--list-faults"], in: site.folder.url
            ).finish()
            let faults = try JSON(parsing: Array(listed.output.utf8)).arrayValue ?? []
            #expect(faults.count > 30)
            var accepted = 0
            for fault in try faults.map({ try JSONMembers($0) }) {
                let name = try fault.string("name")
                try await site.setFault(name)
                let logged = site.server.errors.utf8.count
                let isAccepted = try await isAccepted(name == "other-domain" ? "mallory" : "alice", at: site)
                #expect(isAccepted == (try fault.string("expect") == "accept"), "\(name)")
                accepted += isAccepted ? 1 : 0
                let said = String(decoding: site.server.errors.utf8.dropFirst(logged), as: UTF8.self)
                #expect(isAccepted || said.contains("corp"), "\(name): \(said)")
                let sessions = try await site.administer("sessions", "list").arrayValue ?? []
                #expect(sessions.count == accepted, "\(name)")
            }
        }

        /// A device and a browser from an address of their own; whether the device got its tokens.
        private func isAccepted(_ user: String, at site: Site) async throws -> Bool {
            let transport = site.transport()
            var device = try site.device(transport)
            let begun = try await device.beginSignIn()
            var browser = Browser(transport: transport)
            let walk = SignInWalk(user: user, password: "\(user)-password", number: begun.integer("number"))
            let page = try await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
            let answer = try await device.poll(try #require(begun.string("device_code")))
            #expect((page.outcome == "allowed") == (answer.string("access_token") != nil))
            return answer.string("access_token") != nil
        }
    }
}
