internal import Identity
internal import Sessions
internal import Synchronization

/// Rate limits of the sign-in. The arithmetic of code guessing is in `UserCodeGuessingTests`.
final class GatewayLimits: Sendable {
    /// At most this many sign-ins wait for their browser at once.
    static let openSignIns = 1_000
    /// Of which one network has at most this many, so that it cannot shut out the others.
    static let openSignInsOfOneNetwork = 100
    /// Redeemed codes whose answers may be asked for again, for a minute: more than a server redeems in half of one.
    static let redeemedCodes = 10_000
    /// Codes that one address enters at once, then one each so many seconds.
    static let codeEntries = 10
    static let secondsPerCodeEntry = 6.0
    /// Wrong codes that all addresses together enter at once, then one each so many seconds.
    static let wrongCodes = 100
    static let secondsPerWrongCode = 1.0

    private struct State {
        var begins = KeyedRateLimit(burst: 20, secondsPerToken: 3)
        var postedMessages = KeyedRateLimit(burst: 30, secondsPerToken: 1)
        var codeEntries = KeyedRateLimit(
            burst: GatewayLimits.codeEntries, secondsPerToken: GatewayLimits.secondsPerCodeEntry)
        var failedEntries: TokenBucket
        var commands = KeyedRateLimit(burst: 30, secondsPerToken: 5)
        var questions = KeyedRateLimit(burst: 60, secondsPerToken: 1)
    }

    private let state: Mutex<State>

    init(now: Int) {
        state = Mutex(
            State(
                failedEntries: TokenBucket(
                    burst: Self.wrongCodes, secondsPerToken: Self.secondsPerWrongCode, now: now)))
    }

    /// Nil when allowed, else seconds to wait. One address begins at most 20 sign-ins at once, then one each 3 s.
    func beginSignIn(address: String, now: Int) -> Int? {
        state.withLock { $0.begins.take(ClientAddress.network(address), now: now) }
    }

    /// One address has at most 30 SAML messages read that belong to nothing of ours, then one each second: their XML is
    /// parsed before it is known whose it is.
    func readMessage(address: String, now: Int) -> Int? {
        state.withLock { $0.postedMessages.take(ClientAddress.network(address), now: now) }
    }

    /// `codeEntries` of one address.
    func enterCode(address: String, now: Int) -> Int? {
        state.withLock { $0.codeEntries.take(ClientAddress.network(address), now: now) }
    }

    /// `wrongCodes` of all addresses together.
    func guessCode(now: Int) -> Int? { state.withLock { $0.failedEntries.take(now: now) } }

    /// Somebody who is no administrator, or has no recent second factor, gives at most 30 commands at once, then one each 5 s:
    /// each that is refused becomes evidence, of which nobody shall fill the log.
    func giveCommand(_ person: PersonID, now: Int) -> Int? {
        state.withLock { $0.commands.take(person.text, now: now) }
    }

    /// One device asks at most 60 questions about the policy at once, then one a second.
    func ask(_ device: DeviceID, now: Int) -> Int? {
        state.withLock { $0.questions.take(device.thumbprint, now: now) }
    }

    /// A right code costs nothing of the common budget, so that nobody else's guesses lock people out sooner.
    func codeWasRight() { state.withLock { $0.failedEntries.giveBack() } }
}
