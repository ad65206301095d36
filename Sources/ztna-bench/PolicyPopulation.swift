import AccessPolicy
import Identity
import NetworkAddresses

/// Numbers that are the same in every run. Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators".
struct RepeatableNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// People in groups, nodes with tags, and rules from one to the other, as a large organisation has them.
struct PolicyPopulation {
    struct Unusable: Error {}

    /// Groups and tags that no person and no node has: rules that name them concern nobody.
    static let foreign = "elsewhere"

    let people: [Principal]
    let destinations: [Principal]
    let groups: [GroupName]
    let tags: [TagName]
    /// Each person is in that many groups.
    static let groupsOfPerson = 5

    init(people: Int, groups: Int, destinations: Int, seed: UInt64 = 1) throws {
        var numbers = RepeatableNumbers(seed: seed)
        let names = try (0..<groups).map { try Self.made(GroupName("group-\($0)")) }
        let tags = try (0..<max(1, destinations / 4)).map { try Self.made(TagName("tag-\($0)")) }
        self.groups = names
        self.tags = tags
        self.people = try (0..<people).map { number in
            var principal = try Self.principal(number, host: "laptop-\(number)")
            principal.email = EmailAddress("person-\(number)@example.com")
            for _ in 0..<Self.groupsOfPerson {
                principal.groups.insert(names[Int.random(in: 0..<names.count, using: &numbers)])
            }
            return principal
        }
        self.destinations = try (0..<destinations).map { number in
            var principal = try Self.principal(people + number, host: "server-\(number)")
            principal.tags = [
                tags[Int.random(in: 0..<tags.count, using: &numbers)],
                tags[Int.random(in: 0..<tags.count, using: &numbers)],
            ]
            return principal
        }
    }

    /// Rules from a group to a tag, a tenth of them with a condition; then `idle` more, which name nobody here.
    func policy(rules: Int, idle: Int = 0, seed: UInt64 = 2) throws -> Policy {
        var numbers = RepeatableNumbers(seed: seed)
        var list: [Rule] = []
        list.reserveCapacity(rules + idle)
        for number in 0..<rules + idle {
            var conditions = Conditions()
            if number % 10 == 0 { conditions.mfa = 3600 }
            let isIdle = number >= rules
            let group =
                isIdle
                ? try Self.made(GroupName("\(Self.foreign)-\(number % 1000)"))
                : groups[Int.random(in: 0..<groups.count, using: &numbers)]
            let tag =
                isIdle
                ? try Self.made(TagName("\(Self.foreign)-\(number % 1000)"))
                : tags[Int.random(in: 0..<tags.count, using: &numbers)]
            let port = UInt16.random(in: 1...10_000, using: &numbers)
            list.append(
                Rule(
                    name: try RuleName("rule-\(number)"), sources: [.group(group)], destinations: [.tag(tag)],
                    allow: [try Service(parsing: "tcp/\(port)")], conditions: conditions))
        }
        return Policy(rules: list, revision: "\(seed)")
    }

    private static func principal(_ number: Int, host: String) throws -> Principal {
        let digits = String(number, radix: 36).uppercased()
        let id = try made(RecordID(String(repeating: "A", count: 21 - digits.utf8.count) + digits + "A"))
        return Principal(
            node: id, host: try made(HostName(host)), person: id, email: nil, displayName: host,
            provider: try made(ProviderID("corp")), groups: [], tags: [])
    }

    static func made<Value>(_ value: Value?) throws -> Value {
        guard let value else { throw Unusable() }
        return value
    }
}
