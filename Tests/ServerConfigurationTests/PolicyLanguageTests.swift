import AccessPolicy
import CivilTime
import Identity
import NetworkAddresses
import ServerConfiguration
import Testing

/// Saturday, 2026-11-21 13:30:40 UTC.
private let now = 1_795_267_840

private func load(_ text: String, known: KnownNames? = nil) -> Result<PolicyDocument, InvalidConfiguration> {
    let system = Files.ofSystem()
    let files = Files(
        read: { path, maximum in path == "policy.yaml" ? .success(Array(text.utf8)) : system.read(path, maximum) },
        mode: system.mode, environment: system.environment)
    return PolicyFile.load(path: "policy.yaml", files: files, now: now, known: known)
}

private func names(_ people: [String], _ groups: [String]) -> KnownNames {
    KnownNames(people: Set(people.compactMap { EmailAddress($0) }), groups: Set(groups.compactMap { GroupName($0) }))
}

@Suite struct `The language of a policy file` {
    static let whole = """
        groups:
          dba: [group:database-admins, "user:root@example.com"]
          everyone-in-it: [group:dba, group:network]
        tag_owners:
          prod-db: group:dba
          tag:docs: ["user:alice@example.com", group:dba]
        services:
          web: [tcp/80, tcp/443]
          ssh: tcp/22
        rules:
          - name: dba-to-prod-db
            source: group:dba
            destination: tag:prod-db
            allow: [tcp/5432, ssh]
            when:
              mfa: 1h
              auth_age: 12h
              session_age: 7d
              posture: [os-patched, disk-encrypted]
              hours: Mon-Fri 08:00-19:00 Europe/Berlin
              from: [DE, 192.0.2.0/24, "2001:db8::/32", AT]
              until: 2026-12-31T18:00:00+01:00
              device: { os: [linux, macos], managed: true }
          - { name: wiki, source: "*", destination: "device:wiki", allow: [web, tcp/443, icmp] }
        grants:
          - name: audit-of-2026
            user: auditor@example.org
            destination: device:ledger
            allow: ssh
            until: 2026-12-31
            reason: the yearly audit
            when: { mfa: 30m }
        tests:
          - { from: [group:dba], to: "tag:prod-db", on: [ssh, tcp/5432], expect: allow }
          - { from: group:dba, to: "tag:prod-db", on: ssh, given: { mfa: never }, expect: deny }
          - { from: group:dba, to: "tag:prod-db", on: ssh, given: { mfa: 2h }, expect: deny }
          - { from: group:dba, to: "tag:prod-db", on: ssh, given: { at: 2026-11-23T08:00:00+01:00 }, expect: allow }
          - { from: group:dba, to: "tag:prod-db", on: ssh, given: { at: "2026-11-23T07:59:59+01:00" }, expect: deny }
          - { from: group:dba, to: "tag:prod-db", on: ssh, given: { at: 2026-07-01T17:00:00Z }, expect: deny }
          - { from: group:dba, to: "tag:prod-db", on: ssh, given: { at: 2021-06-30T16:59Z }, expect: allow }
          - { from: group:dba, to: "tag:prod-db", on: ssh, given: { from: FR }, expect: deny }
          - { from: group:dba, to: "tag:prod-db", on: ssh, given: { from: 192.0.2.77 }, expect: allow }
          - { from: group:dba, to: "tag:prod-db", on: ssh, given: { os: windows }, expect: deny }
          - { from: group:dba, to: "tag:prod-db", on: ssh, given: { os: linux, managed: true }, expect: allow }
          - from: group:database-admins
            to: tag:prod-db
            on: ssh
            given: { posture: { os-patched: pass, disk-encrypted: unknown }, auth_age: 1h, session_age: 1d }
            expect: deny
          - from: group:network
            to: tag:prod-db
            on: any
            expect: deny
        """

    @Test func `says all of it`() throws {
        let document = try load(Self.whole).get()
        let rules = document.policy.rules
        #expect(rules.map(\.name.text) == ["dba-to-prod-db", "wiki", "audit-of-2026"])
        #expect(rules[0].allow.map(\.text) == ["tcp/5432", "tcp/22"])
        #expect(rules[1].allow.map(\.text) == ["tcp/80", "tcp/443", "icmp"])
        let when = rules[0].conditions
        #expect([when.mfa, when.authAge, when.sessionAge] == [3600, 43_200, 604_800])
        #expect(when.posture.map(\.text) == ["disk-encrypted", "os-patched"])
        #expect(when.hours?.text == "Mon-Fri 08:00-19:00 Europe/Berlin")
        #expect(when.countries.map(\.text).sorted() == ["AT", "DE"])
        #expect(when.networks.map(\.description) == ["192.0.2.0/24", "2001:db8::/32"])
        #expect(when.until == 1_798_736_400)
        #expect(when.operatingSystems == ["linux", "macos"] && when.managed == true)
        #expect(rules[2].sources.map(\.text) == ["user:auditor@example.org"])
        // The end of the day, universal time.
        #expect(rules[2].conditions.until == 1_798_761_600 && rules[2].conditions.mfa == 1800)
        #expect(document.services.keys.sorted() == ["ssh", "web"])
        #expect(document.policy.localGroups.definitions.count == 2)
        #expect(document.policy.tests.count == 14)
        #expect(document.warnings.isEmpty)
        #expect(Set(document.policy.zones.keys) == ["Europe/Berlin"])
        let zone = try #require(document.policy.zones["Europe/Berlin"])
        #expect(zone.offset(at: now - 86_400) == 3600 && zone.offset(at: now + 399 * 86_400) == 3600)
        #expect(zone.offset(at: now + 200 * 86_400) == 7200 && zone.offset(at: now + 401 * 86_400) == nil)
    }

    @Test func `says who owns a tag`() throws {
        let document = try load(Self.whole).get()
        let docs = try #require(TagName("docs"))
        #expect(document.owners(of: docs).map(\.text) == ["user:alice@example.com", "group:dba"])
        #expect(document.owners(of: try #require(TagName("other"))).isEmpty)
    }

    @Test func `puts further rules behind its own, under another revision`() throws {
        let document = try load(Self.whole).get()
        let more = Rule(
            name: try RuleName("grant-1"), sources: [.everyone], destinations: [.everyone], allow: [.any])
        let policy = document.policy(adding: [more])
        #expect(policy.rules.last == more && policy.rules.count == 4)
        #expect(policy.revision != document.policy.revision && policy.revision.utf8.count == 16)
        #expect(document.policy(adding: []).revision == document.policy.revision)
    }

    @Test(arguments: [
        // Groups, owners, services.
        (
            "dba: [group:database-admins", "dba: [group:everyone-in-it",
            "2:3 the groups dba -> everyone-in-it -> dba are made of each other"
        ),
        ("dba: [group:database-admins", "dba: [group:dba", "2:3 the groups dba -> dba are made of each other"),
        ("dba: [group:database-admins", "dba: [\"*\"", "2:8 groups: everyone is in no group"),
        (
            "  dba: [group:database-admins", "  group:dba: [group:x",
            "2:3 groups: \"group:dba\" cannot be the name of a group (dba)"
        ),
        ("prod-db: group:dba", "prod-db: tag:ci", "5:12 tag_owners: tag:ci cannot own a tag"),
        ("prod-db: group:dba", "Prod: group:dba", "5:3 tag_owners: \"Prod\" is not a tag"),
        ("prod-db: group:dba", "docs: group:dba", "6:3 tag_owners: the tag docs is given twice"),
        ("prod-db: group:dba", "prod-db:", "5:3 tag_owners: \"prod-db\" is empty"),
        ("ssh: tcp/22", "tcp: tcp/22", "9:3 services: \"tcp\" cannot be the name of a service|*"),
        ("ssh: tcp/22", "ssh: tcp/0", "9:8 this value is wrong|*"),
        ("groups:", "groups: 5\nold:", "1:9 groups must be a mapping|2:1 unknown key \"old\" in the policy"),
        // Rules.
        ("allow: [tcp/5432, ssh]", "allow: [tcp/5432, shs]", "14:23 this value is wrong (ssh)"),
        ("allow: [tcp/5432, ssh]", "allow: [tcp/5432, https]", "14:23 this value is wrong (tcp/443)"),
        ("allow: [tcp/5432, ssh]", "allow: [5432]", "14:13 this value is wrong (tcp/5432)"),
        ("allow: [tcp/5432, ssh]", "allow: [TCP/5432]", "14:13 this value is wrong (tcp/5432)"),
        ("allow: [tcp/5432, ssh]", "allow: [ssh, ssh]", "14:18 this is given twice"),
        ("source: group:dba", "source: gruop:dba", "12:13 this value is wrong (group:dba)"),
        ("source: group:dba", "source: alice@example.com", "12:13 this value is wrong (user:alice@example.com)"),
        ("source: group:dba", "source: dba", "12:13 this value is wrong (group:dba)"),
        ("source: group:dba", "source: everyone", "12:13 this value is wrong (*)"),
        ("source: group:dba", "source: 10.0.0.1", "12:13 this value is wrong"),
        ("name: wiki", "name: grant-wiki", "24:13 names that begin with grant- are those of `ztna admin grant`"),
        // Conditions.
        ("mfa: 1h", "mfa: 1w", "16:12 this value is wrong"),
        ("mfa: 1h", "mfa: true", "16:12 this value is wrong"),
        ("mfa: 1h", "mfa: 367d", "16:12 this value is wrong"),
        ("mfa: 1h", "mfa:", "16:7 rules[0].when: mfa is empty"),
        ("mfa: 1h", "mfs: 1h", "16:7 unknown key \"mfs\" in rules[0].when (mfa)"),
        ("posture: [os-patched, disk-encrypted]", "posture: []", "19:16 this list is empty"),
        ("posture: [os-patched, disk-encrypted]", "posture: [Disk]", "19:17 this value is wrong"),
        ("hours: Mon-Fri", "hours: Mon-Fry", "20:14 these hours are wrong"),
        (
            "hours: Mon-Fri 08:00-19:00", "hours: Monday-Friday 8-19",
            "20:14 these hours are wrong (Mon-Fri 08:00-19:00 Europe/Berlin)"
        ),
        (
            "hours: Mon-Fri 08:00-19:00", "hours: weekdays 8:30-19",
            "20:14 these hours are wrong (Mon-Fri 08:30-19:00 Europe/Berlin)"
        ),
        (
            "hours: Mon-Fri 08:00-19:00 Europe/Berlin", "hours: weekdays 8-19 europe/berln",
            "20:14 these hours are wrong (Mon-Fri 08:00-19:00 Europe/Berlin)"
        ),
        (
            "hours: Mon-Fri 08:00-19:00 Europe/Berlin", "hours: weekdays 8-19 Middle/Earth",
            "20:14 these hours are wrong"
        ),
        ("hours: Mon-Fri 08:00-19:00", "hours: weekdays 8-5", "20:14 these hours are wrong"),
        (
            "hours: Mon-Fri 08:00-19:00", "hours: weekdays 22:00-6",
            "20:14 these hours are wrong (Mon-Fri 22:00-06:00 Europe/Berlin)"
        ),
        ("08:00-19:00", "08:00-08:00", "20:14 these hours are wrong"),
        ("Europe/Berlin", "Europe/Berlim", "20:14 there is no time zone \"Europe/Berlim\" (Europe/Berlin)"),
        ("Europe/Berlin", "../../etc/passwd", "20:14 these hours are wrong"),
        ("Europe/Berlin", "Europe", "20:14 there is no time zone \"Europe\""),
        ("from: [DE,", "from: [de,", "21:14 this is no country or network (DE)"),
        ("from: [DE,", "from: [UK,", "21:14 this is no country or network (GB)"),
        ("from: [DE,", "from: [QQ,", "21:14 this is no country or network"),
        ("from: [DE,", "from: [AT,", "21:49 this is given twice"),
        ("192.0.2.0/24", "192.0.2.7/24", "21:18 this is no country or network (192.0.2.0/24)"),
        ("until: 2026-12-31T18:00:00+01:00", "until: 31.12.2026", "22:14 this value is wrong"),
        ("until: 2026-12-31T18:00:00+01:00", "until: 2026-02-29", "22:14 this value is wrong"),
        ("until: 2026-12-31T18:00:00+01:00", "until: 2026-12-31T18:00:00", "22:14 this value is wrong"),
        ("os: [linux, macos], managed: true", "", "23:15 rules[0].when.device asks for nothing"),
        ("managed: true", "managed: yes", "23:46 this value is wrong"),
        ("os: [linux", "os: [Linux", "23:22 this value is wrong"),
        // Grants.
        ("until: 2026-12-31\n", "until: tomorrow\n", "30:12 this value is wrong"),
        (
            "reason: the yearly audit", "because: it",
            "26:5 grants[0]: reason is missing|31:5 unknown key \"because\" in grants[0]"
        ),
        (
            "when: { mfa: 30m }", "when: { until: 2026-12-31 }",
            "32:5 grants[0]: a grant says until when in until, not in when"
        ),
        ("user: auditor@example.org", "user: group:dba", "27:11 this value is wrong"),
        ("name: audit-of-2026", "name: wiki", "26:11 the rule name \"wiki\" is used twice; it was first on line 24"),
        // Tests.
        ("given: { mfa: never }", "given: { mfa: no }", "35:66 this value is wrong"),
        (
            "given: { mfa: never }", "given: { mfa: 10m }",
            "35:5 this test fails: tcp/22 is allowed by rule dba-to-prod-db"
        ),
        (
            "given: { mfa: 2h }, expect: deny", "given: { mfa: 2h }, expect: allow",
            "36:5 this test fails: tcp/22 is denied: rule dba-to-prod-db does not hold now: MFA within 1h is needed, and the last is older"
        ),
        ("at: 2026-07-01T17:00:00Z", "at: 2026-07-01", "39:65 this value is wrong"),
        ("from: FR", "from: France", "41:67 this is no country or address"),
        ("from: FR", "from: 10.0.0.0/8", "41:67 this is no country or address"),
        ("unknown }", "maybe }", "48:59 this value is wrong"),
        ("os: windows", "platform: windows", "43:61 unknown key \"platform\" in tests[9].given"),
    ])
    func `refuses each wrong thing, and says what to write`(_ old: String, _ new: String, _ errors: String) {
        let text = Self.whole.replacing(old, with: new, maxReplacements: 1)
        #expect(text != Self.whole)
        var found = load(text).diagnostics.map { diagnostic in
            "\(diagnostic.line):\(diagnostic.column) \(diagnostic.message)"
                + (diagnostic.suggestion.map { " (\($0))" } ?? "")
        }
        var expected = errors.split(separator: "|").map(String.init)
        if expected.last == "*" {
            expected.removeLast()
            found = found.filter(expected.contains)
        }
        #expect(Set(found) == Set(expected))
    }

    @Test func `reports all errors in one run`() {
        var text = Self.whole
        for (old, new) in [("mfa: 1h", "mfa: x"), ("Europe/Berlin", "Nowhere"), ("tcp/5432, ssh", "nothing")] {
            text = text.replacing(old, with: new, maxReplacements: 1)
        }
        #expect(load(text).diagnostics.map(\.line) == [14, 16, 20])
    }

    @Test(arguments: ["", "GMT+25", "Mars/Olympus"])
    func `without a time zone database says so`(_ zone: String) {
        let text =
            "rules: [{ name: a, source: '*', destination: '*', allow: any, when: { hours: daily 08:00-09:00 Z/\(zone) } }]"
        let files = files(["policy.yaml": text])
        let result = PolicyFile.load(path: "policy.yaml", files: files, now: now)
        #expect(result.diagnostics.count == 1)
        let utc = text.replacing("Z/\(zone)", with: "UTC")
        let known = PolicyFile.load(path: "p", files: ServerConfigurationTests.files(["p": utc]), now: now)
        #expect((try? known.get().policy.zones["UTC"]) == .utc)
    }
}

@Suite struct `The warnings of a policy file` {
    private static func rule(_ source: String, _ when: String = "") -> String {
        """
        rules:
          - name: r
            source: [\(source)]
            destination: "*"
            allow: any
            when: { mfa: 1h \(when) }
        """
    }

    private static func warnings(_ text: String, _ known: KnownNames? = nil) throws -> [String] {
        try load(text, known: known).get().warnings.map { "\($0.line):\($0.column) \($0.message)" }
    }

    @Test func `list people and groups that nobody knows`() throws {
        let text = Self.rule("\"user:a@example.com\", \"user:b@example.com\", group:dab, \"user:c@example.com\"")
        #expect(
            try Self.warnings(text, names(["b@example.com"], ["dba"])) == [
                "3:14 nobody with this address has signed in or been provisioned yet: a@example.com, c@example.com",
                "3:58 no identity provider tells of anybody in this group: dab; did you mean \"dba\"?",
            ])
        #expect(try Self.warnings(text).isEmpty)
    }

    @Test func `tell of devices that nobody has, and whose those are that the policy did not speak of before`() throws {
        let text = Self.rule("device:absent, device:old, device:new, device:also-absent")
        func host(_ name: String) throws -> HostName { try #require(HostName(name)) }
        let known = KnownNames(
            people: [], groups: [],
            devices: [try host("old"): "bob@example.com", try host("new"): "mallory@example.com"],
            namedBefore: [try host("old"), try host("absent")])
        #expect(
            try Self.warnings(text, known) == [
                "3:14 no device is called so yet, and none but an administrator's can call itself so; name it by "
                    + "`ztna-server nodes rename` when it is there: absent, also-absent",
                "3:41 device:new is now a device of \"mallory@example.com\", which anybody may have named so: look whether it "
                    + "is the one that you mean (`ztna-server nodes`), and else rename it",
            ])
        #expect(try Self.warnings(text).isEmpty)
    }

    @Test func `tell of a local group that hides another`() throws {
        let text = "groups: { dba: 'user:b@example.com' }\n" + Self.rule("group:dba")
        #expect(
            try Self.warnings(text, names(["b@example.com"], ["dba"])) == [
                "1:11 the group \"dba\" is also one of the identity provider; in this policy only the definition here counts, and "
                    + "the members there are not in it"
            ])
    }

    @Test(arguments: [
        (
            ", until: 2026-11-20",
            ["2:11 r ended at 2026-11-21 00:00 UTC and allows nothing any more: remove it, or give it a later until"]
        ),
        (", until: 2026-11-22", []),
        (
            ", hours: Mon-Fri 08:00-19:00 Europe/Berlin, until: 2026-11-22",
            ["2:11 r never holds: its hours do not open again before it ends at 2026-11-23 00:00 UTC"]
        ),
        (", hours: Mon-Fri 08:00-19:00 Europe/Berlin, until: 2026-11-23", []),
        (
            ", device: { os: linus }",
            ["6:37 no device is known to call its operating system \"linus\"; did you mean \"linux\"?"]
        ),
    ])
    func `tell of a rule that never holds`(_ when: String, _ expected: [String]) throws {
        #expect(try Self.warnings(Self.rule("\"*\"", when)) == expected)
    }

    @Test(arguments: [
        (
            "group:dba, \"group:db\u{430}\"",
            [
                "\"db\\u{0430}\" mixes letters of Cyrillic and Latin, which look alike",
                "\"db\\u{0430}\" looks like \"dba\", and is another name",
            ]
        ),
        ("\"group:\u{434}\u{431}\u{430}\"", []),
        ("\"group:dba\u{200B}\"", ["\"dba\\u{200B}\" holds a character that cannot be seen"]),
        ("group:team-1, group:team-l", ["\"team-l\" looks like \"team-1\", and is another name"]),
        ("\"group:\u{FF44}ba\", group:dba", ["\"dba\" looks like \"\u{FF44}ba\" (\\u{FF44}ba), and is another name"]),
        ("group:Straße, group:Zürich", []),
    ])
    func `tell of names that look like others`(_ source: String, _ expected: [String]) throws {
        let found = try Self.warnings(Self.rule(source)).map { String($0.drop { $0 != " " }.dropFirst()) }
        #expect(Set(found) == Set(expected))
    }

    @Test func `compare names with those of the identity provider`() throws {
        let found = try Self.warnings(Self.rule("\"user:al\u{456}ce@example.com\""), names(["alice@example.com"], []))
        #expect(found.contains { $0.hasSuffix("looks like \"alice@example.com\", and is another name") })
    }
}

@Suite struct `A large policy file` {
    @Test func `of ten thousand rules loads`() throws {
        var text = "services: { web: [tcp/80, tcp/443] }\nrules:\n"
        for number in 0..<10_000 {
            text += """
                  - name: rule-\(number)
                    source: [group:team-\(number % 1000), "user:person-\(number)@example.com"]
                    destination: tag:service-\(number % 700)
                    allow: [tcp/\(1000 + number % 5000), web]
                    when: { mfa: 1h, hours: Mon-Fri 08:00-19:00 Europe/Berlin }

                """
        }
        text += "tests:\n"
        for number in 0..<50 {
            text += "  - { from: group:team-\(number), to: \"tag:service-\(number)\", on: tcp/443, expect: allow }\n"
        }
        text += "  - { from: group:nobody, to: \"tag:service-1\", on: any, expect: deny }\n"
        let document = try load(text).get()
        #expect(document.policy.rules.count == 10_000)
    }

    @Test(arguments: ["[", "{a: ", "- ", "? ", "[[],"])
    func `of brackets alone is refused`(_ piece: String) {
        let text = String(repeating: piece, count: 1_000_000 / piece.utf8.count)
        #expect(!load(text).diagnostics.isEmpty)
    }

    @Test func `is not read beyond four MiB`() {
        #expect(load("#" + String(repeating: "x", count: 4 << 20)).errors == ["1:1 the file is too large"])
    }
}
