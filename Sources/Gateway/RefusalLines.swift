internal import Logging
internal import Sessions
internal import Synchronization

/// The log's lines about requests that were refused. Anybody can cause them, so they are limited: those of one network, and
/// those of all. The first ones are written, unless a flood from everywhere came first; the rest is counted, and the count is said.
final class RefusalLines: Sendable {
    /// Lines that one network causes at once, then one each so many seconds.
    static let ofOneNetwork = 20
    static let secondsPerLineOfOneNetwork = 6.0
    /// Lines that all networks together cause at once, then one a second.
    static let ofAll = 200
    static let secondsPerLine = 1.0

    private struct State {
        var networks = KeyedRateLimit(
            burst: RefusalLines.ofOneNetwork, secondsPerToken: RefusalLines.secondsPerLineOfOneNetwork)
        var all: TokenBucket
        var leftOut = 0
    }

    private let state: Mutex<State>
    private let logger: Logger

    init(logger: Logger, now: Int) {
        self.logger = logger
        state = Mutex(State(all: TokenBucket(burst: Self.ofAll, secondsPerToken: Self.secondsPerLine, now: now)))
    }

    /// `address` is the client's; nil where the request's own is not known: all such count as of one network.
    func note(
        _ level: Logger.Level, _ message: Logger.Message, _ facts: Logger.Metadata, from address: String?, now: Int
    ) {
        let network = address.map(ClientAddress.network) ?? ""
        let isWritten = state.withLock { state in
            let isIn = state.networks.take(network, now: now) == nil && state.all.take(now: now) == nil
            if !isIn { state.leftOut += 1 }
            return isIn
        }
        guard isWritten else { return }
        var facts = facts
        if let address { facts["address"] = "\(address)" }
        logger.log(level: level, message, metadata: facts)
    }

    /// One line about what was left out since it was last asked; none where nothing was.
    func tellLeftOut() {
        let count = state.withLock { state in
            defer { state.leftOut = 0 }
            return state.leftOut
        }
        guard count > 0 else { return }
        logger.notice("refused requests left out of the log: too many came at once", metadata: ["count": "\(count)"])
    }
}
