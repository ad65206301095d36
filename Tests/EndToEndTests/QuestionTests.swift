import Foundation
import StrictJSON
import Testing
import Walkthrough

extension `The programs together` {
    @Suite(.enabled(if: Missing.forProvider == nil, "\(Missing.forProvider ?? "")"))
    struct `A question about access` {
        private static let policy = """
            groups: { wiki-readers: [group:engineering, "user:bob@example.com"] }
            rules:
              - { name: wiki, source: group:wiki-readers, destination: tag:wiki, allow: tcp/443 }
              - { name: wiki-ssh, source: group:wiki-readers, destination: tag:wiki, allow: tcp/22, when: { mfa: 1h } }

            """

        private func rows(_ end: RunningProgram.Finished, _ name: String) throws -> [[String: JSON]] {
            try #require(end.status == 0, "\(end.everything)")
            return try JSONMembers(parsing: Array(end.output.utf8)).array(name).compactMap(\.objectValue)
        }

        @Test func `is answered to everybody about themselves, and to administrators about all`() async throws {
            let site = try await Site(provider: "admins: [user:alice@example.com]")
            try site.folder.write("policy.yaml", Self.policy)
            _ = try await site.administer("policy", "reload")
            let laptop = try await Device(site)
            try await laptop.signIn(at: site, user: "bob")
            let desk = try await Device(site, name: "desk")
            try await desk.signIn(at: site, user: "alice")
            _ = try await site.administer("nodes", "tag", "desk", "wiki")

            let allowed = try await laptop.run("why", "desk:443")
            #expect(
                allowed.output.contains(
                    "Yes: bob@example.com on laptop may reach alice@example.com on desk on tcp/443."),
                "\(allowed.everything)")
            #expect(allowed.output.contains("group wiki-readers (policy) → rule wiki"), "\(allowed.everything)")
            let refused = try await laptop.run("why", "desk:22")
            #expect(refused.output.contains("ztna login --step-up"), "\(refused.everything)")
            #expect(try await laptop.run("admin", "who-can-reach", "desk").status == 8)

            let who = try await rows(desk.run("admin", "who-can-reach", "desk:443", "--json"), "people")
            #expect(who.map { $0["person"] } == ["bob@example.com"])
            #expect(who.first?["now"] == true && who.first?["rule"] == "wiki", "\(who)")
            let what = try await rows(desk.run("admin", "what-can", "bob@example.com", "--json"), "destinations")
            #expect(
                what.map { $0["rule"] } == ["wiki", "wiki-ssh"] && what.map { $0["now"] } == [true, false], "\(what)")
            let group = try await rows(desk.run("admin", "what-can", "group:engineering", "--json"), "destinations")
            #expect(group.map { $0["destination"] } == ["desk", "desk"], "\(group)")
            let matrix = try await rows(desk.run("admin", "matrix", "--json"), "rows")
            #expect(matrix.map { $0["group"] } == ["engineering", "wiki-readers"], "\(matrix)")
            #expect(matrix.first?["cells"] == [["tcp/443", "tcp/22*"], ["tcp/443", "tcp/22*"]], "\(matrix)")

            let values = try await desk.run("admin", "matrix", "--csv")
            #expect(
                values.output.split(whereSeparator: \.isNewline).map(String.init) == [
                    "group,tag:wiki,desk", "engineering,tcp/443 tcp/22*,tcp/443 tcp/22*",
                    "wiki-readers,tcp/443 tcp/22*,tcp/443 tcp/22*",
                ], "\(values.everything)")

            let without = try await rows(
                desk.run("admin", "what-if", "--user", "bob@example.com", "--without-group", "wiki-readers", "--json"),
                "lost")
            #expect(without.map { $0["services"] } == [["tcp/443"], ["tcp/22"]], "\(without)")
            let open = try site.folder.write("open.yaml", Site.policy)
            let gained = try await rows(desk.run("admin", "what-if", "--policy", open, "--json"), "gained")
            #expect(
                gained.contains { $0["person"] == "alice@example.com" && $0["destination"] == "laptop" }, "\(gained)")

            // Longer than a line of the agent's socket; and longer than a policy may be.
            let longText = Site.policy + String(repeating: "# a long \"remark\"\n", count: 60_000)
            let long = try site.folder.write("long.yaml", longText)
            let ofLong = try await rows(desk.run("admin", "what-if", "--policy", long, "--json"), "gained")
            #expect(ofLong == gained)
            let beyond = try site.folder.write("beyond.yaml", longText + String(repeating: "#\n", count: 2 << 20))
            let tooLong = try await desk.run("admin", "what-if", "--policy", beyond)
            #expect(tooLong.status != 0 && tooLong.everything.contains("larger than 4 MiB"), "\(tooLong.everything)")

            for (question, about, reason) in [
                ("who-can-reach", "nowhere", "no device is called nowhere"),
                ("what-can", "zoe@example.com", "nobody active is called zoe@example.com"),
                ("what-can", "group:zoo", "knows a group zoo"),
            ] {
                let end = try await desk.run("admin", question, about)
                #expect(end.status != 0 && end.everything.contains(reason), "\(end.everything)")
            }
            let wrong = try site.folder.write("wrong.yaml", "rules: {}")
            let end = try await desk.run("admin", "what-if", "--policy", wrong)
            #expect(end.status != 0 && end.everything.contains("rules must be a list"), "\(end.everything)")
        }

        @Test func `of a country needs a database that tells it`() async throws {
            let site = try await Site()
            let path = site.folder.path("ztna.yaml")
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try site.folder.write("policy.yaml", Self.policy.replacing("mfa: 1h", with: "from: DE"))
            func check() async throws -> RunningProgram.Finished {
                try await RunningProgram(
                    Place.program("ztna-server"), ["check", "--config", path], in: site.folder.url
                ).finish()
            }
            let missing = try await check()
            let reason = "error: no database tells from which country somebody comes, so nobody is in this one"
            #expect(
                missing.status == 1 && missing.errors.contains("policy.yaml:") && missing.errors.contains(reason),
                "\(missing.everything)")
            try site.folder.write("geo.mmdb", "not a database")
            try site.folder.write("ztna.yaml", text + "places: { database: geo.mmdb }\n")
            let damaged = try await check()
            #expect(
                damaged.status == 1 && damaged.errors.contains("ztna.yaml:17:21: error: it is not a MaxMind DB"),
                "\(damaged.everything)")
        }

        @Test func `of somebody in a country is answered by the database that there is now`() async throws {
            let site = try await Site()
            try site.folder.write("policy.yaml", Self.policy.replacing("mfa: 1h", with: "from: DE"))
            let text = try String(contentsOfFile: site.folder.path("ztna.yaml"), encoding: .utf8)
            try site.folder.write("ztna.yaml", text + "places: { database: geo.mmdb }\n")
            func replaceDatabase(_ bytes: [UInt8]) throws {
                try Data(bytes).write(to: site.folder.url.appending(path: "geo.mmdb"), options: .atomic)
            }
            try replaceDatabase(Self.database(of: "DE"))
            try await site.killAndRestart()
            let (laptop, desk) = (try await Device(site), try await Device(site, name: "desk"))
            try await laptop.signIn(at: site, user: "bob")
            try await desk.signIn(at: site, user: "alice")
            _ = try await site.administer("nodes", "tag", "desk", "wiki")
            func answer(_ words: String) async throws {
                try await eventually("the answer \(words)") {
                    try await laptop.run("why", "desk:22").output.contains(words) ? () : nil
                }
            }
            try await answer("Yes: bob@example.com on laptop may reach")
            try replaceDatabase(Self.database(of: "FR"))
            try await answer("it is only open from other places than FR")
            try replaceDatabase(Self.database(of: "DE"))
            try await answer("Yes: ")
            try replaceDatabase(Array("no database".utf8))
            _ = try await site.server.line("the damage", /the former one stays in use/, from: \.errors)
            try await answer("Yes: ")
        }

        /// 127.0.0.0/8 is in that country, and nothing else is anywhere. Source: MaxMind DB File Format 2.0.
        private static func database(of country: String) -> [UInt8] {
            func text(_ word: String) -> [UInt8] { [0x40 | UInt8(word.utf8.count)] + Array(word.utf8) }
            func map(_ members: [(String, [UInt8])]) -> [UInt8] {
                [0xE0 | UInt8(members.count)] + members.flatMap { text($0.0) + $0.1 }
            }
            // IPv4 lies in ::/96; a node for each bit, with records of 24.
            let bits = [Int](repeating: 0, count: 96) + [0, 1, 1, 1, 1, 1, 1, 1]
            let tree = bits.enumerated().flatMap { depth, bit -> [UInt8] in
                let onward = depth + 1 < bits.count ? depth + 1 : bits.count + 16
                return [0, 1].map { $0 == bit ? onward : bits.count }.flatMap { [0, UInt8($0 >> 8), UInt8($0 & 0xFF)] }
            }
            let metadata: [(String, [UInt8])] = [
                ("binary_format_major_version", [0xA1, 2]), ("binary_format_minor_version", [0xA1, 0]),
                ("build_epoch", [0x01, 0x02, 1]), ("database_type", text("Test-Country")),
                ("description", map([])), ("ip_version", [0xA1, 6]), ("languages", [0x00, 0x04]),
                ("node_count", [0xC1, UInt8(bits.count)]), ("record_size", [0xA1, 24]),
            ]
            return tree + [UInt8](repeating: 0, count: 16) + map([("country", map([("iso_code", text(country))]))])
                + [0xAB, 0xCD, 0xEF] + Array("MaxMind.com".utf8) + map(metadata)
        }
    }
}
