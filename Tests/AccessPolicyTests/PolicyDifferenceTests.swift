import AccessPolicy
import Identity
import NetworkAddresses
import Testing

private func selectors(_ text: String) throws -> [Selector] {
    try text.split(separator: " ").map { try Selector(parsing: String($0)) }
}

private func rule(
    _ name: String, _ from: String, _ to: String, _ allow: String, _ conditions: Conditions = Conditions()
) throws -> Rule {
    Rule(
        name: try RuleName(name), sources: try selectors(from), destinations: try selectors(to),
        allow: try allow.split(separator: " ").map { try Service(parsing: String($0)) }, conditions: conditions)
}

private func person(_ name: String, _ groups: String) throws -> PolicyParty {
    var principal = Principal(describedBy: [try Selector(parsing: "user:\(name)@example.com")])
    principal.groups = Set(groups.split(separator: " ").compactMap { GroupName(String($0)) })
    return PolicyParty(name: "user:\(name)@example.com", principal: principal, isPerson: true)
}

private func device(_ name: String, _ tags: String) throws -> PolicyParty {
    var principal = Principal(describedBy: [try Selector(parsing: "device:\(name)")])
    principal.tags = Set(tags.split(separator: " ").compactMap { TagName(String($0)) })
    return PolicyParty(name: "device:\(name)", principal: principal, isPerson: false)
}

private func recent(_ age: Int) -> Conditions {
    var conditions = Conditions()
    conditions.mfa = age
    return conditions
}

@Suite struct `Facts that are given` {
    @Test func `are told in words`() throws {
        var facts = GivenFacts()
        #expect(facts.words == "")
        facts.mfa = .never
        facts.sessionAge = .seconds(5400)
        facts.at = 86_400
        facts.country = CountryCode("FR")
        facts.posture = [try PostureCheck("disk-encrypted"): .unknown]
        facts.operatingSystem = "linux"
        facts.isManaged = false
        #expect(
            facts.words
                == "mfa never, session_age 1h 30m, at 1970-01-02 00:00 UTC, from FR, disk-encrypted unknown, on linux, "
                + "not managed")
    }
}

@Suite struct `The difference of two policies` {
    private static func lines(_ old: [Rule], _ new: [Rule], groups: [String: String] = [:]) throws -> [String] {
        let sources = [
            try person("alice", "dba staff"), try person("bob", "dba staff"), try person("carol", "staff"),
            try person("dave", ""), try device("ci", "runner"),
        ]
        let destinations = [
            try device("db-1", "db"), try device("db-2", "db"), try device("wiki", "web"), try device("ci", "runner"),
        ]
        var definitions: [GroupName: [Selector]] = [:]
        for (name, members) in groups {
            definitions[try #require(GroupName(name))] = try selectors(members)
        }
        let before = Policy(rules: old, revision: "1")
        let after = Policy(rules: new, localGroups: try LocalGroups(definitions), revision: "2")
        let difference = PolicyDifference(from: before, to: after, sources: sources, destinations: destinations)
        let text = PolicyDifferenceText(sources: sources, destinations: destinations, policy: after)
        return difference.blocks.map(text.line) + difference.dormant.map(PolicyDifferenceText.line)
    }

    @Test func `is nothing where only names and order differ`() throws {
        let first = try rule("a", "group:dba", "tag:db", "tcp/22 tcp/23")
        let second = try rule("b", "*", "tag:web", "any")
        let renamed = try rule("c", "*", "tag:web", "any")
        #expect(try Self.lines([first, second], [renamed, first]) == [])
        // The same ports, said otherwise.
        #expect(try Self.lines([first], [try rule("a", "group:dba", "tag:db", "tcp/22-23")]) == [])
        // What another rule allows anyway.
        #expect(try Self.lines([second], [second, try rule("d", "group:dba", "device:wiki", "tcp/80")]) == [])
    }

    @Test func `names groups and tags where all of them change, and people where some do`() throws {
        let wiki = try rule("wiki", "*", "tag:web", "tcp/443")
        let dba = try rule("dba", "group:dba", "tag:db", "tcp/22 tcp/5432")
        #expect(
            try Self.lines([wiki, dba], [wiki, try rule("dba", "group:dba", "tag:db", "tcp/5432 tcp/5433")]) == [
                "group:dba (2) -> tag:db (2): gains tcp/5433; loses tcp/22"
            ])
        #expect(
            try Self.lines([], [try rule("x", "user:alice@example.com group:staff", "device:db-1", "udp")]) == [
                "group:staff (3) -> device:db-1: gains udp"
            ])
        #expect(
            try Self.lines([dba], [try rule("x", "user:alice@example.com", "tag:db", "tcp/22 tcp/5432")]) == [
                "user:bob@example.com -> tag:db (2): loses tcp/22, tcp/5432"
            ])
        #expect(try Self.lines([], [try rule("x", "*", "*", "any")]) == ["everyone (5) -> all devices (4): gains any"])
        #expect(
            try Self.lines([], [try rule("x", "tag:runner", "tag:db", "tcp/22")]) == [
                "device:ci -> tag:db (2): gains tcp/22"
            ])
    }

    @Test func `tells of conditions`() throws {
        let always = try rule("a", "group:dba", "tag:db", "tcp/22")
        let sometimes = try rule("a", "group:dba", "tag:db", "tcp/22", recent(3600))
        #expect(
            try Self.lines([always], [sometimes]) == [
                "group:dba (2) -> tag:db (2): keeps tcp/22, now only with MFA within 1h (was always)"
            ])
        #expect(
            try Self.lines([sometimes], [try rule("a", "group:dba", "tag:db", "tcp/22", recent(7200))]) == [
                "group:dba (2) -> tag:db (2): keeps tcp/22, now only with MFA within 2h (was only with MFA within 1h)"
            ])
        var ending = Conditions()
        ending.until = 86_400
        #expect(
            try Self.lines([], [try rule("a", "group:dba", "tag:db", "tcp/22", ending)]) == [
                "group:dba (2) -> tag:db (2): gains tcp/22 until 1970-01-02 00:00 UTC"
            ])
        // What is open anyway is not open under conditions.
        #expect(try Self.lines([always], [always, sometimes]) == [])
        #expect(
            try Self.lines([], [sometimes]) == ["group:dba (2) -> tag:db (2): gains tcp/22 with MFA within 1h"])
    }

    @Test func `tells what stays open under other conditions, whatever else the same people gain and lose`() throws {
        let before = try rule("a", "group:dba", "device:db-1", "tcp/5432", recent(3600))
        let after = try rule("a", "group:dba", "device:db-1 device:wiki", "tcp/5432")
        #expect(
            try Set(Self.lines([before], [after])) == [
                "group:dba (2) -> device:db-1: keeps tcp/5432, now always (was only with MFA within 1h)",
                "group:dba (2) -> device:wiki: gains tcp/5432",
            ])
        // Of a range the part that stays.
        let wide = try rule("a", "group:dba", "device:db-1", "tcp/20-30", recent(3600))
        #expect(
            try Self.lines([wide], [try rule("a", "group:dba", "device:db-1", "tcp/25-40")]) == [
                "group:dba (2) -> device:db-1: gains tcp/31-40; loses tcp/20-24 with MFA within 1h; "
                    + "keeps tcp/25-30, now always (was only with MFA within 1h)"
            ])
        // What was open in two ways, and is in one of them, is no less open.
        let other = try rule("b", "group:dba", "device:db-1", "tcp/25", recent(60))
        #expect(
            try Self.lines([wide, other], [wide]) == ["group:dba (2) -> device:db-1: loses tcp/25 with MFA within 1m"])
    }

    @Test func `follows local groups that change`() throws {
        let dba = try rule("dba", "group:dba", "tag:db", "tcp/22")
        #expect(
            try Self.lines([dba], [dba], groups: ["dba": "user:carol@example.com user:dave@example.com"]) == [
                "user:alice@example.com, user:bob@example.com -> tag:db (2): loses tcp/22",
                "group:dba (2) -> tag:db (2): gains tcp/22",
            ])
        let outer = try rule("outer", "group:outer", "tag:db", "tcp/22")
        #expect(
            try Self.lines([outer], [outer], groups: ["inner": "user:dave@example.com", "outer": "group:inner"]) == [
                "user:dave@example.com -> tag:db (2): gains tcp/22"
            ])
    }

    @Test func `tells of rules that concern nobody now`() throws {
        #expect(
            try Self.lines(
                [try rule("old", "group:nobody", "tag:db", "tcp/22")], [try rule("new", "*", "tag:none", "any")])
                == [
                    "rule old goes, which concerns nobody now: group:nobody -> tag:db, tcp/22",
                    "rule new comes, which concerns nobody now: * -> tag:none, any",
                ])
    }

    /// Random policies over few names, so that much overlaps, against deciding every port of every pair under each set of
    /// conditions.
    @Test(arguments: 0..<40, [true, false]) func `is what deciding every pair says`(_ seed: Int, keepsRules: Bool)
        throws
    {
        var random = SeededNumbers(state: UInt64(seed) &* 7919 &+ (keepsRules ? 1 : 2))
        let sources = try (0..<8).map { number in
            try person("p\(number)", (0..<4).filter { _ in random.chance(2) }.map { "g\($0)" }.joined(separator: " "))
        }
        let destinations = try (0..<6).map { number in
            try device("d\(number)", (0..<3).filter { _ in random.chance(2) }.map { "t\($0)" }.joined(separator: " "))
        }
        let first = try Self.rules(&random)
        let old = try Self.policy(first, &random)
        let kept = keepsRules ? first.filter { _ in !random.chance(3) } : []
        let new = try Self.policy(kept + Self.rules(&random), &random)
        var expected: Set<Opening> = []
        for conditions in [Conditions(), recent(3600)] {
            let (before, after) = (
                try Self.openings(old, conditions, sources, destinations),
                try Self.openings(new, conditions, sources, destinations)
            )
            expected.formUnion(after.subtracting(before).map { $0.as(gain: true) })
            expected.formUnion(before.subtracting(after).map { $0.as(gain: false) })
        }
        var found: Set<Opening> = []
        let difference = PolicyDifference(from: old, to: new, sources: sources, destinations: destinations)
        for block in difference.blocks {
            // What is kept under other conditions is gained under these and lost under those.
            let change = block.change
            #expect(change.kept.allSatisfy { $0.before != $0.after })
            let opened =
                change.gained.map { ($0.services, $0.conditions) } + change.kept.map { ($0.services, $0.after) }
            let closed =
                change.lost.map { ($0.services, $0.conditions) } + change.kept.map { ($0.services, $0.before) }
            for (reaches, isGain) in [(opened, true), (closed, false)] {
                for (services, conditions) in reaches {
                    for opening in try Self.openings(services, conditions, block.sources, block.destinations) {
                        #expect(found.insert(opening.as(gain: isGain)).inserted)
                    }
                }
            }
        }
        #expect(found == expected)
        #expect(difference.pairs == Set(expected.map { [$0.source, $0.destination] }).count)
    }

    /// One service that is open to a pair under some conditions.
    private struct Opening: Hashable {
        let source: Int
        let destination: Int
        let transport: TransportProtocol
        let port: UInt16?
        let conditions: Conditions
        var isGain: Bool?

        func `as`(gain isGain: Bool) -> Opening {
            var opening = self
            opening.isGain = isGain
            return opening
        }
    }

    private static func rules(_ random: inout SeededNumbers) throws -> [Rule] {
        try (0..<random.number(8)).map { number in
            let from = ["group:g\(random.number(4))", "user:p\(random.number(8))@example.com", "*", "group:l"]
            let to = ["tag:t\(random.number(3))", "device:d\(random.number(6))", "*", "tag:none"]
            let low = 1 + random.number(9)
            let allow = ["tcp/\(low)", "tcp/\(low)-\(low + random.number(5))", "udp", "icmp", "tcp/3 udp/2", "any"]
            return try rule(
                "r\(number)", from[random.number(4)], to[random.number(4)], allow[random.number(6)],
                random.chance(3) ? recent(3600) : Conditions())
        }
    }

    private static func policy(_ rules: [Rule], _ random: inout SeededNumbers) throws -> Policy {
        let definition = try selectors("group:g\(random.number(4)) user:p\(random.number(8))@example.com")
        let name = try #require(GroupName("l"))
        return Policy(
            rules: rules, localGroups: random.chance(2) ? .none : try LocalGroups([name: definition]), revision: "r")
    }

    /// What is open under exactly these conditions and not without any.
    private static func openings(
        _ policy: Policy, _ conditions: Conditions, _ sources: [PolicyParty], _ destinations: [PolicyParty]
    ) throws -> Set<Opening> {
        func only(_ wanted: Conditions) -> Policy {
            let rules = policy.rules.filter { $0.conditions == wanted }.map {
                Rule(name: $0.name, sources: $0.sources, destinations: $0.destinations, allow: $0.allow)
            }
            return Policy(rules: rules, localGroups: policy.localGroups, revision: "r")
        }
        let (always, sometimes) = (only(Conditions()), only(conditions))
        var openings: Set<Opening> = []
        for (source, from) in sources.enumerated() {
            for (destination, to) in destinations.enumerated() {
                for (transport, port) in samples where allows(sometimes, from, to, transport, port) {
                    guard conditions.isEmpty || !allows(always, from, to, transport, port) else { continue }
                    openings.insert(
                        Opening(
                            source: source, destination: destination, transport: transport, port: port,
                            conditions: conditions))
                }
            }
        }
        return openings
    }

    private static func openings(
        _ texts: [String], _ conditions: Conditions, _ sources: [Int], _ destinations: [Int]
    ) throws -> [Opening] {
        let services = try texts.map(Service.init(parsing:))
        return sources.flatMap { source in
            destinations.flatMap { destination in
                services.flatMap { service in
                    samples.filter { service.includes($0, port: $1) }.map {
                        Opening(
                            source: source, destination: destination, transport: $0, port: $1,
                            conditions: conditions)
                    }
                }
            }
        }
    }

    private static var samples: [(TransportProtocol, UInt16?)] {
        (1...17).map { (.tcp, $0) } + [(.udp, 2), (.udp, 9), (.icmp, nil)]
    }

    private static func allows(
        _ policy: Policy, _ from: PolicyParty, _ to: PolicyParty, _ transport: TransportProtocol, _ port: UInt16?
    ) -> Bool {
        policy.decide(
            source: policy.localGroups.enriched(from.principal),
            destination: policy.localGroups.enriched(to.principal), protocol: transport, port: port, now: 0
        ).isAllowed
    }
}

private struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func number(_ below: Int) -> Int { Int.random(in: 0..<below, using: &self) }
    mutating func chance(_ of: Int) -> Bool { number(of) == 0 }
}
