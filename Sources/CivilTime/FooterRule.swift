/// The rule for all years after a zone file's last transition: "CET-1CEST,M3.5.0,M10.5.0/3".
///
/// Dates in the form `Mm.w.d` and `Jn`/`n`; times from -167 to 167 hours. Source: RFC 9636 §3.3.1; POSIX.1-2017 §8.3, TZ.
struct FooterRule {
    private struct Change {
        let date: Date
        /// Seconds after midnight, local time before the change.
        let time: Int
    }

    private enum Date {
        case weekday(month: Int, week: Int, weekday: Int)
        case dayOfYear(Int, countsLeapDay: Bool)
    }

    private let standard: Int
    private let summer: (offset: Int, begin: Change, end: Change)?

    init?(_ text: String) {
        var rest = Substring(text)
        guard Self.skipName(&rest), let west = Self.time(&rest) else { return nil }
        standard = -west
        guard !rest.isEmpty else {
            summer = nil
            return
        }
        guard Self.skipName(&rest) else { return nil }
        var offset = standard + 3600
        if rest.first != "," {
            guard let west = Self.time(&rest) else { return nil }
            offset = -west
        }
        guard let begin = Self.change(&rest), let end = Self.change(&rest), rest.isEmpty else { return nil }
        summer = (offset, begin, end)
    }

    /// The changes of all years between two moments, later than `last`.
    func entries(after last: Int, from start: Int, until end: Int) -> [ZoneTable.Entry] {
        guard let summer else { return [ZoneTable.Entry(at: max(start, last &+ 1), offset: standard)] }
        let years = CivilDate(dayNumber: CivilDate.floor(start, 86_400)).year - 1
        let lastYear = min(CivilDate(dayNumber: CivilDate.floor(end, 86_400)).year, years + 100)
        guard years <= lastYear else { return [] }
        var found: [ZoneTable.Entry] = []
        for year in years...lastYear {
            found.append(
                ZoneTable.Entry(at: Self.moment(summer.begin, year) - standard, offset: summer.offset))
            found.append(ZoneTable.Entry(at: Self.moment(summer.end, year) - summer.offset, offset: standard))
        }
        return found.filter { $0.at > last && $0.at < end }.sorted { $0.at < $1.at }
    }

    /// As if local time were universal.
    private static func moment(_ change: Change, _ year: Int) -> Int {
        let day: Int
        switch change.date {
        case .weekday(let month, let week, let weekday):
            let first = CivilDate(year: year, month: month, day: 1)
            let firstWeekday = (((first.dayNumber + 4) % 7) + 7) % 7
            var dayOfMonth = 1 + (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
            if dayOfMonth > first.daysInMonth { dayOfMonth -= 7 }
            day = first.dayNumber + dayOfMonth - 1
        case .dayOfYear(let number, let countsLeapDay):
            let first = CivilDate(year: year, month: 1, day: 1).dayNumber
            let hasLeapDay = CivilDate(year: year, month: 2, day: 1).daysInMonth == 29
            day = countsLeapDay ? first + number : first + number - 1 + (hasLeapDay && number >= 60 ? 1 : 0)
        }
        return day * 86_400 + change.time
    }

    private static func skipName(_ rest: inout Substring) -> Bool {
        let name: Substring
        if rest.first == "<" {
            name = rest.dropFirst().prefix { $0 != ">" }
            rest = rest.dropFirst(name.count + 1)
            guard rest.popFirst() == ">" else { return false }
        } else {
            name = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(name.count)
        }
        return name.count >= 3
    }

    /// "[+-]hh[:mm[:ss]]" in seconds.
    private static func time(_ rest: inout Substring) -> Int? {
        var sign = 1
        if let first = rest.first, first == "-" || first == "+" {
            sign = first == "-" ? -1 : 1
            rest = rest.dropFirst()
        }
        var seconds = 0
        for (index, unit) in [3600, 60, 1].enumerated() {
            if index > 0 {
                guard rest.first == ":" else { break }
                rest = rest.dropFirst()
            }
            guard let value = number(&rest), value <= (index == 0 ? 167 : 59) else { return nil }
            seconds += value * unit
        }
        return sign * seconds
    }

    private static func number(_ rest: inout Substring) -> Int? {
        let digits = rest.prefix { ("0"..."9").contains($0) }
        guard (1...3).contains(digits.count) else { return nil }
        rest = rest.dropFirst(digits.count)
        return Int(digits)
    }

    private static func change(_ rest: inout Substring) -> Change? {
        guard rest.popFirst() == "," else { return nil }
        let date: Date
        switch rest.first {
        case "M":
            rest = rest.dropFirst()
            guard let month = number(&rest), (1...12).contains(month), rest.popFirst() == ".",
                let week = number(&rest), (1...5).contains(week), rest.popFirst() == ".",
                let weekday = number(&rest), (0...6).contains(weekday)
            else { return nil }
            date = .weekday(month: month, week: week, weekday: weekday)
        case "J":
            rest = rest.dropFirst()
            guard let day = number(&rest), (1...365).contains(day) else { return nil }
            date = .dayOfYear(day, countsLeapDay: false)
        default:
            guard let day = number(&rest), day <= 365 else { return nil }
            date = .dayOfYear(day, countsLeapDay: true)
        }
        guard rest.first == "/" else { return Change(date: date, time: 7200) }
        rest = rest.dropFirst()
        return time(&rest).map { Change(date: date, time: $0) }
    }
}
