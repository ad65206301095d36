import AccessPolicy
import Identity
import NetworkAddresses
import StrictJSON
import Testing

@Suite struct `The policy grammar` {
    @Test(arguments: [
        "user:alice@example.com", "group:dba", "group:Group With: colon", "tag:prod-db", "device:db-1", "*",
    ])
    func `reads and writes a selector`(_ text: String) throws {
        #expect(try Selector(parsing: text).text == text)
    }

    @Test(arguments: [
        "", "alice@example.com", "user:", "user:alice", "group:", "group: dba", "tag:Prod", "device:a.b", "host:db-1",
        "User:alice@example.com", "**", " *", "group", ":", "10.0.0.1", "group:a\nb",
    ])
    func `refuses a selector`(_ text: String) {
        #expect(throws: PolicyError.selector(text)) { try Selector(parsing: text) }
    }

    @Test(arguments: ["tcp/22", "tcp/8000-8100", "udp/53", "udp/1-65535", "icmp", "tcp", "udp", "any"])
    func `reads and writes a service`(_ text: String) throws {
        #expect(try Service(parsing: text).text == text)
    }

    @Test func `writes a range of one as a port`() throws {
        #expect(try Service(parsing: "tcp/22-22").text == "tcp/22")
    }

    @Test(arguments: [
        "", "ssh", "tcp/", "tcp/0", "tcp/65536", "tcp/022", "tcp/23-22", "tcp/1-2-3", "tcp/-5", "tcp/5-", "tcp/+5",
        "icmp/8", "any/22", "sctp/5", "TCP/22", "tcp/22 ", "tcp/٣", "/22", "tcp/99999999999999999999",
    ])
    func `refuses a service`(_ text: String) {
        #expect(throws: PolicyError.service(text)) { try Service(parsing: text) }
    }

    @Test(arguments: ["", "Prod", "a b", "é", String(repeating: "a", count: 65)])
    func `refuses a rule name outside its alphabet`(_ text: String) {
        #expect(throws: PolicyError.ruleName(text)) { try RuleName(text) }
    }

    @Test func `refuses a test about two people at once`() throws {
        let alice = try Selector(parsing: "user:alice@example.com")
        let bob = try Selector(parsing: "user:bob@example.com")
        let device = try Selector(parsing: "device:a")
        #expect(throws: PolicyError.ambiguousTest(bob)) {
            try PolicyTest(from: [alice, bob], to: [.everyone], on: .any, expect: .allow)
        }
        #expect(throws: PolicyError.ambiguousTest(device)) {
            try PolicyTest(from: [alice], to: [device, device], on: .any, expect: .deny)
        }
    }
}

@Suite struct `A rule as JSON` {
    static let good: JSON = [
        "name": "dba-to-db", "source": ["group:dba", "*"], "destination": ["tag:prod-db"],
        "allow": ["tcp/5432", "icmp"],
    ]

    @Test func `survives the way there and back`() throws {
        #expect(try Rule(json: Self.good).json == Self.good)
        var random = RandomPolicies(seed: 7)
        for _ in 0..<200 {
            for rule in try random.policy().rules where !rule.allow.isEmpty {
                #expect(try Rule(json: rule.json) == rule)
            }
        }
    }

    @Test(
        arguments: [
            ("name", nil, PolicyError.member("name")), ("name", 5, .member("name")), ("name", "A", .ruleName("A")),
            ("source", nil, .member("source")), ("source", [], .member("source")), ("source", "*", .member("source")),
            ("source", [1], .member("source")), ("source", ["x"], .selector("x")),
            ("destination", nil, .member("destination")), ("destination", ["x"], .selector("x")),
            ("allow", [], .member("allow")), ("allow", ["ssh"], .service("ssh")),
            ("when", [:], .member("when")), ("until", "2030-01-01", .unknownMember("until")),
        ] as [(String, JSON?, PolicyError)])
    func `is refused when a member is wrong or unknown`(_ name: String, _ value: JSON?, _ error: PolicyError) {
        var members = Self.good.objectValue ?? [:]
        members[name] = value
        #expect(throws: error) { try Rule(json: .object(members)) }
    }

    @Test func `is refused when a list is too long`() {
        var members = Self.good.objectValue ?? [:]
        members["allow"] = .array(Array(repeating: "any", count: 1001))
        #expect(throws: PolicyError.member("allow")) { try Rule(json: .object(members)) }
    }

    @Test func `is refused when it is no object`() {
        #expect(throws: PolicyError.member("rule")) { try Rule(json: []) }
    }
}
