import Sessions
import Testing

@testable import Gateway

/// Why nobody guesses a code, in numbers. Each try hits one of the open codes with (open / 20^8); a sum of these bounds
/// the chance of any hit. And a hit is no account: it lets the guesser sign in as himself on another's terminal, if he
/// also picks the one number in three that it shows. Source: RFC 8628 §5.1.
@Suite struct `Guessing user codes` {
    private let codes = (0..<UserCode.length).reduce(1.0) { count, _ in count * Double(UserCode.alphabet.count) }
    private let openCodes = Double(GatewayLimits.openSignIns)
    private let day = 86_400

    /// How many tries a bucket lets through when it is asked all the time.
    private func tries(burst: Int, secondsPerToken: Double, seconds: Int) -> Double {
        var bucket = TokenBucket(burst: burst, secondsPerToken: secondsPerToken, now: 0)
        var count = 0.0
        for now in 0..<seconds { while bucket.take(now: now) == nil { count += 1 } }
        return count
    }

    @Test func `succeeds from one address in fewer than one of a thousand days, with all codes open`() {
        let tries = tries(
            burst: GatewayLimits.codeEntries, secondsPerToken: GatewayLimits.secondsPerCodeEntry, seconds: day)
        #expect(tries <= 15_000)
        #expect(tries * openCodes / codes < 1.0 / 1_000)
    }

    @Test func `succeeds from any number of addresses in fewer than one of 250 days, with all codes open`() {
        let tries = tries(
            burst: GatewayLimits.wrongCodes, secondsPerToken: GatewayLimits.secondsPerWrongCode, seconds: day)
        #expect(tries <= 87_000)
        #expect(tries * openCodes / codes < 1.0 / 250)
    }

    @Test func `hits one person's sign-in with less than one in thirty million, all its ten minutes long`() {
        let tries = tries(
            burst: GatewayLimits.wrongCodes, secondsPerToken: GatewayLimits.secondsPerWrongCode,
            seconds: DeviceFlow.lifetime)
        #expect(tries / codes < 1.0 / 30_000_000)
    }

    @Test func `would need the limit on all together: ten wrong codes a second hit one day in thirty`() {
        let tries = tries(burst: GatewayLimits.wrongCodes, secondsPerToken: 0.1, seconds: day)
        #expect(tries * openCodes / codes > 1.0 / 30)
    }
}
