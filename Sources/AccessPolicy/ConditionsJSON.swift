internal import CivilTime
internal import NetworkAddresses
package import StrictJSON

extension Conditions {
    /// No list of conditions may be longer than this.
    package static var maximumListLength: Int { 256 }
    /// No age may be larger: a year.
    package static var largestAge: Int { 31_622_400 }

    /// As a signed policy slice carries it: `mfa`, `auth_age`, `session_age` (seconds), `posture`, `countries`,
    /// `networks`, `os` (lists of text), `hours` (text), `until` (seconds since the epoch), `managed`. What is not asked is absent.
    package var json: JSON {
        var members: [String: JSON] = [:]
        members["mfa"] = mfa.map { .integer($0) }
        members["auth_age"] = authAge.map { .integer($0) }
        members["session_age"] = sessionAge.map { .integer($0) }
        members["hours"] = hours.map { .string($0.text) }
        members["until"] = until.map { .integer($0) }
        members["managed"] = managed.map { .bool($0) }
        let lists = [
            ("posture", posture.map(\.text)), ("countries", countries.sorted().map(\.text)),
            ("networks", networks.map(\.description)), ("os", operatingSystems.sorted()),
        ]
        for (name, list) in lists where !list.isEmpty { members[name] = .array(list.map { .string($0) }) }
        return .object(members)
    }

    /// Refuses members that it does not know and empty lists: a condition that is ignored would widen the rule.
    package init(json: JSON) throws(PolicyError) {
        guard let members = json.objectValue, !members.isEmpty else { throw .member("when") }
        let known: Set = [
            "mfa", "auth_age", "session_age", "posture", "hours", "countries", "networks", "until", "os", "managed",
        ]
        if let unknown = members.keys.filter({ !known.contains($0) }).min() { throw .unknownMember("when.\(unknown)") }
        self.init()
        mfa = try Self.age("mfa", of: members)
        authAge = try Self.age("auth_age", of: members)
        sessionAge = try Self.age("session_age", of: members)
        posture = try Self.list("posture", of: members) { try? PostureCheck($0) }
        countries = Set(try Self.list("countries", of: members) { CountryCode($0) })
        networks = try Self.list("networks", of: members) { IPPrefix($0) }
        operatingSystems = Set(try Self.list("os", of: members) { Self.isSystemName($0) ? $0 : nil })
        if let value = members["hours"] {
            guard let hours = value.stringValue.flatMap({ WeeklyHours($0) }) else { throw .member("when.hours") }
            self.hours = hours
        }
        if let value = members["until"] {
            guard let until = value.integerValue, (0...ZoneTable.latest).contains(until) else {
                throw .member("when.until")
            }
            self.until = until
        }
        if let value = members["managed"] {
            guard let managed = value.boolValue else { throw .member("when.managed") }
            self.managed = managed
        }
    }

    /// 1…32 bytes of `[a-z0-9-]`.
    package static func isSystemName(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count) && (try? PostureCheck(text)) != nil
    }

    private static func age(_ name: String, of members: [String: JSON]) throws(PolicyError) -> Int? {
        guard let value = members[name] else { return nil }
        guard let seconds = value.integerValue, (1...largestAge).contains(seconds) else {
            throw .member("when.\(name)")
        }
        return seconds
    }

    private static func list<Element>(
        _ name: String, of members: [String: JSON], _ parse: (String) -> Element?
    ) throws(PolicyError) -> [Element] {
        guard let value = members[name] else { return [] }
        guard let elements = value.arrayValue, (1...maximumListLength).contains(elements.count) else {
            throw .member("when.\(name)")
        }
        var result: [Element] = []
        for element in elements {
            guard let parsed = element.stringValue.flatMap(parse) else { throw .member("when.\(name)") }
            result.append(parsed)
        }
        return result
    }
}
