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

/// Why nobody guesses a code, in numbers. Each try hits one of the open codes with (open / 20^8); a sum of these bounds
/// the chance of any hit. And a hit is no account: it lets the guesser sign in as himself on another's terminal, if he
/// also picks the one number in three that it shows. Source: RFC 8628 §5.1.
@Suite struct `Guessing user codes` {
    private let codes = 20.0 * 20 * 20 * 20 * 20 * 20 * 20 * 20
    private let openCodes = 1_000.0
    private let day = 86_400
    private let lifetime = 600

    /// How many tries a bucket lets through when it is asked all the time.
    private func tries(burst: Int, secondsPerToken: Double, seconds: Int) -> Double {
        var bucket = TokenBucket(burst: burst, secondsPerToken: secondsPerToken, now: 0)
        var count = 0.0
        for now in 0..<seconds { while bucket.take(now: now) == nil { count += 1 } }
        return count
    }

    @Test func `succeeds from one address in fewer than one of a thousand days, with all codes open`() {
        let tries = tries(burst: 10, secondsPerToken: 6, seconds: day)
        #expect(tries <= 10 + 14_400)
        #expect(tries * openCodes / codes < 1.0 / 1_000)
    }

    @Test func `succeeds from any number of addresses in fewer than one of 250 days, with all codes open`() {
        let tries = tries(burst: 100, secondsPerToken: 1, seconds: day)
        #expect(tries <= 100 + 86_400)
        #expect(tries * openCodes / codes < 1.0 / 250)
    }

    @Test func `hits one person's sign-in with less than one in thirty million, all its ten minutes long`() {
        let tries = tries(burst: 100, secondsPerToken: 1, seconds: lifetime)
        #expect(tries / codes < 1.0 / 30_000_000)
    }

    @Test func `would need the limit on all together: ten wrong codes a second hit one day in thirty`() {
        let tries = tries(burst: 100, secondsPerToken: 0.1, seconds: day)
        #expect(tries * openCodes / codes > 1.0 / 30)
    }
}
