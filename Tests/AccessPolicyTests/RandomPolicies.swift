import AccessPolicy
import CivilTime
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
                    allow: try services(), conditions: try chance(2) ? conditions() : Conditions()))
        }
        return Policy(rules: rules, zones: ["Etc/UTC": .utc], revision: "random")
    }

    /// Hours from some minute of 1970-01-01 on, a Thursday; ages, ends and moments are a few minutes.
    mutating func conditions() throws -> Conditions {
        var conditions = Conditions()
        if chance(3) { conditions.mfa = pick([60, 120, 300]) }
        if chance(4) { conditions.authAge = pick([60, 180]) }
        if chance(5) { conditions.sessionAge = pick([240, 600]) }
        if chance(4) { conditions.until = pick([1100, 1300, 2000]) }
        if chance(4) {
            conditions.hours = WeeklyHours(
                pick(["Thu 00:18-00:20 Etc/UTC", "daily 00:19-00:17 Etc/UTC", "Thu 00:00-24:00 No/Where"]))
        }
        if chance(5) { conditions.posture = try pick([["disk"], ["disk", "patched"]]).map { try PostureCheck($0) } }
        if chance(5) { conditions.countries = Set(pick([["DE"], ["DE", "AT"]]).compactMap { CountryCode($0) }) }
        if chance(5) { conditions.networks = ["192.0.2.0/24", "2001:db8::/32"].compactMap { IPPrefix($0) } }
        if chance(6) { conditions.operatingSystems = ["linux"] }
        if chance(6) { conditions.managed = pick([true, false]) }
        return conditions
    }

    mutating func context() throws -> Context {
        var context = Context()
        if chance(2) { context.mfaAt = pick([900, 1000, 1040, 1100, 5000, .max]) }
        if chance(2) { context.authTime = pick([900, 1000, 1100]) }
        if chance(2) { context.sessionStartedAt = pick([500, 1000, 1100]) }
        if chance(2) {
            context.posture = PostureReport(
                takenAt: pick([0, 200, 900, 1010, .max]),
                checks: [
                    try PostureCheck("disk"): pick(PostureReport.Result.allCases),
                    try PostureCheck("patched"): pick(PostureReport.Result.allCases),
                ])
        }
        if chance(2) { context.country = CountryCode(pick(["DE", "AT", "FR"])) }
        if chance(2) { context.address = IPAddress(pick(["192.0.2.7", "198.51.100.1", "2001:db8::1"])) }
        if chance(2) { context.placeUntil = pick([900, 1000, 1050, 1200, 5000, .max]) }
        if chance(2) { context.operatingSystem = pick(["linux", "windows"]) }
        if chance(2) { context.isManaged = pick([true, false]) }
        return context
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

    func rule(
        _ source: Principal, _ destination: Principal, _ transport: TransportProtocol, _ port: UInt16?,
        _ context: Context, _ now: Int
    ) -> RuleName? {
        for rule in policy.rules where holds(rule.conditions, context, now) {
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
                Self.ports(of: transport).contains { port in
                    policy.rules.contains { rule in
                        rule.sources.contains { holds(source, $0.text) }
                            && rule.destinations.contains { holds(destination, $0.text) }
                            && rule.allow.contains { covers($0.text, transport, port) }
                    }
                }
            }
        }
    }

    /// Each condition by itself, from its meaning in the documentation.
    private func holds(_ conditions: Conditions, _ context: Context, _ now: Int) -> Bool {
        func isRecent(_ moment: Int?, _ age: Int?) -> Bool {
            guard let age else { return true }
            guard let moment, moment <= now + 60 else { return false }
            return now - moment < age
        }
        guard isRecent(context.mfaAt, conditions.mfa), isRecent(context.authTime, conditions.authAge),
            isRecent(context.sessionStartedAt, conditions.sessionAge)
        else { return false }
        for check in conditions.posture {
            guard let report = context.posture, report.checks[check] == .pass, isRecent(report.takenAt, 900) else {
                return false
            }
        }
        if let until = conditions.until, now >= until { return false }
        if let hours = conditions.hours {
            // The vocabulary's hours, in minutes of the first days of 1970.
            let minute = (now / 60) % 1440
            switch hours.text {
            case "Thu 00:18-00:20 Etc/UTC": guard (18..<20).contains(minute), now / 86_400 == 0 else { return false }
            case "daily 00:19-00:17 Etc/UTC": guard minute >= 19 || minute < 17 else { return false }
            default: return false
            }
        }
        if !conditions.countries.isEmpty || !conditions.networks.isEmpty {
            let inCountry = context.country.map { conditions.countries.contains($0) } ?? false
            let inNetwork = context.address.map { address in conditions.networks.contains { $0.contains(address) } }
            guard inCountry || inNetwork ?? false, now < context.placeUntil ?? .max else { return false }
        }
        if !conditions.operatingSystems.isEmpty {
            guard let system = context.operatingSystem, conditions.operatingSystems.contains(system) else {
                return false
            }
        }
        if let managed = conditions.managed { return context.isManaged == managed }
        return true
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
