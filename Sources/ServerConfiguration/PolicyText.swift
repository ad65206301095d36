import AccessPolicy
import CivilTime
import Identity

/// The small texts of a policy: what diagnostics expect of each, and what somebody most likely meant by a wrong one.
enum PolicyText {
    static var ruleName: String { "a rule name: 1 to 64 of a-z, 0-9 and \"-\"" }
    static var selector: String { "user:ADDRESS, group:NAME, tag:NAME, device:NAME or \"*\"" }
    static var service: String { "tcp/PORT, tcp/FIRST-LAST, udp/PORT, tcp, udp, icmp or any" }
    static var posture: String { "the name of a check, such as disk-encrypted: 1 to 64 of a-z, 0-9 and \"-\"" }
    static var place: String { "a country such as DE, or a network such as 192.0.2.0/24" }
    static var until: String { "a moment such as 2026-12-31T18:00:00+01:00, or a day such as 2026-12-31" }
    static var systems: [String] { ["linux", "macos", "windows", "ios", "android", "freebsd", "openbsd", "netbsd"] }

    /// A right selector near a wrong one.
    static func nearestSelector(_ text: String, groups: some Collection<GroupName>) -> String? {
        if let colon = text.firstIndex(of: ":") {
            let kind = text[..<colon]
            guard let right = NearestWord.of(String(kind), among: ["user", "group", "tag", "device"]), right != kind
            else { return nil }
            let repaired = right + text[colon...]
            return (try? Selector(parsing: repaired)) == nil ? nil : repaired
        }
        if EmailAddress(text) != nil { return "user:\(text)" }
        if ["all", "any", "everyone", "everybody", "anyone"].contains(text.lowercased()) { return "*" }
        return GroupName(text).flatMap { groups.contains($0) ? "group:\(text)" : nil }
    }

    /// A right service near a wrong one, a named one of the file among them.
    static func nearestService(_ text: String, named: some Collection<String>) -> String? {
        let lower = text.lowercased()
        if let port = wellKnown[lower] { return port }
        let candidates = [
            lower, "tcp/" + lower, lower.replacing(":", with: "/"), lower.replacing(" ", with: ""),
            lower.replacing("..", with: "-"), lower.split(separator: "/").reversed().joined(separator: "/"),
        ]
        if let right = candidates.first(where: { $0 != text && (try? Service(parsing: $0)) != nil }) { return right }
        return NearestWord.of(text, among: named + ["tcp", "udp", "icmp", "any"])
    }

    private static var wellKnown: [String: String] {
        [
            "ssh": "tcp/22", "http": "tcp/80", "https": "tcp/443", "dns": "udp/53", "rdp": "tcp/3389",
            "postgres": "tcp/5432", "postgresql": "tcp/5432", "mysql": "tcp/3306", "ping": "icmp", "*": "any",
            "all": "any", "smb": "tcp/445", "ldap": "tcp/389", "ldaps": "tcp/636", "redis": "tcp/6379",
        ]
    }

    /// Hours as they are to be written, where somebody wrote them as people do: "Monday-Friday 8-19 Europe/Berlin".
    static func nearestHours(_ text: String) -> String? {
        let words = text.split(whereSeparator: { $0 == " " || $0 == ";" }).map { word -> String in
            let kept = word.hasSuffix(",") ? word.dropLast() : word
            return times(kept) ?? days(kept) ?? String(kept)
        }
        let repaired = words.joined(separator: " ")
        return repaired != text && WeeklyHours(repaired) != nil ? repaired : nil
    }

    private static func times(_ word: Substring) -> String? {
        let ends = word.split(separator: "-", omittingEmptySubsequences: false).map { end -> String? in
            let parts = end.split(separator: ":", omittingEmptySubsequences: false).compactMap { Int($0) }
            guard let hour = parts.first, parts.count <= 2, (0...24).contains(hour) else { return nil }
            let minute = parts.count == 2 ? parts[1] : 0
            guard (0..<60).contains(minute), end.allSatisfy({ $0.isNumber || $0 == ":" }) else { return nil }
            return (hour < 10 ? "0" : "") + "\(hour):" + (minute < 10 ? "0" : "") + "\(minute)"
        }
        guard ends.count == 2, let first = ends[0], let last = ends[1] else { return nil }
        // "8-5" is hardly meant to go on until the next morning.
        guard first < last || word.contains(":") else { return nil }
        return "\(first)-\(last)"
    }

    private static func days(_ word: Substring) -> String? {
        switch word.lowercased() {
        case "daily", "everyday", "always": return "daily"
        case "weekdays", "workdays": return "Mon-Fri"
        case "weekend", "weekends": return "Sat-Sun"
        default: break
        }
        var result = ""
        var name = ""
        for character in word + "," {
            if character.isLetter {
                name.append(character)
                continue
            }
            guard character == "," || character == "-", name.count >= 2,
                let day = fullDays.first(where: { $0.lowercased().hasPrefix(name.lowercased()) })
            else { return nil }
            result += day.prefix(3) + String(character)
            name = ""
        }
        return String(result.dropLast())
    }

    private static var fullDays: [String] {
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    }
}
