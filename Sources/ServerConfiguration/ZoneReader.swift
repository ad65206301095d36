import CivilTime

/// The time zones that a policy's hours are told in, from the system's database: each is read once.
///
/// A table covers from a day before now to 400 days after, so whoever keeps a policy in force longer reads it again.
struct ZoneReader {
    static var directory: String { "/usr/share/zoneinfo" }
    static var expectedHours: String { "hours such as \"Mon-Fri 08:00-19:00 Europe/Berlin\"" }
    private static var day: Int { 86_400 }

    private(set) var tables: [String: ZoneTable] = [:]
    private let files: Files
    private let now: Int
    private var names: [String]?

    init(files: Files, now: Int) {
        self.files = files
        self.now = now
    }

    /// Reports a zone that there is not.
    mutating func load(_ name: String, at position: Position, _ report: inout Report) -> Bool {
        if tables[name] != nil { return true }
        if let table = table(name, from: now - Self.day, until: now + 400 * Self.day) {
            tables[name] = table
            return true
        }
        let isInstalled = name == "UTC" || !knownNames().isEmpty
        report.error(
            at: position,
            isInstalled
                ? "there is no time zone \"\(name)\""
                : "there is no time zone \"\(name)\": this system has no time zone database (install tzdata)",
            expected: "a zone such as Europe/Berlin or UTC", suggestion: NearestWord.of(name, among: knownNames()))
        return false
    }

    /// Hours with a zone that there is; nil when theirs is none, nor near one.
    mutating func repaired(_ hours: String) -> String? {
        guard let parsed = WeeklyHours(hours) else { return nil }
        if table(parsed.zone, from: now, until: now + Self.day) != nil { return hours }
        guard let zone = NearestWord.of(parsed.zone, among: knownNames()) else { return nil }
        return hours.dropLast(parsed.zone.count) + zone
    }

    /// The same zones, known around some more moments too: tests may ask about any. Nil when that is too much.
    func tables(with moments: [Int]) -> [String: ZoneTable]? {
        guard let first = moments.min(), let last = moments.max() else { return tables }
        let (start, end) = (min(now, first) - 10 * Self.day, max(now, last) + 400 * Self.day)
        var result: [String: ZoneTable] = [:]
        for name in tables.keys {
            guard let table = table(name, from: start, until: end) else { return nil }
            result[name] = table
        }
        return result
    }

    private func table(_ name: String, from start: Int, until end: Int) -> ZoneTable? {
        guard case .success(let bytes) = files.read("\(Self.directory)/\(name)", TimeZoneFile.maximumBytes),
            let table = TimeZoneFile.parse(bytes, from: start, until: end)
        else { return name == "UTC" ? .utc : nil }
        return table
    }

    /// Those that have a place on Earth, and UTC. Source: RFC 9636 leaves names to the database; its zone.tab has them in
    /// the third column.
    private mutating func knownNames() -> [String] {
        if let names { return names }
        var found: [String] = []
        if case .success(let bytes) = files.read("\(Self.directory)/zone.tab", 1 << 20) {
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
                let columns = line.split(separator: "\t")
                if columns.count >= 3 { found.append(String(columns[2])) }
            }
            found.append("UTC")
        }
        names = found
        return found
    }
}
