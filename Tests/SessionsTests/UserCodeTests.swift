import Cryptography
import Sessions
import Testing

@Suite struct `A user code` {
    @Test(arguments: ["BCDFGHJK", "bcdf-ghjk", " bC dF-gh-jK ", "BCDF-GHJK"])
    func `is read whatever its case, dashes and spaces`(_ text: String) {
        #expect(UserCode(typed: text)?.letters == "BCDFGHJK")
    }

    @Test(arguments: [
        "", "BCDFGHJ", "BCDFGHJKL", "ACDFGHJK", "BCDF_GHJK", "BCDFGHJ1", "BCDFGHJ\0", "ſCDFGHJK", "ßBCDFGH",
        "BCDFGHJ\u{212A}", "ＢＣＤＦＧＨＪＫ", String(repeating: "-", count: 33) + "BCDFGHJK",
    ])
    func `is nothing else`(_ text: String) { #expect(UserCode(typed: text) == nil) }

    @Test func `is shown in two groups and comes from the whole alphabet`() {
        #expect(UserCode(typed: "bcdfghjk")?.description == "BCDF-GHJK")
        var seen: Set<UInt8> = []
        for _ in 0..<200 {
            let code = UserCode(from: .system)
            #expect(UserCode(typed: code.description) == code)
            seen.formUnion(code.letters.utf8)
        }
        #expect(seen == Set(UserCode.alphabet))
        #expect(seen.count == 20)
    }
}
