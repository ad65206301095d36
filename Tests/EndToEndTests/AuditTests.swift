import Foundation
import StrictJSON
import Testing
import Walkthrough

extension `The programs together` {
    @Suite struct `The evidence of a server` {
        private static func run(_ site: Site, _ words: String...) async throws -> RunningProgram.Finished {
            try await RunningProgram(
                Place.program("ztna-server"), ["audit"] + words, environment: ["SWIFT_BACKTRACE": "enable=no"],
                in: site.folder.url
            ).finish()
        }

        private static func list(_ site: Site, _ words: String...) async throws -> [JSONMembers] {
            let end = try await RunningProgram(
                Place.program("ztna-server"), ["audit", "list", "--state", "state", "--json"] + words,
                in: site.folder.url
            ).finish()
            try #require(end.status == 0, "\(end.everything)")
            return try end.output.split(separator: "\n").map { try JSONMembers(parsing: Array($0.utf8)) }
        }

        @Test func `has the sign-in and the administrator, and shows a change of a single byte`() async throws {
            let site = try await Site()
            var device = try site.device(site.transport())
            let begun = try await device.beginSignIn()
            let text = try #require(begun.string("verification_uri_complete"))
            var browser = Browser(transport: site.transport())
            let walk = SignInWalk(user: "alice", password: "alice-password", number: begun.integer("number"))
            _ = try? await walk.walk(text, in: &browser)
            let first = try await Self.list(site, "--stream", "sign-in")
            #expect(
                try first.map { try $0.string("action") }.prefix(3) == [
                    "sign-in-begun", "code-entered", "sent-to-provider",
                ])

            // Changes are told, and refusals too; what only lists is not.
            let refused = try await RunningProgram(
                Place.program("ztna-server"), ["sessions", "end", "nobody", "--state", "state"], in: site.folder.url
            ).finish()
            #expect(refused.status == 1)
            _ = try await site.administer("people")
            let administration = try await Self.list(site, "--stream", "admin", "--outcome", "refused")
            #expect(try administration.map { try $0.string("action") } == ["sessions-end"])
            #expect(try administration.first?.object("actor").string("is") == "operator")
            let line = try await Self.run(site, "list", "--state", "state", "--action", "sessions-end")
            #expect(line.output.contains("admin  refused  sessions-end  by operator"), "\(line.everything)")

            // Beside the running server, and as a copy elsewhere.
            for words in [["--state", "state"], ["--config", "ztna.yaml"]] {
                let good = try await RunningProgram(
                    Place.program("ztna-server"), ["audit", "verify"] + words, in: site.folder.url
                ).finish()
                #expect(good.status == 0 && good.output.hasPrefix("good: "), "\(good.everything)")
            }
            let nowhere = try await Self.run(site, "verify", "--config", "policy.yaml")
            #expect(nowhere.errors.contains("policy.yaml names no state directory"), "\(nowhere.everything)")
            let head = try await Self.run(site, "head", "--state", "state", "--json")
            let key = try JSONMembers(parsing: Array(head.output.utf8)).string("key")
            try site.folder.write("head", try await Self.run(site, "head", "--state", "state").output)
            let export = try await Self.run(site, "export", "--state", "state")
            try site.folder.write("audit.jsonl", export.output)
            let lines = try await Self.run(site, "verify", "--lines", "audit.jsonl", "--key", key, "--head", "head")
            #expect(lines.status == 0, "\(lines.everything)")
            try site.folder.write(
                "changed.jsonl", export.output.replacing("\"code-entered\"", with: "\"code-entereD\""))
            let changed = try await Self.run(site, "verify", "--lines", "changed.jsonl", "--key", key)
            #expect(changed.status == 1 && changed.output.contains("was changed"), "\(changed.everything)")

            let dashed = try await Self.run(
                site, "verify", "--lines", "audit.jsonl", "--key", "-" + key.dropFirst())
            #expect(!dashed.everything.contains("Missing value"), "\(dashed.everything)")

            let copy = site.folder.path("copy.db")
            let backup = try await RunningProgram(
                "/usr/bin/env",
                [
                    "python3", "-c",
                    """
                    import sqlite3
                    source, copy = sqlite3.connect('state/ztna.db'), sqlite3.connect('copy.db')
                    source.backup(copy)
                    copy.execute('DROP TRIGGER audit_records_never_change')
                    copy.execute("UPDATE audit_records SET body = CAST(replace(CAST(body AS TEXT), 'code-entered', 'code-entereD') AS BLOB) WHERE sequence = 2")
                    copy.commit()
                    """,
                ], in: site.folder.url
            ).finish()
            try #require(backup.status == 0, "\(backup.everything)")
            let tampered = try await Self.run(site, "verify", "--database", copy, "--key", key, "--json")
            #expect(tampered.status == 1, "\(tampered.everything)")
            let findings = try JSONMembers(parsing: Array(tampered.output.utf8)).strings("findings")
            #expect(findings.first?.hasPrefix("record 2 was changed") == true, "\(findings)")
        }

        @Test func `goes to the files that are configured, under made-up names where that is set`() async throws {
            let site = try await Site()
            let path = site.folder.path("ztna.yaml")
            try site.folder.write(
                "ztna.yaml",
                try String(contentsOfFile: path, encoding: .utf8) + """
                    audit:
                      pseudonymise: true
                      exports:
                        - { name: all, file: audit.jsonl }
                        - { name: siem, file: ocsf.jsonl, format: ocsf, streams: [sign-in] }

                    """)
            try await site.killAndRestart()
            var device = try site.device(site.transport())
            let begun = try await device.beginSignIn()
            var browser = Browser(transport: site.transport())
            let walk = SignInWalk(user: "alice", password: "alice-password", number: begun.integer("number"))
            _ = try await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
            _ = try await device.poll(try #require(begun.string("device_code")))
            func exported(_ name: String) -> String {
                (try? String(contentsOfFile: site.folder.path(name), encoding: .utf8)) ?? ""
            }
            try await eventually("the exports") {
                exported("audit.jsonl").contains("\"signed-in\"") && exported("ocsf.jsonl").contains("signed-in")
                    ? () : nil
            }
            for name in ["audit.jsonl", "ocsf.jsonl"] {
                let text = exported(name)
                #expect(!text.lowercased().contains("alice"), "\(text)")
                // Where the sign-in came from.
                #expect(!text.contains("198.18."), "\(text)")
            }
            let signIns = try exported("ocsf.jsonl").split(separator: "\n").map {
                try JSONMembers(parsing: Array($0.utf8)).integer("class_uid")
            }
            #expect(Set(signIns) == [3002])
            let head = try await Self.run(site, "head", "--state", "state", "--json")
            let key = try JSONMembers(parsing: Array(head.output.utf8)).string("key")
            let verified = try await Self.run(site, "verify", "--lines", "audit.jsonl", "--key", key)
            #expect(verified.status == 0, "\(verified.everything)")
            // Who knows the server's key still asks by the name.
            let found = try await Self.list(site, "--user", "alice@example.com", "--action", "signed-in")
            #expect(found.count == 1)
        }
    }
}
