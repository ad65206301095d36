import Foundation
import StrictJSON
import Testing
import Walkthrough

extension Site {
    /// The pages of `ztna login --step-up`, as somebody walks them; the command's end and the last page.
    func stepUp(
        _ device: Device, as user: String, in browser: inout Walkthrough.Browser
    ) async throws -> (page: Walkthrough.Browser.Page, end: RunningProgram.Finished) {
        let login = try device.start("login", "--step-up", "--no-browser", "--json")
        let code = try await codeEvent(of: login)
        let walk = SignInWalk(user: user, password: "\(user)-password", number: Int(try code.string("number")))
        let page = try await walk.walk(try code.string("verification_uri_complete"), in: &browser)
        return (page, try await login.finish())
    }
}

extension `The programs together` {
    @Suite(.enabled(if: Missing.forProvider == nil, "\(Missing.forProvider ?? "")"))
    struct `A step-up` {
        /// The fixture provider gives whoever asks for this context a second factor.
        private static let provider =
            "mfa: { amr: [mfa], acr: [\"urn:example:acr:mfa\"] }\n    admins: [user:bob@example.com]"

        @Test func `at an OpenID provider renews the second factor and interrupts nothing`() async throws {
            let site = try await Site(provider: Self.provider)
            let device = try await Device(site)
            var browser = Walkthrough.Browser(transport: site.transport())
            try await device.signIn(at: site, user: "bob")
            let before = try await device.ask("whoami")
            #expect(before.members["mfa_at"] == nil)
            try await eventually("the device to be connected") {
                try await device.ask("status").string("control") == "connected" ? () : nil
            }
            let connected = try await device.ask("status").integer("control_since")
            let (page, end) = try await site.stepUp(device, as: "bob", in: &browser)
            #expect(page.outcome == "allowed" && end.status == 0, "\(end.everything)")
            let after = try await device.ask("whoami")
            #expect(try after.string("session") == before.string("session"))
            #expect(after.members["mfa_at"]?.integerValue != nil, "\(after)")
            #expect(try await device.ask("status").integer("control_since") == connected)
            #expect(try await site.administer("sessions", "list").arrayValue?.count == 1)
        }

        @Test func `without a second factor, or as somebody else, is refused by name`() async throws {
            let site = try await Site()
            let device = try await Device(site)
            try await device.signIn(at: site, user: "bob")
            for (user, reason) in [("bob", "no-second-factor"), ("alice", "another-person")] {
                var browser = Walkthrough.Browser(transport: site.transport())
                let (page, end) = try await site.stepUp(device, as: user, in: &browser)
                #expect(page.outcome == "failed")
                #expect(end.status == 6 && end.output.contains(reason), "\(end.everything)")
                #expect(try await device.ask("whoami").string("email") == "bob@example.com")
            }
        }

        @Test func `without a session has nothing to renew`() async throws {
            let site = try await Site()
            let device = try await Device(site)
            #expect(try await device.run("login", "--step-up").status == 5)
        }

        @Test func `is not needed by the owners of a tag, who give and take it`() async throws {
            let site = try await Site(provider: Self.provider)
            try site.folder.write(
                "policy.yaml", "tag_owners: { staging: [group:contractors] }\n" + Site.policy)
            _ = try await site.administer("policy", "reload")
            let device = try await Device(site)
            try await device.signIn(at: site, user: "carol")
            #expect(try await device.run("admin", "tag", "laptop", "staging").output == "laptop: staging\n")
            #expect(try await device.run("admin", "tag", "laptop", "staging", "prod").status == 8)
            #expect(try await device.run("admin", "tag", "laptop").output == "laptop: -\n")
            // What an administrator gave stays, and the devices of others are out of reach until they have such a tag.
            _ = try await site.administer("nodes", "tag", "laptop", "prod")
            #expect(try await device.run("admin", "tag", "laptop", "staging").output == "laptop: prod, staging\n")
            let other = try await Device(site, name: "desk")
            try await other.signIn(at: site, user: "alice")
            let refused = try await device.run("admin", "tag", "desk", "staging")
            #expect(
                refused.status == 8 && refused.errors.contains("an administrator must give it"), "\(refused.everything)"
            )
            let unknown = try await device.run("admin", "tag", "nosuch", "staging")
            #expect(
                unknown.status == 8 && unknown.errors.contains("an administrator must give it"), "\(unknown.everything)"
            )
            _ = try await site.administer("nodes", "tag", "desk", "staging")
            #expect(try await device.run("admin", "tag", "desk").output == "desk: -\n")
            // What nobody but an administrator may do, and what nobody may from afar.
            #expect(try await device.run("admin", "sessions").status == 8)
        }

        @Test func `brings nobody from afar what is given on the server's machine only`() async throws {
            let site = try await Site(provider: Self.provider)
            let transport = site.transport()
            var administrator = try site.device(transport)
            let begun = try await administrator.beginSignIn()
            var browser = Walkthrough.Browser(transport: transport)
            let walk = SignInWalk(user: "bob", password: "bob-password", number: begun.integer("number"))
            _ = try await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
            let tokens = try await administrator.poll(try #require(begun.string("device_code")))
            let token = try #require(tokens.string("access_token"))
            #expect(
                try await administrator.ask("/v1/admin", ["command": "nodes-list"], accessToken: token).status == 200)
            for command in ["policy-reload", "scim-token-create", "saml-test", "nonsense"] {
                let refused = try await administrator.ask(
                    "/v1/admin", ["command": .string(command)], accessToken: token)
                #expect(refused.error == "command_refused", "\(command): \(refused.json)")
            }
        }

        @Test func `lets an administrator administer from their own device, and nobody else`() async throws {
            let site = try await Site(provider: Self.provider)
            let device = try await Device(site)
            try await device.signIn(at: site, user: "alice")
            #expect(try await device.run("admin", "nodes").status == 8)
            let administrator = try await Device(site, name: "desk")
            try await administrator.signIn(at: site, user: "bob")
            let nodes = try await administrator.run("admin", "nodes", "--json")
            #expect(nodes.status == 0 && nodes.output.contains("\"laptop\""), "\(nodes.everything)")
            let tagged = try await administrator.run("admin", "tag", "laptop", "prod-db")
            #expect(tagged.output == "laptop: prod-db\n", "\(tagged.everything)")
            let refused = try await device.run("admin", "tag", "laptop")
            #expect(refused.status == 8 && refused.errors.contains("tag_owners"), "\(refused.everything)")
            #expect(!refused.errors.contains("prod-db"), "\(refused.everything)")
            // Whether there is such a device is nobody's business who may not tag it.
            let unknown = try await device.run("admin", "tag", "no-such-device")
            #expect(unknown.status == 8 && unknown.errors == refused.errors, "\(unknown.everything)")
        }
    }

    @Suite(.enabled(if: Missing.forSAML == nil, "\(Missing.forSAML ?? "")"))
    struct `A step-up by SAML` {
        @Test func `renews the second factor of the same session`() async throws {
            let site = try await Site(saml: [])
            let device = try await Device(site)
            var browser = Walkthrough.Browser(transport: site.transport())
            try await device.signIn(at: site, user: "bob")
            let before = try await device.ask("whoami")
            #expect(before.members["mfa_at"] == nil)
            let (page, end) = try await site.stepUp(device, as: "bob", in: &browser)
            #expect(page.outcome == "allowed" && end.status == 0, "\(end.everything)\n\(page.text)")
            let after = try await device.ask("whoami")
            #expect(try after.string("session") == before.string("session"))
            #expect(after.members["mfa_at"]?.integerValue != nil, "\(after)")
        }
    }
}
