import AccessPolicy
import CivilTime
import NetworkAddresses

/// A rule's `when`.
extension PolicyReader {
    static var conditionKeys: [String] {
        ["mfa", "auth_age", "session_age", "posture", "hours", "from", "until", "device"]
    }
    static var deviceKeys: [String] { ["os", "managed"] }

    /// No conditions when the key is absent; nil when something was reported. A key without a value is an error: a
    /// condition that is ignored would widen the rule.
    mutating func conditions(_ key: String, of section: Section) -> Conditions? {
        guard section.keyPosition(key) != nil else { return Conditions() }
        let before = report.count
        let expected = "conditions: " + Self.conditionKeys.joined(separator: ", ")
        guard let node = section.required(key, expected: expected, &report),
            let when = Section(node, name: "\(section.name).\(key)", keys: Self.conditionKeys, &report)
        else { return nil }
        var conditions = Conditions()
        conditions.mfa = age("mfa", of: when)
        conditions.authAge = age("auth_age", of: when)
        conditions.sessionAge = age("session_age", of: when)
        if let node = given("posture", of: when, expected: PolicyText.posture) {
            conditions.posture = limited(
                node,
                report.values(node, expected: PolicyText.posture) {
                    try? PostureCheck($0)
                }
            ).sorted()
        }
        conditions.hours = given("hours", of: when, expected: ZoneReader.expectedHours).flatMap { hours($0) }
        if let node = given("from", of: when, expected: PolicyText.place) { places(node, &conditions) }
        conditions.until = given("until", of: when, expected: PolicyText.until).flatMap { node in
            report.value(node, expected: PolicyText.until) { MomentText.end($0) }
        }
        if let node = given("device", of: when, expected: "os or managed") {
            device(node, "\(when.name).device", &conditions)
        }
        return report.count == before ? conditions : nil
    }

    /// Nil when the key is absent; an empty one is reported.
    func isGiven(_ key: String, _ section: Section) -> Bool { section.keyPosition(key) != nil }

    mutating func given(_ key: String, of section: Section, expected: String) -> YAMLNode? {
        isGiven(key, section) ? section.required(key, expected: expected, &report) : nil
    }

    private mutating func age(_ key: String, of section: Section) -> Int? {
        given(key, of: section, expected: "a duration such as 1h or 30m").flatMap { node in
            report.duration(node, within: .seconds(1)...Self.largestAge, words: "1s to 366d")
        }.map { Int($0.components.seconds) }
    }

    static var largestAge: Duration { .seconds(Conditions.largestAge) }

    private mutating func hours(_ node: YAMLNode) -> WeeklyHours? {
        guard let text = report.text(node, expected: ZoneReader.expectedHours) else { return nil }
        guard let hours = WeeklyHours(text) else {
            report.error(
                at: node.position, "these hours are wrong", found: node.description,
                expected: ZoneReader.expectedHours,
                suggestion: PolicyText.nearestHours(text).flatMap { zones.repaired($0) })
            return nil
        }
        return zones.load(hours.zone, at: node.position, &report) ? hours : nil
    }

    private mutating func places(_ node: YAMLNode, _ conditions: inout Conditions) {
        var networks: Set<IPPrefix> = []
        var country: PolicyDocument.CountryMention?
        for element in limited(node, report.elements(node, expected: PolicyText.place)) {
            guard let place = place(element) else { continue }
            let isNew =
                switch place {
                case .country(let country): conditions.countries.insert(country).inserted
                case .network(let network): networks.insert(network).inserted
                }
            if case .country(let code) = place, country == nil {
                country = PolicyDocument.CountryMention(position: element.position, code: code)
            }
            if !isNew { report.error(at: element.position, "this is given twice", found: element.description) }
        }
        if let country { countries.append(country) }
        conditions.networks = networks.map { ($0.description, $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    enum Place {
        case country(CountryCode)
        case network(IPPrefix)
    }

    mutating func place(_ node: YAMLNode) -> Place? {
        guard let text = report.text(node, expected: PolicyText.place) else { return nil }
        if let network = IPPrefix(text) { return .network(network) }
        if let country = Countries.named(text) { return .country(country) }
        report.error(
            at: node.position, "this is no country or network", found: node.description, expected: PolicyText.place,
            suggestion: Countries.nearest(text) ?? Self.network(around: text))
        return nil
    }

    /// "192.0.2.7/24" is meant to be its network.
    private static func network(around text: String) -> String? {
        let parts = text.split(separator: "/")
        guard parts.count == 2, let address = IPAddress(parts[0]), let length = Int(parts[1]) else { return nil }
        var bytes = address.bytes
        for index in bytes.indices {
            let kept = min(8, max(0, length - index * 8))
            bytes[index] &= UInt8(truncatingIfNeeded: 0xFF00 >> kept)
        }
        return IPAddress(bytes: bytes).flatMap { IPPrefix($0, length: length) }?.description
    }

    private mutating func device(_ node: YAMLNode, _ name: String, _ conditions: inout Conditions) {
        guard let section = Section(node, name: name, keys: Self.deviceKeys, &report) else { return }
        let expected = "operating systems, such as linux"
        if let node = given("os", of: section, expected: expected) {
            let systems = limited(
                node,
                report.values(node, expected: expected) {
                    Conditions.isSystemName($0) ? $0 : nil
                })
            conditions.operatingSystems = Set(systems)
            for system in systems where !PolicyText.systems.contains(system) {
                let near = NearestWord.of(system, among: PolicyText.systems).map { "; did you mean \"\($0)\"?" } ?? ""
                report.warning(
                    at: node.position, "no device is known to call its operating system \"\(system)\"\(near)")
            }
        }
        if let node = given("managed", of: section, expected: "true or false") {
            conditions.managed = report.bool(node)
        }
        if !isGiven("os", section), !isGiven("managed", section) {
            report.error(at: section.position, "\(name) asks for nothing", expected: "os or managed")
        }
    }

    /// Agents refuse longer lists.
    private mutating func limited<Element>(_ node: YAMLNode, _ elements: [Element]) -> [Element] {
        guard elements.count > Conditions.maximumListLength else { return elements }
        report.error(
            at: node.position, "this list is too long", found: "\(elements.count) elements",
            expected: "at most \(Conditions.maximumListLength)")
        return []
    }
}
