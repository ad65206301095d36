import CommandLineClient
import StrictJSON
import Testing

@Suite struct `Text for a terminal` {
    @Test(arguments: [
        ("plain — ü 漢字", "plain — ü 漢字"),
        ("a\u{1B}[2Jb", "a\\u{1b}[2Jb"), ("a\nb\r\tc", "a\\u{a}b\\u{d}\\u{9}c"), ("\u{9B}31m", "\\u{9b}31m"),
        ("\u{202E}txt.exe", "\\u{202e}txt.exe"), ("a\u{200B}b", "a\\u{200b}b"), ("\u{7F}\u{0}", "\\u{7f}\\u{0}"),
        ("e\u{301}\u{301}\u{301}\u{301}\u{301}!", "e\u{301}\u{301}\u{301}!"),
    ])
    func `shows what would command the terminal`(_ received: String, _ shown: String) {
        #expect(SafeText.line(received) == shown)
    }

    @Test func `is cut where it would fill the screen`() {
        #expect(SafeText.line(String(repeating: "x", count: 5000)).unicodeScalars.count == 2001)
    }

    @Test func `in JSON means the same`() throws {
        let value: JSON = ["a": "\u{9B}31m\u{202E}\u{E0041}\u{1B}ü"]
        let text = SafeText.json(value)
        #expect(text.unicodeScalars.allSatisfy { $0.isASCII || $0 == "ü" })
        #expect(try JSON(parsing: Array(text.utf8)) == value)
    }

    @Test(arguments: [("abc", 3), ("漢字", 4), ("e\u{301}", 1), ("", 0), ("👍", 2)])
    func `has a width in columns`(_ text: String, _ columns: Int) { #expect(DisplayWidth.of(text) == columns) }

    @Test(arguments: [("abcdef", 4, "abc…"), ("漢字漢字", 4, "漢…"), ("abc", 3, "abc"), ("abc", 0, "")])
    func `is cut to columns`(_ text: String, _ columns: Int, _ cut: String) {
        #expect(DisplayWidth.cut(text, to: columns) == cut)
    }

    @Test func `is aligned in a table that fits the terminal`() {
        var table = Table(["HOST", "PERSON"])
        table.add(["漢", "Alice"])
        table.add(["laptop", "somebody with a very long name"])
        #expect(table.lines(style: TextStyle())[1] == "漢      Alice")
        #expect(table.lines(style: TextStyle(width: 30)).allSatisfy { DisplayWidth.of($0) <= 30 })
    }

    @Test(arguments: [
        (0, "0 B"), (-1, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (1_048_575, "1.0 MiB"), (Int.max, "8.0 EiB"),
    ])
    func `says amounts of bytes`(_ bytes: Int, _ text: String) { #expect(ByteCount.text(bytes) == text) }
}

@Suite struct `A moment` {
    // 2026-11-21 08:00:00 UTC.
    let time = TimeText(now: 1_795_248_000)

    @Test(arguments: [
        (1_795_248_060, "08:01"), (1_795_334_400, "2026-11-22 08:00"), (0, "1970-01-01 00:00"),
        (951_782_400, "2000-02-29 00:00"), (-1, "1969-12-31 23:59"), (Int.max, "9999-12-31 23:59"),
        (Int.min, "0-01-01 00:00"),
    ])
    func `is told by the calendar`(_ moment: Int, _ text: String) {
        #expect(time.moment(moment) == text)
    }

    @Test func `is local`() {
        let berlin = TimeText(now: 1_795_248_000) { _ in 3600 }
        #expect(berlin.moment(1_795_248_000) == "09:00")
        #expect(berlin.second(1_795_248_007) == "09:00:07")
    }

    @Test func `is told by its distance`() {
        #expect(time.until(1_795_248_000 + 29 * 86_400) == "2026-12-20 08:00 (in 29 days)")
        #expect(time.until(1_795_248_000 + 7200) == "10:00 (in 2 h)")
        #expect(time.until(1_795_248_000 + 7199) == "09:59 (in 1 h 59 min)")
        #expect(time.until(1_795_248_000 + 5399) == "09:29 (in 89 min)")
        #expect(time.until(1_795_248_000 + 172_799) == "2026-11-23 07:59 (in 47 h 59 min)")
        #expect(time.ago(1_795_248_000 - 2 * 86_400 - 3 * 3600) == "2 days 3 h ago")
        #expect(time.ago(1_795_248_000 - 10 * 86_400 - 3 * 3600) == "10 days ago")
        #expect(time.until(1_795_247_999) == "07:59 (over)")
        #expect(time.ago(1_795_247_970) == "30 s ago")
        #expect(time.ago(1_795_248_030) == "just now")
        #expect(time.since(1_795_247_400) == "07:50 (for 10 min)")
        #expect(time.ago(Int.min) == "a very long time ago")
        #expect(TimeText.countdown(545) == "9:05")
        #expect(TimeText.countdown(-3) == "0:00")
    }
}
