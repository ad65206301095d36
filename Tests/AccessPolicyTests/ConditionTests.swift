import AccessPolicy
import CivilTime
import Identity
import NetworkAddresses
import StrictJSON
import Testing

private func conditions(_ json: JSON) throws -> Conditions { try Conditions(json: json) }

private func failures(_ json: JSON, _ context: Context, now: Int = 10_000) throws -> [ConditionFailure] {
    switch try conditions(json).outcome(for: context, at: now, zones: ["Etc/UTC": .utc]) {
    case .holds: []
    case .fails(let failures, _): failures
    }
}

@Suite struct `The conditions of a rule` {
    @Test func `are never satisfied by what is not known`() throws {
        let all: [JSON] = [
            ["mfa": 3600], ["auth_age": 3600], ["session_age": 3600], ["posture": ["disk-encrypted"]],
            ["countries": ["DE"]], ["networks": ["192.0.2.0/24"]], ["os": ["linux"]], ["managed": true],
            ["managed": false], ["hours": "daily 00:00-24:00 No/Where"], ["until": 9_999],
        ]
        for json in all { #expect(try failures(json, .unknown).count == 1, "\(json)") }
        #expect(try failures(["until": 10_001, "hours": "daily 00:00-24:00 Etc/UTC"], .unknown).isEmpty)
    }

    @Test(
        arguments: [
            (9_000, nil), (6_401, nil), (6_400, .mfa(age: 3600, last: 6_400)), (10_060, nil),
            (10_061, .mfa(age: 3600, last: 10_061)), (Int.max, .mfa(age: 3600, last: .max)),
            (Int.min, .mfa(age: 3600, last: .min)),
        ] as [(Int, ConditionFailure?)])
    func `end an MFA when its age is reached, not a second later`(_ mfaAt: Int, _ failure: ConditionFailure?) throws {
        #expect(try failures(["mfa": 3600], Context(mfaAt: mfaAt)) == [failure].compactMap(\.self))
    }

    @Test(
        arguments: [
            (9_900, PostureReport.Result.pass, nil), (9_900, .fail, .failed), (9_900, .unknown, .unknown),
            (9_100, .pass, .stale), (9_101, .pass, nil), (10_061, .pass, .stale), (9_100, .fail, .stale),
        ] as [(Int, PostureReport.Result, ConditionFailure.PostureFailure?)])
    func `take a check only when it passed lately`(
        _ takenAt: Int, _ result: PostureReport.Result, _ failure: ConditionFailure.PostureFailure?
    ) throws {
        let check = try PostureCheck("disk")
        let report = PostureReport(takenAt: takenAt, checks: [check: result])
        #expect(
            try failures(["posture": ["disk"]], Context(posture: report)) == failure.map { [.posture(check, $0)] } ?? []
        )
        #expect(
            try failures(["posture": ["other"]], Context(posture: report)) == [.posture(PostureCheck("other"), .absent)]
        )
    }

    @Test func `hold until the first of them ends`() throws {
        let conditions = try conditions(["mfa": 3600, "until": 12_000, "hours": "daily 00:00-03:00 Etc/UTC"])
        let context = Context(mfaAt: 7_900)
        #expect(conditions.outcome(for: context, at: 10_000, zones: ["Etc/UTC": .utc]) == .holds(until: 10_800))
        let later = conditions.outcome(for: context, at: 10_800, zones: ["Etc/UTC": .utc])
        guard case .fails(let failures, let opens) = later else {
            Issue.record("\(later)")
            return
        }
        #expect(failures.map(\.name) == ["hours"] && opens == 12_000)
    }

    @Test(
        arguments: [
            ("DE", "203.0.113.1", true), ("FR", "192.0.2.1", true), ("FR", "203.0.113.1", false),
            (nil, "192.0.2.1", true),
            ("DE", nil, true), (nil, nil, false), (nil, "2001:db8::1", false),
        ] as [(String?, String?, Bool)])
    func `take a place by country or network`(_ country: String?, _ address: String?, _ holds: Bool) throws {
        let context = Context(address: address.flatMap { IPAddress($0) }, country: country.flatMap { CountryCode($0) })
        let found = try failures(["countries": ["DE"], "networks": ["192.0.2.0/24"]], context)
        #expect(found.isEmpty == holds)
    }

    @Test func `take a place for as long as it is known`() throws {
        let when = try conditions(["countries": ["DE"], "hours": "daily 00:00-03:00 Etc/UTC"])
        let context = Context(country: CountryCode("DE"), placeUntil: 4600)
        let zones = ["Etc/UTC": ZoneTable.utc]
        #expect(when.outcome(for: context, at: 4599, zones: zones) == .holds(until: 4600))
        // Waiting opens nothing again: the device has to be heard from.
        let unknown = ConditionFailure.place(country: nil, address: nil)
        #expect(when.outcome(for: context, at: 4600, zones: zones) == .fails([unknown], mayChangeAt: nil))
        #expect(unknown.description.contains("where the device speaks to the server from is not known now"))
        #expect(unknown.remedy.contains("ztna status"))
        let elsewhere = ConditionFailure.place(country: CountryCode("FR"), address: nil)
        #expect(elsewhere.description == "it is only open from other places than FR")
        // Where no place is asked for, its age ends nothing.
        let recent = try conditions(["mfa": 60]).outcome(for: Context(mfaAt: 10, placeUntil: 5), at: 20, zones: [:])
        #expect(recent == .holds(until: 70))
    }

    @Test func `survive their JSON`() throws {
        let json: JSON = [
            "mfa": 3600, "auth_age": 60, "session_age": 86_400, "posture": ["disk-encrypted", "os-patched"],
            "hours": "Mon-Fri 08:00-19:00 Europe/Berlin", "countries": ["AT", "DE"], "networks": ["192.0.2.0/24"],
            "until": 2_000_000_000, "os": ["linux", "macos"], "managed": true,
        ]
        #expect(try conditions(json).json == json)
    }

    @Test(
        arguments: [
            ([:], .member("when")), (["mfa": "1h"], .member("when.mfa")), (["mfa": 0], .member("when.mfa")),
            (["mfa": 99_999_999], .member("when.mfa")), (["mfa": nil], .member("when.mfa")),
            (["posture": []], .member("when.posture")), (["posture": ["Disk"]], .member("when.posture")),
            (["countries": ["de"]], .member("when.countries")), (["countries": ["DEU"]], .member("when.countries")),
            (["networks": ["192.0.2.1/24"]], .member("when.networks")), (["os": [""]], .member("when.os")),
            (["hours": "always"], .member("when.hours")), (["until": -1], .member("when.until")),
            (["until": .integer(.max)], .member("when.until")), (["managed": "yes"], .member("when.managed")),
            (["weather": "fine"], .unknownMember("when.weather")),
        ] as [(JSON, PolicyError)])
    func `are refused when one is wrong or unknown`(_ json: JSON, _ error: PolicyError) {
        #expect(throws: error) { try conditions(json) }
    }
}

@Suite struct `A refusal for a condition` {
    private func decision(_ when: JSON, _ context: Context) throws -> Decision {
        let rule = Rule(
            name: try RuleName("dba-db"), sources: [try Selector(parsing: "group:dba")],
            destinations: [try Selector(parsing: "tag:db")], allow: [try Service(parsing: "tcp/5432")],
            conditions: try conditions(when))
        return Policy(rules: [rule], zones: ["Etc/UTC": .utc], revision: "r").decide(
            source: try principal("group:dba", "user:alice@example.com"),
            destination: try principal("tag:db", "device:db-1"), protocol: .tcp, port: 5432, context: context,
            now: 100_000)
    }

    @Test func `names the condition and the cure`() throws {
        let old = try decision(["mfa": 3600], Context(mfaAt: 89_000))
        #expect(old.isCuredByStepUp && !old.isAllowed)
        #expect(
            old.explanation
                == "No rule lets alice@example.com (groups: dba) reach db-1 on tcp/5432. Rule dba-db would: MFA within 1h "
                + "is needed, and the last was 3h 3m ago. Run `ztna login --step-up`.")
        let never = try decision(["mfa": 3600, "managed": true], .unknown)
        #expect(!never.isCuredByStepUp)
        #expect(
            never.explanation
                == "No rule lets alice@example.com (groups: dba) reach db-1 on tcp/5432. Rule dba-db would: MFA within 1h "
                + "is needed, and no use of a second factor is known; it is only for managed devices. Run `ztna login "
                + "--step-up`. "
                + "Use another device, or ask your administrator.")
        for moment in [Int.min, .max] {
            let strange = Context(authTime: moment, mfaAt: moment, sessionStartedAt: moment)
            let text = try decision(["mfa": 60, "auth_age": 60, "session_age": 60], strange).explanation
            #expect(text.contains("MFA within 1m is needed"))
        }
        let closed = try decision(["hours": "Sat 08:00-19:00 Etc/UTC"], .unknown)
        #expect(closed.mayChangeAt == 201_600)
        #expect(
            closed.explanation.hasSuffix("it is only open Sat 08:00-19:00 Etc/UTC. Wait until 1970-01-03 08:00 UTC."))
    }

    @Test func `goes before other near misses, those that a step-up cures first`() throws {
        func rule(_ name: String, _ when: JSON?) throws -> Rule {
            Rule(
                name: try RuleName(name), sources: [.everyone], destinations: [.everyone], allow: [.any],
                conditions: try when.map(conditions) ?? Conditions())
        }
        let policy = Policy(rules: [try rule("a", ["managed": true]), try rule("b", ["mfa": 60])], revision: "r")
        let someone = try principal("*")
        let decision = policy.decide(source: someone, destination: someone, protocol: .icmp, port: nil, now: 1)
        #expect(decision.nearMisses.first == .conditionsNotMet(try RuleName("b"), [.mfa(age: 60, last: nil)]))
    }
}

@Suite struct `Grants of several rules` {
    @Test func `end when the last rule does, and belong to the first`() throws {
        func rule(_ name: String, _ allow: String, until: Int?) throws -> Rule {
            var conditions = Conditions()
            conditions.until = until
            return Rule(
                name: try RuleName(name), sources: [.everyone], destinations: [.everyone],
                allow: [try Service(parsing: allow)], conditions: conditions)
        }
        let policy = Policy(
            rules: [
                try rule("a", "any", until: 100), try rule("b", "tcp/22", until: 200), try rule("c", "tcp", until: 50),
                try rule("d", "tcp/80-90", until: nil), try rule("e", "udp/53", until: 90),
                try rule("f", "any", until: 5),
            ], revision: "r")
        let someone = try principal("*")
        let grants = policy.grants(from: someone, to: someone, now: 10).list.map {
            "\($0.service.text) \($0.rule) \($0.endsAt.map { "\($0)" } ?? "-")"
        }
        #expect(grants == ["tcp/22 a 200", "tcp/80-90 a -", "any a 100"])
    }
}

@Suite struct `Local groups` {
    private func group(_ text: String) throws -> GroupName { try #require(GroupName(text)) }

    @Test func `hold whom their definition names, at any depth`() throws {
        let groups = try LocalGroups([
            group("oncall"): [Selector(parsing: "user:alice@example.com"), Selector(parsing: "group:sre")],
            group("admins"): [Selector(parsing: "group:oncall")],
        ])
        let alice = groups.enriched(try principal("user:alice@example.com"))
        #expect(alice.groups == [try group("oncall"), try group("admins")])
        #expect(groups.enriched(try principal("group:sre")).groups.count == 3)
        #expect(groups.reason(alice, isIn: try group("admins")) == .group(try group("oncall")))
    }

    @Test func `cannot be entered from an identity provider`() throws {
        let groups = try LocalGroups([group("oncall"): [Selector(parsing: "user:alice@example.com")]])
        #expect(groups.enriched(try principal("group:oncall", "user:eve@example.com")).groups.isEmpty)
        #expect(groups.assuming(try principal("group:oncall")).groups == [try group("oncall")])
    }

    @Test func `are refused when they are made of each other`() throws {
        let (a, b, c) = (try group("a"), try group("b"), try group("c"))
        #expect(throws: PolicyError.groupCycle([a, b, c, a])) {
            try LocalGroups([a: [.group(b)], b: [.group(c)], c: [.group(a)]])
        }
        #expect(throws: PolicyError.groupCycle([a, a])) { try LocalGroups([a: [.group(a)]]) }
    }

    @Test func `may be nested deeply`() throws {
        var definitions: [GroupName: [Selector]] = [:]
        for index in 0..<5000 { definitions[try group("g\(index)")] = [.group(try group("g\(index + 1)"))] }
        let groups = try LocalGroups(definitions)
        #expect(groups.enriched(try principal("group:g5000")).groups.count == 5001)
    }
}

@Suite struct `Policy tests with facts` {
    @Test func `ask only the conditions they speak of`() throws {
        let rule = Rule(
            name: try RuleName("db"), sources: [try Selector(parsing: "group:dba")], destinations: [.everyone],
            allow: [.any], conditions: try conditions(["mfa": 3600, "hours": "Mon-Fri 08:00-19:00 Etc/UTC"]))
        func holds(_ expect: PolicyTest.Expectation, _ change: (inout GivenFacts) -> Void) throws -> Bool {
            var given = GivenFacts()
            change(&given)
            let test = try PolicyTest(
                from: [Selector(parsing: "group:dba")], to: [.everyone], on: .any, given: given, expect: expect)
            return Policy(rules: [rule], tests: [test], zones: ["Etc/UTC": .utc], revision: "r").failures(now: 0)
                .isEmpty
        }
        #expect(try holds(.allow) { _ in })
        #expect(try holds(.deny) { $0.mfa = .never })
        #expect(try holds(.deny) { $0.mfa = .seconds(7200) })
        #expect(try holds(.allow) { $0.mfa = .seconds(60) })
        // 1970-01-02 was a Friday.
        #expect(try holds(.allow) { $0.at = 86_400 + 9 * 3600 })
        #expect(try holds(.deny) { $0.at = 86_400 + 7 * 3600 })
        #expect(try holds(.allow) { $0.country = CountryCode("DE") })
    }
}
