import CivilTime
import Testing

private func moment(_ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int = 0) -> Int {
    CivilDate(year: year, month: month, day: day).dayNumber * 86_400 + hour * 3600 + minute * 60
}

@Suite struct `Weekly hours` {
    @Test func `open and close by the wall clock`() throws {
        let hours = try #require(WeeklyHours("Mon-Fri 08:00-19:00 Europe/Berlin"))
        let berlin = try zone("Europe/Berlin")
        // Friday, 2026-11-20, in winter: 08:00 there is 07:00 UTC.
        #expect(!hours.isOpen(at: moment(2026, 11, 20, 6, 59), in: berlin))
        #expect(hours.isOpen(at: moment(2026, 11, 20, 7), in: berlin))
        #expect(hours.isOpen(at: moment(2026, 11, 20, 17, 59), in: berlin))
        #expect(!hours.isOpen(at: moment(2026, 11, 20, 18), in: berlin))
        #expect(!hours.isOpen(at: moment(2026, 11, 21, 9), in: berlin))
        #expect(hours.nextChange(after: moment(2026, 11, 20, 9), in: berlin) == moment(2026, 11, 20, 18))
        #expect(hours.nextChange(after: moment(2026, 11, 20, 18), in: berlin) == moment(2026, 11, 23, 7))
        // In summer an hour earlier.
        #expect(hours.isOpen(at: moment(2026, 7, 1, 6), in: berlin))
    }

    @Test func `go past midnight`() throws {
        let hours = try #require(WeeklyHours("Fri 22:00-06:00, Sun 00:00-24:00 Etc/UTC"))
        #expect(hours.isOpen(at: moment(2026, 11, 20, 23), in: .utc))
        #expect(hours.isOpen(at: moment(2026, 11, 21, 5, 59), in: .utc))
        #expect(!hours.isOpen(at: moment(2026, 11, 21, 6), in: .utc))
        #expect(!hours.isOpen(at: moment(2026, 11, 20, 5), in: .utc))
        #expect(hours.isOpen(at: moment(2026, 11, 22, 0), in: .utc))
        #expect(hours.nextChange(after: moment(2026, 11, 22, 0), in: .utc) == moment(2026, 11, 23, 0))
    }

    @Test func `follow the clock when it is put forward and back`() throws {
        let berlin = try zone("Europe/Berlin")
        let night = try #require(WeeklyHours("Sun 02:30-03:30 Europe/Berlin"))
        // 2026-03-29: 02:00 becomes 03:00, at 01:00 UTC.
        #expect(night.nextChange(after: moment(2026, 3, 29, 0), in: berlin) == moment(2026, 3, 29, 1))
        #expect(night.nextChange(after: moment(2026, 3, 29, 1), in: berlin) == moment(2026, 3, 29, 1, 30))
        // 2026-10-25: 03:00 becomes 02:00, at 01:00 UTC; 02:30 comes at 00:30 and at 01:30.
        #expect(night.nextChange(after: moment(2026, 10, 24, 12), in: berlin) == moment(2026, 10, 25, 0, 30))
        #expect(night.nextChange(after: moment(2026, 10, 25, 0, 30), in: berlin) == moment(2026, 10, 25, 1))
        #expect(night.nextChange(after: moment(2026, 10, 25, 1), in: berlin) == moment(2026, 10, 25, 1, 30))
        #expect(night.nextChange(after: moment(2026, 10, 25, 1, 30), in: berlin) == moment(2026, 10, 25, 2, 30))
    }

    @Test(arguments: [
        "Mon-Fri 08:00-19:00 Europe/Berlin", "Sat-Mon 22:00-02:30 America/New_York", "daily 00:00-24:00 Etc/UTC",
        "Mon,Wed 09:00-12:00, Tue 02:00-03:00 Australia/Lord_Howe",
    ])
    func `change exactly when they say`(_ text: String) throws {
        let hours = try #require(WeeklyHours(text))
        let table = try zone(hours.zone)
        for start in stride(from: 1_790_000_000, to: 1_830_000_000, by: 777_777) {
            let next = hours.nextChange(after: start, in: table) ?? start + 9 * 86_400
            let isOpen = hours.isOpen(at: start, in: table)
            for step in stride(from: start, to: min(next, start + 9 * 86_400), by: 601) {
                #expect(hours.isOpen(at: step, in: table) == isOpen)
            }
            if let change = hours.nextChange(after: start, in: table) {
                #expect(hours.isOpen(at: change - 1, in: table) == isOpen)
                #expect(hours.isOpen(at: change, in: table) != isOpen)
            }
        }
    }

    @Test func `are closed where the zone is not known`() throws {
        let hours = try #require(WeeklyHours("daily 00:00-24:00 Etc/UTC"))
        let table = try #require(ZoneTable(entries: [.init(at: 1000, offset: 0)], end: 2000))
        #expect(!hours.isOpen(at: 999, in: table) && hours.isOpen(at: 1000, in: table))
        #expect(!hours.isOpen(at: 2000, in: table))
        #expect(hours.nextChange(after: 1500, in: table) == 2000)
        #expect(hours.nextChange(after: 500, in: table) == 1000)
        #expect(hours.nextChange(after: 2000, in: table) == nil)
    }

    @Test(arguments: [
        "", "Mon", "08:00-19:00", "Mon-Fri 08:00-19:00", "Mon-Fry 08:00-19:00 Etc/UTC", "Mon 8:00-19:00 Etc/UTC",
        "Mon 08:00-08:00 Etc/UTC", "Mon 24:00-08:00 Etc/UTC", "Mon 08:00-24:01 Etc/UTC", "Mon 08:00 Etc/UTC",
        "Mon 08:00-19:00 ../../etc/passwd", "Mon 08:00-19:00 /etc/passwd", "Mon- 08:00-19:00 Etc/UTC",
        "Mon 08:00-19:00 Tue Etc/UTC", "Mon 08:60-19:00 Etc/UTC", "mon 08:00-19:00 Etc/UTC",
    ])
    func `are refused when misspelt`(_ text: String) { #expect(WeeklyHours(text) == nil) }

    @Test func `keep their text`() {
        #expect(WeeklyHours("Mon-Fri  08:00-19:00   Etc/UTC")?.text == "Mon-Fri 08:00-19:00 Etc/UTC")
    }
}
