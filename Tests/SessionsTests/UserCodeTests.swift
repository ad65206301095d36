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

    @Test func `is shown in two groups`() { #expect(UserCode(typed: "bcdfghjk")?.description == "BCDF-GHJK") }

    @Test func `takes each letter for twelve of the bytes, none for the uneven rest, and asks on for what is missing`()
    {
        var counts: [UInt8: Int] = [:]
        for byte in UInt8.min...UInt8.max {
            var asked: [UInt8] = []
            let code = UserCode { number in
                asked.append(number)
                return number == 0 ? [byte] : [UInt8](repeating: 0, count: 8)
            }
            #expect(asked == [0, 1])
            if let letter = code.letters.utf8.first, byte < 240 { counts[letter, default: 0] += 1 }
            #expect(byte < 240 || code.letters == "BBBBBBBB")
        }
        #expect(Set(counts.keys) == Set(UserCode.alphabet) && Set(counts.values) == [12])
    }

    @Test func `comes from the whole alphabet`() {
        var seen: Set<UInt8> = []
        for _ in 0..<200 {
            let code = UserCode { _ in Randomness.system.bytes(32) }
            #expect(UserCode(typed: code.description) == code)
            seen.formUnion(code.letters.utf8)
        }
        #expect(seen == Set(UserCode.alphabet))
        #expect(seen.count == 20)
    }
}
