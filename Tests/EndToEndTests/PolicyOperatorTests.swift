import Cryptography
import Foundation
import StrictJSON
import Testing
import Walkthrough

extension `The programs together` {
    @Suite(.enabled(if: Missing.forProvider == nil, "\(Missing.forProvider ?? "")"))
    struct `An operator's policy` {
        private static let stricter = """
            groups:
              operators: user:alice@example.com
            rules:
              - { name: all-to-all, source: "*", destination: "*", allow: [tcp/22], when: { mfa: 1h } }
              - { name: wiki, source: group:operators, destination: tag:wiki, allow: tcp/443 }

            """

        private func server(_ site: Site, _ words: String...) async throws -> RunningProgram.Finished {
            try await RunningProgram(
                Place.program("ztna-server"), words + ["--state", site.folder.path("state")],
                environment: ["SWIFT_BACKTRACE": "enable=no"], in: site.folder.url
            ).finish()
        }

        private func signIn(_ site: Site) async throws {
            let transport = site.transport()
            var device = try site.device(transport)
            let begun = try await device.beginSignIn()
            var browser = Browser(transport: transport)
            let walk = SignInWalk(user: "alice", password: "alice-password", number: begun.integer("number"))
            let page = try await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
            try #require(page.outcome == "allowed", "\(browser.history) \(page.text)")
            _ = try await device.poll(try #require(begun.string("device_code")))
        }

        private func inForce(_ site: Site) async throws -> [JSON] {
            try await site.administer("policy", "history").arrayValue ?? []
        }

        private func policy(_ site: Site) throws -> String {
            try String(contentsOfFile: site.folder.path("policy.yaml"), encoding: .utf8)
        }

        @Test func `is compared, applied, listed and put back`() async throws {
            let site = try await Site()
            try await signIn(site)
            let new = try site.folder.write("new.yaml", Self.stricter)
            let path = site.folder.path("policy.yaml")
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
            let shown = try await server(site, "policy", "diff", new)
            #expect(shown.status == 0, "\(shown.everything)")
            #expect(shown.output.contains("rule wiki comes, which concerns nobody now"), "\(shown.everything)")
            let strangers = try site.folder.write(
                "strangers.yaml",
                Self.stricter
                    + "  - { name: z, source: [\"user:zoe@example.com\", group:zoo], destination: \"*\", allow: any }\n"
            )
            let warned = try await server(site, "policy", "diff", strangers).everything
            for text in [
                "nobody with this address has signed in or been provisioned yet: zoe@example.com",
                "no identity provider tells of anybody in this group: zoo",
            ] { #expect(warned.contains(text), "\(warned)") }
            // Nobody is there to ask.
            #expect(try await server(site, "policy", "apply", new).status == 1)
            #expect(try policy(site) == Site.policy)

            let applied = try await server(site, "policy", "apply", new, "--yes", "--note", "a second factor")
            #expect(applied.status == 0 && applied.output.contains("In force: "), "\(applied.everything)")
            #expect(try policy(site) == Self.stricter)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o640)
            let history = try await inForce(site)
            #expect(history.map { $0.objectValue?["note"] } == ["a second factor", .null])
            #expect(history.last?.objectValue?["by"] == "file")
            let first = try #require(history.last?.objectValue?["revision"]?.stringValue)
            let back = try await server(site, "policy", "rollback", String(first.prefix(6)), "--yes")
            #expect(back.status == 0, "\(back.everything)")
            #expect(try policy(site) == Site.policy)
            #expect(
                try await inForce(site).map { $0.objectValue?["note"] } == [
                    .string("back to \(first)"), "a second factor", .null,
                ])
            #expect(
                try await server(site, "policy", "rollback", "0000", "--yes").errors.contains(
                    "no policy that was in force"))
            // What is kept outlives the server.
            try await site.killAndRestart()
            #expect(try await inForce(site).count == 3)
        }

        @Test func `stays when the next fails its own test, and says why`() async throws {
            let site = try await Site()
            let wrong = Self.stricter + "tests: [{ from: group:x, to: tag:wiki, on: tcp/443, expect: allow }]\n"
            let file = try site.folder.write("wrong.yaml", wrong)
            let end = try await server(site, "policy", "apply", file, "--yes")
            #expect(end.status == 1 && end.errors.contains("6:9: error: this test fails"), "\(end.everything)")
            try site.folder.write("policy.yaml", wrong)
            _ = try await site.server.line(
                "the policy to be refused", /the new policy is wrong, the old one stays in force/, from: \.errors)
            // Each fault is a line of its own, with its place.
            _ = try await site.server.line(
                "the fault", /policy: [^\n]*policy.yaml:6:9: error: this test fails[^\n]*\n/, from: \.errors)
            #expect(!site.server.errors.contains("\\n"))
            #expect(try await inForce(site).count == 1)
        }

        @Test func `is checked and tested without a server, with every fault at its place`() async throws {
            let folder = try TestFolder()
            func run(_ words: String...) async throws -> RunningProgram.Finished {
                try await RunningProgram(Place.program("ztna-server"), ["policy"] + words, in: folder.url).finish()
            }
            let wrong = try folder.write(
                "wrong.yaml",
                """
                groups: { a: group:b, b: group:a }
                rulez: []
                rules:
                  - { name: x, source: gruop:dba, destination: "*", allow: tcp/99999, wen: { mfa: 1h } }
                  - { name: y, source: "*", destination: "*", allow: any, when: { hours: "Mon-Fry 08:00-19:00 Europe/Berlin" } }

                """)
            for command in ["check", "test"] {
                let end = try await run(command, wrong)
                #expect(end.status == 1)
                for line in [
                    "wrong.yaml:1:11: error: the groups a -> b -> a are made of each other",
                    "wrong.yaml:2:1: error: unknown key \"rulez\" in the policy; expected one of groups, tag_owners, services, "
                        + "rules, grants, tests; did you mean \"rules\"?",
                    "wrong.yaml:4:24: error: this value is wrong; found \"gruop:dba\"", "did you mean \"group:dba\"?",
                    "wrong.yaml:4:60: error: this value is wrong; found \"tcp/99999\"; expected tcp/PORT",
                    "wrong.yaml:4:71: error: unknown key \"wen\"", "wrong.yaml:5:74: error: these hours are wrong",
                ] { #expect(end.errors.contains(line), "\(line) in \(end.everything)") }
            }
            let good = try folder.write(
                "good.yaml",
                Self.stricter + "tests: [{ from: user:alice@example.com, to: tag:wiki, on: tcp/443, expect: allow }]\n")
            let checked = try await run("check", good)
            #expect(checked.status == 0 && checked.output.contains("policy: good, 2 rules, 1 test, revision "))
            let tested = try await run("test", good)
            #expect(tested.status == 0 && tested.output.contains("user:alice@example.com"), "\(tested.everything)")
            let alike = try folder.write(
                "alike.yaml",
                Self.stricter + "  - { name: z, source: group:operat\u{43E}rs, destination: \"*\", allow: any }\n")
            let warned = try await run("check", alike)
            #expect(warned.status == 0 && warned.errors.contains("looks like \"operators\", and is another name"))
            let bomb = try folder.write("bomb.yaml", "a: &a [x, x]\nrules: [*a, *a]\n")
            #expect(try await run("check", bomb).errors.contains("bomb.yaml:2:9: error: aliases are not allowed"))
            #expect(try await run("check", folder.path("absent.yaml")).status == 1)
            let schema = try JSON(parsing: Array(try await run("schema").output.utf8))
            #expect(schema.objectValue?["$schema"] != nil)
        }

        @Test func `never leaves nobody to administer`() async throws {
            let site = try await Site(provider: "admins: group:engineering")
            try await signIn(site)
            let people = try await site.administer("people").arrayValue ?? []
            let groups = people.first?.objectValue?["groups"]?.arrayValue?.compactMap { $0.objectValue?["group"] } ?? []
            try #require(groups.contains("engineering"), "\(people)")
            let text = "groups: { engineering: user:nobody@example.com }\n" + Site.policy
            let file = try site.folder.write("new.yaml", text)
            for words in [["policy", "diff", file], ["policy", "apply", file, "--yes"]] {
                let end = try await RunningProgram(
                    Place.program("ztna-server"), words + ["--state", site.folder.path("state")], in: site.folder.url
                ).finish()
                #expect(
                    end.status == 1 && end.errors.contains("no administrator: alice@example.com"), "\(end.everything)")
            }
            try site.folder.write("policy.yaml", text)
            _ = try await site.server.line(
                "the policy to be refused", /leave no administrator: alice@example.com/, from: \.errors)
            #expect(try await inForce(site).count == 1)
            let good = text.replacing("user:nobody@example.com", with: "user:alice@example.com")
            let end = try await server(site, "policy", "apply", try site.folder.write("good.yaml", good), "--yes")
            #expect(end.status == 0, "\(end.everything)")
        }

        @Test func `gives a thousand services at once, and is told of one more`() async throws {
            let site = try await Site()
            try await signIn(site)
            func list(_ ports: ClosedRange<Int>) -> String { ports.map { "tcp/\($0)" }.joined(separator: ", ") }
            let services = "services: { low: [\(list(1...500))], high: [\(list(501...1000))] }\n"
            let applied = try await server(
                site, "policy", "apply", try site.folder.write("services.yaml", services + Site.policy), "--yes")
            #expect(applied.status == 0, "\(applied.everything)")
            // The same ones again count once.
            let whole = ["low", "high", "tcp/7"]
            for (words, count) in [(whole + ["tcp/1001"], 1001), ((1...1200).map { "tcp/\($0)" }, 1200)] {
                let end = try await RunningProgram(
                    Place.program("ztna-server"),
                    ["grants", "add", "alice@example.com", "tag:db"] + words
                        + ["--for", "2h", "--state", site.folder.path("state")], in: site.folder.url
                ).finish()
                #expect(end.status == 1, "\(end.everything)")
                #expect(end.errors.contains("these are \(count) services, and a grant has at most 1000"))
            }
            #expect(try await site.administer("grants", "list") == [])
            let given = try await RunningProgram(
                Place.program("ztna-server"),
                ["grants", "add", "alice@example.com", "tag:db"] + whole
                    + ["--for", "2h", "--json", "--state", site.folder.path("state")], in: site.folder.url
            ).finish()
            #expect(given.status == 0, "\(given.errors)")
            let answer = try JSON(parsing: Array(given.output.utf8)).objectValue
            #expect(answer?["services"]?.arrayValue?.count == 1000)
        }

        @Test func `is the last one written, when it is read again while it is being read`() async throws {
            let site = try await Site()
            func text(_ number: Int) -> String {
                "rules: [{ name: rule-\(number), source: \"*\", destination: \"*\", allow: tcp/\(number) }]\n"
            }
            func reload() throws -> RunningProgram {
                try RunningProgram(
                    Place.program("ztna-server"), ["policy", "reload", "--json", "--state", site.folder.path("state")],
                    in: site.folder.url)
            }
            var running: [RunningProgram] = []
            for number in 1...6 {
                try site.folder.write("policy.yaml", text(number))
                // Two at once, and the next file is written while they run.
                running += [try reload(), try reload()]
                if number.isMultiple(of: 2) {
                    try await eventually("a reload") { running.contains { !$0.isRunning } ? () : nil }
                }
            }
            var told: Set<String> = []
            for program in running {
                let end = try await program.finish()
                if end.status == 0 {
                    let answer = try JSON(parsing: Array(end.output.utf8)).objectValue
                    told.insert(try #require(answer?["revision"]?.stringValue))
                } else {
                    #expect(end.errors.contains("another policy came into force meanwhile"), "\(end.everything)")
                }
            }
            let last = Digest.sha256(text(6)).prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            let revisions = try await eventually("the last policy to be in force") {
                let all = try await inForce(site).compactMap { $0.objectValue?["revision"]?.stringValue }
                return all.first == last ? all : nil
            }
            // Whatever somebody was told to be in force is in the history, each once, in the order in which it was written.
            #expect(told.isSubset(of: revisions))
            let written = (1...6).reversed().map { number in
                Digest.sha256(text(number)).prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            }
            #expect(Array(revisions.dropLast()) == written.filter(revisions.contains))
        }

        @Test func `gives one person access for a time, and takes it back`() async throws {
            let site = try await Site()
            try await signIn(site)
            for (words, reason) in [
                (["bob@example.com", "tag:db", "tcp/22", "--for", "2h"], "nobody active has the address"),
                (["alice@example.com", "*", "tcp/22", "--for", "2h"], "a grant names its destination"),
                (["alice@example.com", "tag:db", "tcp/22", "--for", "31d"], "from one minute to 30 days"),
                (["alice@example.com", "tag:db", "ssh", "--for", "2h"], "ssh is not tcp/PORT"),
            ] {
                let end = try await RunningProgram(
                    Place.program("ztna-server"), ["grants", "add"] + words + ["--state", site.folder.path("state")],
                    in: site.folder.url
                ).finish()
                #expect(end.status == 1 && end.errors.contains(reason), "\(end.everything)")
                // It is the server that says so, and not its socket.
                #expect(end.errors.hasPrefix("ztna-server: ") && !end.errors.contains(".sock"), "\(end.everything)")
            }
            let given = try await site.administer(
                "grants", "add", "alice@example.com", "tag:db", "tcp/22", "--for", "2h", "--reason", "incident 4711")
            let name = try #require(given.objectValue?["grant"]?.stringValue)
            #expect(name.hasPrefix("grant-"))
            #expect(
                given.objectValue?["warnings"] == ["no device is tag:db now: this opens nothing until one is"],
                "\(given)")
            // With access for a time beside it, the file's own revision is what the history has.
            let reloaded = try await site.administer("policy", "reload")
            #expect(
                try await inForce(site).first?.objectValue?["revision"] == reloaded.objectValue?["revision"])
            // It is stored, so a killed server has it again.
            try await site.killAndRestart()
            let listed = try await site.administer("grants", "list").arrayValue ?? []
            #expect(listed.map { $0.objectValue?["grant"]?.stringValue } == [name])
            #expect(listed.first?.objectValue?["reason"] == "incident 4711")
            _ = try await site.administer("grants", "revoke", name)
            #expect(try await site.administer("grants", "list") == [])
            #expect(try await server(site, "grants", "revoke", name).errors.contains("no grant that is open"))
        }
    }
}
