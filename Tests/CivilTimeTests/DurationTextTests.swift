import CivilTime
import Testing

@Suite struct `Durations in words` {
    @Test(
        arguments: [
            ("30d", 2_592_000), ("1h", 3600), ("15m", 900), ("90s", 90), ("", nil), ("d", nil), ("0d", nil),
            ("05m", nil),
            ("1w", nil), ("1", nil), ("-1h", nil), ("1.5h", nil), ("1 h", nil), ("999999999d", nil), ("1H", nil),
            ("٣m", nil),
            ("é", nil),
        ] as [(String, Int?)])
    func `are digits and a unit`(_ text: String, _ seconds: Int?) {
        #expect(DurationText.parse(text) == seconds.map { .seconds($0) })
    }
}
