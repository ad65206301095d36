import CivilTime
import Foundation
import Testing

/// A zone of this machine's database between 2020 and 2060.
func zone(_ name: String) throws -> ZoneTable {
    let data = try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/\(name)"))
    return try #require(TimeZoneFile.parse(Array(data), from: 1_577_836_800, until: 2_840_140_800))
}

@Suite struct `Time zones` {
    @Test(arguments: [
        "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca",
        "America/Santiago", "Pacific/Apia", "Europe/Dublin", "Etc/UTC", "Asia/Gaza",
    ])
    func `agree with the system's own reckoning`(_ name: String) throws {
        let table = try zone(name)
        let system = try #require(TimeZone(identifier: name))
        for moment in stride(from: 1_577_836_800, to: 2_145_916_800, by: 86_400 * 5 + 3607) {
            #expect(
                table.offset(at: moment) == system.secondsFromGMT(for: Date(timeIntervalSince1970: Double(moment))),
                "\(name) at \(moment)")
        }
    }

    @Test func `go on by the rule of the footer`() throws {
        let berlin = try zone("Europe/Berlin")
        // Summer of 2059: the last Sunday of March is the 30th, of October the 26th.
        let march = CivilDate(year: 2059, month: 3, day: 30).dayNumber * 86_400 + 3600
        #expect(berlin.offset(at: march - 1) == 3600)
        #expect(berlin.offset(at: march) == 7200)
        let october = CivilDate(year: 2059, month: 10, day: 26).dayNumber * 86_400 + 3600
        #expect(berlin.offset(at: october - 1) == 7200)
        #expect(berlin.offset(at: october) == 3600)
        #expect(berlin.offset(at: berlin.end) == nil)
    }

    @Test func `are read from any bytes without harm`() throws {
        let whole = Array(try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin")))
        for length in stride(from: 0, to: whole.count, by: 7) {
            _ = TimeZoneFile.parse(Array(whole.prefix(length)), from: 0, until: 1 << 32)
        }
        for index in stride(from: 0, to: whole.count, by: 3) {
            var altered = whole
            altered[index] = altered[index] &+ 0x7F
            _ = TimeZoneFile.parse(altered, from: 0, until: 1 << 32)
        }
        #expect(TimeZoneFile.parse([], from: 0, until: 1) == nil)
        #expect(TimeZoneFile.parse(Array("TZif2".utf8), from: 0, until: 1) == nil)
    }

    @Test func `hold only tables that make sense`() {
        let entry = ZoneTable.Entry(at: 0, offset: 3600)
        #expect(ZoneTable(entries: [], end: 1) == nil)
        #expect(ZoneTable(entries: [entry], end: 0) == nil)
        #expect(ZoneTable(entries: [entry, entry], end: 9) == nil)
        #expect(ZoneTable(entries: [.init(at: 0, offset: 99 * 3600)], end: 9) == nil)
        #expect(ZoneTable(entries: [entry], end: .max) == nil)
        #expect(ZoneTable(entries: [entry], end: 9)?.covering(from: 2, until: 5)?.entries.first?.at == 2)
    }

    @Test func `count days`() {
        for number in stride(from: -800_000, to: 800_000, by: 997) {
            #expect(CivilDate(dayNumber: number).dayNumber == number)
        }
        #expect(CivilDate(dayNumber: 0) == CivilDate(year: 1970, month: 1, day: 1))
        #expect(CivilDate(year: 2026, month: 11, day: 21).dayNumber == 20_778)
    }
}
