import AccessPolicy
import Identity
import NetworkAddresses

/// A repeatable source of randomness. Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators" (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
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

/// Policies and principals over a small vocabulary, so that they meet often.
struct RandomPolicies {
    var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func policy() throws -> Policy {
        var rules: [Rule] = []
        for index in 0..<Int.random(in: 0...6, using: &generator) {
            rules.append(
                Rule(
                    name: try RuleName("rule-\(index)"), sources: try selectors(), destinations: try selectors(),
                    allow: try services()))
        }
        return Policy(rules: rules, revision: "random")
    }

    mutating func principal() throws -> Principal {
        var selectors: [Selector] = []
        for text in ["group:dba", "group:ops", "group:interns", "tag:prod", "tag:web"] where chance(3) {
            selectors.append(try Selector(parsing: text))
        }
        if chance(2) { selectors.append(try Selector(parsing: pick(["user:a@example.com", "user:b@example.com"]))) }
        if chance(2) { selectors.append(try Selector(parsing: pick(["device:db-1", "device:web-1"]))) }
        return Principal(describedBy: selectors)
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &generator)]
    }

    private mutating func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &generator) == 0 }

    private mutating func selectors() throws -> [Selector] {
        let texts = [
            "user:a@example.com", "user:b@example.com", "group:dba", "group:ops", "group:interns", "tag:prod",
            "tag:web", "device:db-1", "device:web-1", "*",
        ]
        return try (0..<Int.random(in: 1...2, using: &generator)).map { _ in try Selector(parsing: pick(texts)) }
    }

    private mutating func services() throws -> [Service] {
        let texts = [
            "tcp/22", "tcp/21-23", "tcp/22-24", "tcp/1-20", "tcp/65535", "tcp/1-65535", "udp/53", "udp/50-60", "tcp",
            "udp", "icmp", "any",
        ]
        return try (0..<Int.random(in: 0...3, using: &generator)).map { _ in try Service(parsing: pick(texts)) }
    }
}

/// The same questions answered the slow and obvious way, from the rules' texts alone.
struct Oracle {
    let policy: Policy

    func rule(_ source: Principal, _ destination: Principal, _ transport: TransportProtocol, _ port: UInt16?)
        -> RuleName?
    {
        for rule in policy.rules {
            for from in rule.sources where holds(source, from.text) {
                for to in rule.destinations where holds(destination, to.text) {
                    for service in rule.allow where covers(service.text, transport, port) { return rule.name }
                }
            }
        }
        return nil
    }

    func mayTalk(_ first: Principal, _ second: Principal) -> Bool {
        [(first, second), (second, first)].contains { source, destination in
            TransportProtocol.allCases.contains { transport in
                Self.ports(of: transport).contains { rule(source, destination, transport, $0) != nil }
            }
        }
    }

    /// Every port at which an answer can differ in this vocabulary, and the ones beside it.
    static func ports(of transport: TransportProtocol) -> [UInt16?] {
        transport == .icmp
            ? [nil] : [nil, 0, 1, 2, 19, 20, 21, 22, 23, 24, 25, 49, 50, 52, 53, 54, 60, 61, 65534, 65535]
    }

    private func holds(_ principal: Principal, _ text: String) -> Bool {
        var facts: Set = ["*", "device:\(principal.host)"]
        facts.formUnion(principal.groups.map { "group:\($0)" })
        facts.formUnion(principal.tags.map { "tag:\($0)" })
        if let email = principal.email { facts.insert("user:\(email)") }
        return facts.contains(text)
    }

    private func covers(_ service: String, _ transport: TransportProtocol, _ port: UInt16?) -> Bool {
        if service == "any" || service == transport.rawValue { return true }
        let parts = service.split(separator: "/")
        guard parts.count == 2, parts[0] == transport.rawValue, let port else { return false }
        let bounds = parts[1].split(separator: "-").compactMap { Int($0) }
        return bounds[0] <= Int(port) && Int(port) <= bounds[bounds.count - 1]
    }
}
