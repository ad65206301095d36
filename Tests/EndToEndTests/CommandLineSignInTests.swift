import Foundation
import StrictJSON
import Testing
import Walkthrough

/// `ztna-agent` without a tunnel, and `ztna` beside it.
final class Device {
    let agent: RunningProgram
    private let folder: TestFolder
    private let environment: [String: String]

    init(_ site: Site, name: String = "laptop") async throws {
        folder = try TestFolder()
        environment = ["ZTNA_AGENT_SOCKET": folder.path("agent.sock"), "SWIFT_BACKTRACE": "enable=no", "TZ": "UTC"]
        agent = try RunningProgram(
            Place.program("ztna-agent"),
            [
                "run", "--without-tunnel", "--state", folder.path("agent"), "--socket", folder.path("agent.sock"),
                "--host-name", name, "--server", site.url,
            ], environment: environment, in: folder.url)
        let socket = folder.path("agent.sock")
        try await eventually("the agent's socket") { FileManager.default.fileExists(atPath: socket) ? () : nil }
    }

    /// A command that runs while the test does something else.
    func start(_ words: String..., browser: String? = nil) throws -> RunningProgram {
        let environment = environment.merging(browser.map { ["BROWSER": $0] } ?? [:]) { $1 }
        return try RunningProgram(Place.program("ztna"), words, environment: environment, in: folder.url)
    }

    func run(_ words: String...) async throws -> RunningProgram.Finished {
        let program = try RunningProgram(Place.program("ztna"), words, environment: environment, in: folder.url)
        return try await program.finish()
    }

    /// The members that a query with --json prints.
    func ask(_ command: String) async throws -> JSONMembers {
        let end = try await run(command, "--json")
        try #require(end.status == 0, "ztna \(command): \(end.everything)")
        return try JSONMembers(parsing: Array(end.output.utf8))
    }

    /// A program for `$BROWSER` that only notes the address.
    func notingBrowser() throws -> (program: String, address: () -> String?) {
        let file = folder.url.appending(path: "opened")
        let program = try folder.write("browser", "#!/bin/sh\nprintf '%s\\n' \"$1\" >\(file.path)\n", mode: 0o700)
        return (
            program, { try? String(contentsOf: file, encoding: .utf8).split(separator: "\n").first.map(String.init) }
        )
    }
}

/// The event line of a `ztna login --json` that says where to sign in.
func codeEvent(of login: RunningProgram) async throws -> JSONMembers {
    let line = try await login.line("the code", /{[^\n]*"event":"code"[^\n]*}\n/, from: \.output)
    return try JSONMembers(parsing: Array(line.utf8))
}

extension `The programs together` {
    @Suite(.enabled(if: Missing.forProvider == nil, "\(Missing.forProvider ?? "")"))
    struct `A sign-in by the command line` {
        @Test func `on another device ends in a node authorization`() async throws {
            let site = try await Site()
            let device = try await Device(site)
            let login = try device.start("login", "--no-browser", "--json")
            let code = try await codeEvent(of: login)
            var browser = Browser(transport: site.transport())
            let walk = SignInWalk(
                user: "alice", password: "alice-password", number: Int(try code.string("number")))
            let page = try await walk.walk(try code.string("verification_uri_complete"), in: &browser)
            #expect(page.outcome == "allowed", "\(page.text)")
            let end = try await login.finish()
            #expect(end.status == 0, "\(end.everything)")
            let whoami = try await device.ask("whoami")
            #expect(try whoami.string("email") == "alice@example.com")
            #expect(try whoami.strings("groups") == ["engineering"])
            #expect(try whoami.strings("addresses").contains { $0.hasPrefix("100.") })
            #expect(try await device.ask("status").string("state") == "connected")
            let nodes = try await site.administer("nodes", "list").arrayValue ?? []
            #expect(nodes.count == 1)
            #expect(nodes.first?.objectValue?["host"] == "laptop")
        }

        @Test func `on the same machine finishes at the command's own listener`() async throws {
            let site = try await Site()
            let device = try await Device(site)
            let noting = try device.notingBrowser()
            let login = try device.start("login", "--json", browser: noting.program)
            let address = try await eventually("the browser to be opened") { noting.address() }
            var browser = Browser(transport: site.transport())
            // No number: the page does not ask for one on the same machine.
            let walk = SignInWalk(user: "bob", password: "bob-password", number: nil)
            let page = try await walk.walk(address, in: &browser)
            #expect(page.outcome == "allowed", "\(page.text)")
            #expect(browser.history.contains { $0.hasPrefix("GET http://127.0.0.1:") && $0.contains("/?code=") })
            let end = try await login.finish()
            #expect(end.status == 0, "\(end.everything)")
            #expect(try await device.ask("whoami").string("email") == "bob@example.com")
        }

        @Test func `that the person denies gives nothing`() async throws {
            let site = try await Site()
            let device = try await Device(site)
            let login = try device.start("login", "--no-browser", "--json")
            let code = try await codeEvent(of: login)
            var browser = Browser(transport: site.transport())
            let walk = SignInWalk(
                user: "alice", password: "alice-password", number: Int(try code.string("number")), allows: false)
            let page = try await walk.walk(try code.string("verification_uri_complete"), in: &browser)
            #expect(page.outcome == "denied")
            #expect(try await login.finish().status == 6)
            #expect(try await device.run("whoami").status == 5)
            #expect(try await site.administer("sessions", "list") == [])
        }

        @Test func `that Ctrl-C ends leaves nothing`() async throws {
            let site = try await Site()
            let device = try await Device(site)
            let login = try device.start("login", "--no-browser", "--json")
            let code = try await codeEvent(of: login)
            login.interrupt()
            #expect(try await login.finish().status == 130)
            #expect(try await device.ask("status").string("state") == "signed-out")
            #expect(try await site.administer("sessions", "list") == [])
            // The agent takes the question back: nobody can approve any more what nobody waits for.
            let page = try code.string("verification_uri_complete")
            try await eventually("the code to be good no more") {
                var browser = Browser(transport: site.transport())
                let answer = try await browser.submit(browser.open(page))
                return answer.text.contains("No sign-in is waiting for this code") ? () : nil
            }
        }

        @Test func `that an administrator ends signs the device out`() async throws {
            let site = try await Site()
            let device = try await Device(site)
            try await device.signIn(at: site, user: "carol")
            let sessions = try await site.administer("sessions", "list").arrayValue ?? []
            let session = try #require(sessions.first?.objectValue?["session"]?.stringValue)
            _ = try await site.administer("sessions", "end", session)
            try await eventually("the device to be signed out") {
                try await device.ask("status").string("state") == "signed-out" ? () : nil
            }
            #expect(try await site.administer("sessions", "list") == [])
        }

        @Test func `that the person ends by logout is gone on the server too`() async throws {
            let site = try await Site()
            let device = try await Device(site)
            try await device.signIn(at: site, user: "alice")
            #expect(try await device.ask("logout").bool("revoked"))
            #expect(try await site.administer("sessions", "list") == [])
            #expect(try await device.run("whoami").status == 5)
        }
    }

    @Suite(.enabled(if: Missing.forCanaille == nil, "\(Missing.forCanaille ?? "")")) struct `Canaille` {
        @Test func `signs a person in, through its own pages, to a node authorization`() async throws {
            let site = try await Site(canaille: true)
            let device = try await Device(site, name: "desktop")
            let page = try await device.signIn(at: site, user: "alice")
            #expect(page.outcome == "allowed")
            let whoami = try await device.ask("whoami")
            #expect(try whoami.strings("groups") == ["engineering"])
            #expect(try whoami.string("name") == "Alice Adams")
            // It never says that it has verified an address, so none counts.
            #expect(whoami.members["email"] == nil)
            #expect(try whoami.strings("addresses").count == 2)
            #expect(try whoami.integer("authorization_expires_at") > Int(Date().timeIntervalSince1970))
        }
    }

    @Suite(.enabled(if: Missing.forBrowser == nil, "\(Missing.forBrowser ?? "")")) struct `Chromium` {
        @Test(arguments: [[], ["--no-javascript"]])
        func `signs a person in by typing and clicking`(options: [String]) async throws {
            let site = try await Site()
            let device = try await Device(site)
            let login = try device.start("login", "--no-browser", "--json")
            let code = try await codeEvent(of: login)
            let pictures = Place.repository.appending(path: ".artefacts/screenshots" + options.joined())
            try? FileManager.default.removeItem(at: pictures)
            let chromium = try RunningProgram(
                Place.fixtures.appending(path: "browser/sign_in").path,
                [
                    "--url", try code.string("verification_uri"), "--code", try code.string("user_code"),
                    "--user", "alice", "--password", "alice-password", "--number", try code.string("number"),
                    "--screenshots", pictures.path,
                ] + options, in: site.folder.url)
            let end = try await chromium.finish(within: .seconds(600))
            try #require(end.status == 0, "\(end.everything)")
            let pages = try JSONMembers(parsing: Array(end.output.utf8)).members["pages"]?.arrayValue ?? []
            let names = pages.compactMap { $0.objectValue?["name"]?.stringValue }
            #expect(names == ["device", "request", "provider-login", "confirm", "outcome"])
            for page in pages {
                #expect(page.objectValue?["fits_phone"] == true, "\(page)")
                for file in page.objectValue?["screenshots"]?.arrayValue ?? [] {
                    let path = pictures.appending(path: file.stringValue ?? "").path
                    #expect((FileManager.default.contents(atPath: path)?.count ?? 0) > 1000)
                }
            }
            #expect(try await login.finish().status == 0)
            #expect(try await device.ask("whoami").string("email") == "alice@example.com")
        }
    }
}

extension Device {
    /// A whole sign-in across devices, as `ztna login` and the pages offer it.
    @discardableResult
    func signIn(at site: Site, user: String) async throws -> Browser.Page {
        try await walk(try start("login", "--no-browser", "--json"), user: user, at: site)
    }
}

/// The pages of a `ztna login --json` that has begun, as that person walks them; returns when it has ended well.
@discardableResult
func walk(_ login: RunningProgram, user: String, at site: Site) async throws -> Browser.Page {
    let code = try await codeEvent(of: login)
    var browser = Browser(transport: site.transport())
    let walk = SignInWalk(user: user, password: "\(user)-password", number: Int(try code.string("number")))
    let page = try await walk.walk(try code.string("verification_uri_complete"), in: &browser)
    let end = try await login.finish()
    try #require(end.status == 0, "\(end.everything)\n\(page.text)")
    return page
}
