import AccessPolicy
import Identity
import NetworkAddresses
import Testing

/// A rule from texts.
func rule(_ name: String, _ sources: [String], _ destinations: [String], _ allow: [String]) throws -> Rule {
    Rule(
        name: try RuleName(name), sources: try sources.map(Selector.init(parsing:)),
        destinations: try destinations.map(Selector.init(parsing:)), allow: try allow.map(Service.init(parsing:)))
}

func principal(_ selectors: String...) throws -> Principal {
    Principal(describedBy: try selectors.map(Selector.init(parsing:)))
}

private func office() throws -> Policy {
    Policy(
        rules: [
            try rule("interns-web", ["group:interns"], ["tag:web"], ["tcp/80"]),
            try rule("dba-db", ["group:dba"], ["tag:prod-db"], ["tcp/5432"]),
            try rule("staff-web", ["group:interns", "group:dba"], ["device:web-1"], ["tcp/8000-8100", "tcp/80"]),
        ], revision: "office")
}

@Suite struct `A decision` {
    @Test func `names the first rule that allows`() throws {
        let decision = try office().decide(
            source: principal("group:interns", "user:bob@example.com"),
            destination: principal("tag:web", "device:web-1"),
            protocol: .tcp, port: 80, now: 1000)
        #expect(decision.verdict == .allowed(by: try RuleName("interns-web")))
        #expect(decision.nearMisses.isEmpty)
        #expect(
            decision.explanation == "Rule interns-web lets bob@example.com (groups: interns) reach web-1 on tcp/80.")
    }

    @Test func `refuses without a rule, even between one person's devices`() throws {
        let laptop = try principal("user:alice@example.com", "device:laptop")
        let phone = try principal("user:alice@example.com", "device:phone")
        let decision = try office().decide(source: laptop, destination: phone, protocol: .icmp, port: nil, now: 1000)
        #expect(decision.verdict == .refused([.noRuleNamesSource]))
        #expect(
            decision.explanation
                == "No rule lets alice@example.com (no groups) reach phone on icmp. No rule for phone names this "
                + "person, their groups, or device laptop. Ask your administrator to allow icmp on phone to this person."
        )
    }

    @Test func `tells of rules for another service first`() throws {
        let decision = try office().decide(
            source: principal("group:interns", "user:bob@example.com"), destination: principal("device:web-1"),
            protocol: .tcp, port: 5432, now: 1000)
        #expect(
            decision.nearMisses == [
                .ruleForOtherService(
                    try RuleName("staff-web"), [try Service(parsing: "tcp/8000-8100"), try Service(parsing: "tcp/80")]),
                .ruleForOtherDestination(try RuleName("interns-web"), [try Selector(parsing: "tag:web")]),
            ])
        #expect(
            decision.explanation
                == "No rule lets bob@example.com (groups: interns) reach web-1 on tcp/5432. Rule staff-web allows "
                + "bob@example.com only tcp/8000-8100, tcp/80 there. Ask your administrator to allow tcp/5432 on web-1 "
                + "to this person or one of their groups.")
    }

    @Test func `tells of rules for another destination`() throws {
        let decision = try office().decide(
            source: principal("group:dba", "user:eve@example.com", "tag:ci"), destination: principal("device:mail"),
            protocol: .udp, port: 53, now: 1000)
        #expect(
            decision.explanation
                == "No rule lets eve@example.com (groups: dba; tags: ci) reach mail on udp/53. Rule dba-db is only for "
                + "tag:prod-db. Rule staff-web is only for device:web-1. Ask your administrator to allow udp/53 on mail "
                + "to this person or one of their groups.")
    }

    @Test func `is one short line whatever the names hold`() throws {
        var source = try principal("device:laptop")
        source.displayName = "Bob\n\u{1B}[31mroot\u{202E}"
        for index in 0..<500 { source.groups.formUnion(GroupName("group-\(index)").map { [$0] } ?? []) }
        let rules = try (0..<500).map { try rule("r\($0)", ["*"], ["tag:x"], ["any"]) }
        let text = Policy(rules: rules, revision: "r").decide(
            source: source, destination: try principal("device:db"), protocol: .tcp, port: 1, now: 1000
        ).explanation
        #expect(text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control && $0 != "\u{202E}" })
        #expect(text.contains("and 492 more") && text.contains("496 more rules are as near."))
        #expect(text.utf8.count < 1000)
    }
}

@Suite struct `The grants` {
    @Test func `are merged, disjoint and in order`() throws {
        let policy = Policy(
            rules: [
                try rule("a", ["*"], ["*"], ["tcp/22", "udp/53", "tcp/23-25", "tcp/22"]),
                try rule("b", ["*"], ["*"], ["tcp/20-30", "icmp"]), try rule("c", ["*"], ["*"], ["tcp", "tcp/5000"]),
                try rule("d", ["*"], ["*"], ["any", "udp/99"]), try rule("e", ["*"], ["*"], ["udp"]),
            ], revision: "r")
        let someone = try principal("*")
        let grants = policy.grants(from: someone, to: someone, now: 1000).list.map { "\($0.service.text) \($0.rule)" }
        #expect(
            grants == [
                "tcp/20-21 b", "tcp/22-25 a", "tcp/26-30 b", "udp/53 a", "tcp c", "icmp b", "any d",
            ])
    }
}

@Suite struct `Policy tests` {
    @Test(
        arguments: [
            (["group:interns"], ["tag:web"], "tcp/80", "allow", nil),
            (["group:interns"], ["tag:web"], "tcp/81", "deny", nil),
            (["group:interns"], ["tag:web"], "tcp/80-81", "allow", 81),
            (["group:interns"], ["tag:web"], "tcp/79-81", "deny", 80),
            (["group:interns"], ["tag:web"], "any", "deny", 80),
            (["group:interns"], ["tag:prod-db"], "any", "deny", nil),
            (["user:alice@example.com"], ["tag:prod-db"], "tcp/5432", "allow", 5432),
            (["user:alice@example.com", "group:dba"], ["tag:prod-db"], "tcp/5432", "allow", nil),
            (["group:dba"], ["device:web-1"], "tcp/8000-8100", "allow", nil),
            (["group:dba"], ["device:web-1"], "tcp/8000-8101", "allow", 8101),
            (["*"], ["*"], "any", "deny", nil),
        ] as [([String], [String], String, String, UInt16?)])
    func `fail at the first port that disagrees`(
        _ from: [String], _ to: [String], _ on: String, _ expect: String, _ port: UInt16?
    ) throws {
        let expectation = try #require(PolicyTest.Expectation(rawValue: expect))
        let test = try PolicyTest(
            from: from.map(Selector.init(parsing:)), to: to.map(Selector.init(parsing:)), on: Service(parsing: on),
            expect: expectation)
        let failures = Policy(rules: try office().rules, tests: [test], revision: "r").failures(now: 1000)
        #expect(failures.map(\.decision.attempt.port) == (port == nil ? [] : [port]))
        #expect(failures.allSatisfy { $0.index == 0 && $0.test == test })
    }

    @Test func `may know more of a person than the file does`() throws {
        let test = try PolicyTest(
            from: [Selector(parsing: "user:alice@example.com")], to: [Selector(parsing: "tag:prod-db")],
            on: Service(parsing: "tcp/5432"), expect: .allow)
        let policy = Policy(rules: try office().rules, tests: [test], revision: "r")
        let dba = try Selector(parsing: "group:dba")
        #expect(policy.failures(now: 1000).count == 1)
        #expect(policy.failures(now: 1000) { Principal(describedBy: $0 + [dba]) }.isEmpty)
    }
}
