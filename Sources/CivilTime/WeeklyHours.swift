/// Hours that return each week, by the wall clock of one time zone: "Mon-Fri 08:00-19:00 Europe/Berlin".
///
/// Text: one or more of `DAYS HH:MM-HH:MM`, perhaps separated by commas, then the zone. Days: `Mon`, `Mon-Fri`,
/// `Mon,Wed,Fri-Sun`, `daily`. Hours that end before they begin go on past midnight and belong to the day on which they
/// began; `24:00` is the end of a day. What lies in an hour that is skipped in spring begins when the clock has jumped; an hour
/// that comes twice in autumn counts twice.
package struct WeeklyHours: Hashable, Sendable {
    private struct Span: Hashable, Sendable {
        /// Bit 0 is Monday.
        let days: UInt8
        /// Seconds after midnight; `end` lies after `begin`, beyond 86,400 on the next day.
        let begin: Int
        let end: Int
    }

    /// As it was written, with single spaces.
    package let text: String
    /// A name of the time zone database.
    package let zone: String
    private let spans: [Span]

    package static var dayNames: [String] { ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] }
    package static var maximumSpans: Int { 32 }

    /// Nil when it is not of that form; whether the zone exists is for the caller to find out.
    package init?(_ text: String) {
        guard text.utf8.count <= 1024 else { return nil }
        let words = text.split(separator: " ").map(String.init)
        guard let zone = words.last, Self.isZoneName(zone), words.count >= 3, words.count % 2 == 1,
            words.count / 2 <= Self.maximumSpans
        else { return nil }
        var spans: [Span] = []
        for index in stride(from: 0, to: words.count - 1, by: 2) {
            guard let days = Self.days(words[index]), let span = Self.span(words[index + 1], days: days) else {
                return nil
            }
            spans.append(span)
        }
        self.text = words.joined(separator: " ")
        self.zone = zone
        self.spans = spans
    }

    /// Whether the hours are open; false where the table knows nothing.
    package func isOpen(at moment: Int, in table: ZoneTable) -> Bool {
        guard let offset = table.offset(at: moment) else { return false }
        let local = moment + offset
        let day = CivilDate.floor(local, 86_400)
        let second = local - day * 86_400
        // 1970-01-01 was a Thursday.
        let weekday = (((day + 3) % 7) + 7) % 7
        let today = UInt8(1) << UInt8(weekday)
        let yesterday = UInt8(1) << UInt8((weekday + 6) % 7)
        return spans.contains { span in
            span.days & today != 0 && span.begin <= second && second < span.end
                || span.days & yesterday != 0 && second + 86_400 < span.end
        }
    }

    /// The next moment at which `isOpen` turns; nil when it does not within nine days and the table does not end.
    package func nextChange(after moment: Int, in table: ZoneTable) -> Int? {
        guard let offset = table.offset(at: moment) else {
            return table.entries.first.map(\.at).flatMap { $0 > moment ? $0 : nil }
        }
        let horizon = moment + 9 * 86_400
        let turns = table.entries.filter { $0.at > moment && $0.at < horizon }
        var candidates = Set(turns.map(\.at))
        candidates.insert(table.end)
        let firstDay = CivilDate.floor(moment + offset, 86_400) - 1
        for used in Set(turns.map(\.offset) + [offset]) {
            for day in firstDay...firstDay + 10 {
                for span in spans {
                    candidates.insert(day * 86_400 + span.begin - used)
                    candidates.insert(day * 86_400 + span.end - used)
                }
            }
        }
        let isOpen = isOpen(at: moment, in: table)
        return candidates.sorted().first { $0 > moment && self.isOpen(at: $0, in: table) != isOpen }
    }

    private static func isZoneName(_ text: String) -> Bool {
        // A path below the zone database, never out of it.
        (1...64).contains(text.utf8.count) && !text.contains("..") && text.first?.isLetter == true
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "-"),
                    UInt8(ascii: "+"):
                    true
                default: false
                }
            }
    }

    private static func days(_ text: String) -> UInt8? {
        if text == "daily" { return 0x7F }
        var days: UInt8 = 0
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map {
                dayNames.firstIndex(of: String($0))
            }
            guard (1...2).contains(ends.count), let first = ends.first ?? nil, let last = ends.last ?? nil else {
                return nil
            }
            var day = first
            while true {
                days |= 1 << UInt8(day)
                if day == last { break }
                day = (day + 1) % 7
            }
        }
        return days
    }

    private static func span(_ text: String, days: UInt8) -> Span? {
        let trimmed = text.hasSuffix(",") ? String(text.dropLast()) : text
        let ends = trimmed.split(separator: "-", omittingEmptySubsequences: false).map(seconds)
        guard ends.count == 2, let begin = ends[0], let end = ends[1], begin < 86_400, begin != end else { return nil }
        return Span(days: days, begin: begin, end: end > begin ? end : end + 86_400)
    }

    /// "08:30" in seconds; at most "24:00".
    private static func seconds(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour * 60 + minute <= 1440
        else { return nil }
        return hour * 3600 + minute * 60
    }
}
