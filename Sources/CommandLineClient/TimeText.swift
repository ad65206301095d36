/// Moments in a person's words: the local date and time, and how far away.
package struct TimeText: Sendable {
    /// Seconds since the epoch.
    package let now: Int
    /// Seconds that local time is ahead of UTC at a moment.
    private let offset: @Sendable (Int) -> Int

    package init(now: Int, offset: @escaping @Sendable (Int) -> Int = { _ in 0 }) {
        self.now = now
        self.offset = offset
    }

    /// "2026-11-21 14:02"; of today only "14:02".
    package func moment(_ time: Int) -> String {
        let (date, clock) = civil(time)
        return date == civil(now).date ? clock : date + " " + clock
    }

    /// "14:02:07", with the date before it when it is not today's.
    package func second(_ time: Int) -> String {
        let seconds = Self.wrap(Self.shift(time, offset(time)), 60)
        return moment(time) + ":" + Self.two(seconds)
    }

    /// "2026-12-21 09:30 (in 29 days)", "09:30 (in 1 h 59 min)".
    package func until(_ time: Int) -> String {
        time <= now ? moment(time) + " (over)" : moment(time) + " (in " + Self.span(time, now) + ")"
    }

    /// "3 min ago".
    package func ago(_ time: Int) -> String {
        time >= now ? "just now" : Self.span(now, time) + " ago"
    }

    /// "09:12 (for 3 min)".
    package func since(_ time: Int) -> String {
        time >= now ? moment(time) : moment(time) + " (for " + Self.span(now, time) + ")"
    }

    /// "9:05", minutes and seconds; never below zero.
    package static func countdown(_ seconds: Int) -> String {
        let left = max(0, seconds)
        return "\(left / 60):" + two(left % 60)
    }

    private static func span(_ later: Int, _ earlier: Int) -> String {
        let seconds = later.subtractingReportingOverflow(earlier)
        guard !seconds.overflow else { return "a very long time" }
        return switch seconds.partialValue {
        case ..<90: "\(seconds.partialValue) s"
        case ..<5400: "\(seconds.partialValue / 60) min"
        case ..<172_800: two(seconds.partialValue, 3600, "h", 60, "min")
        case ..<864_000: two(seconds.partialValue, 86_400, "days", 3600, "h")
        default: "\(seconds.partialValue / 86_400) days"
        }
    }

    /// "1 h 59 min": the smaller unit only where there is any of it.
    private static func two(
        _ seconds: Int, _ large: Int, _ largeName: String, _ small: Int, _ smallName: String
    ) -> String {
        let rest = seconds % large / small
        return "\(seconds / large) \(largeName)" + (rest > 0 ? " \(rest) \(smallName)" : "")
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static func shift(_ time: Int, _ offset: Int) -> Int {
        let sum = time.addingReportingOverflow(offset)
        // Years 0 to 9999: what lies beyond is shown as the end of it.
        return min(253_402_300_799, max(-62_167_219_200, sum.overflow ? time : sum.partialValue))
    }

    private static func wrap(_ value: Int, _ modulus: Int) -> Int { ((value % modulus) + modulus) % modulus }

    /// Days to year, month, day in the proleptic Gregorian calendar: 400-year eras that begin on 1 March.
    private func civil(_ time: Int) -> (date: String, clock: String) {
        let local = Self.shift(time, offset(time))
        let second = Self.wrap(local, 86_400)
        let shifted = (local - second) / 86_400 + 719_468
        let dayOfEra = Self.wrap(shifted, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + (shifted - dayOfEra) / 146_097 * 400 + (month <= 2 ? 1 : 0)
        let date = "\(year)-" + Self.two(month) + "-" + Self.two(day)
        return (date, Self.two(second / 3600) + ":" + Self.two(second / 60 % 60))
    }
}
