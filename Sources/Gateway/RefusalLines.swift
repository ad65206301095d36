internal import Logging
internal import Sessions
internal import Synchronization

/// The log's lines about requests that were refused. Anybody can cause them, so they are limited: those of one network, and
/// those that say the same, each message with a share of its own.
///
/// The first lines of a network are written, unless many networks have just used up the share of that message; then those
/// of other messages still are. What is left out is counted, and the counts are said.
final class RefusalLines: Sendable {
    /// Lines that one network causes at once, then one each so many seconds.
    static let ofOneNetwork = 20
    static let secondsPerLineOfOneNetwork = 6.0
    /// Lines of one message that all networks together cause at once, then one each so many seconds.
    static let ofOneMessage = 100
    static let secondsPerLineOfOneMessage = 5.0

    private struct State {
        /// Only of those whose lines were written: a flood from everywhere takes no place here.
        var networks = KeyedRateLimit(
            burst: RefusalLines.ofOneNetwork, secondsPerToken: RefusalLines.secondsPerLineOfOneNetwork)
        /// Messages are constants of ours, and so few.
        var messages = KeyedRateLimit(
            burst: RefusalLines.ofOneMessage, secondsPerToken: RefusalLines.secondsPerLineOfOneMessage)
        var leftOut: [String: Int] = [:]

        mutating func isWritten(_ message: String, from network: String, now: Int) -> Bool {
            if messages.take(message, now: now) == nil {
                if networks.take(network, now: now) == nil { return true }
                messages.giveBack(message)
            }
            leftOut[message, default: 0] += 1
            return false
        }
    }

    private let state = Mutex(State())
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// `message` is a constant; what differs is among the `facts`. `address` is the client's.
    func note(
        _ level: Logger.Level, _ message: Logger.Message, _ facts: Logger.Metadata, from address: String, now: Int
    ) {
        let network = ClientAddress.network(address)
        guard state.withLock({ $0.isWritten(message.description, from: network, now: now) }) else { return }
        var facts = facts
        facts["address"] = "\(address)"
        logger.log(level: level, message, metadata: facts)
    }

    /// One line for each message of which lines were left out since it was last asked.
    func tellLeftOut() {
        let leftOut = state.withLock { state in
            defer { state.leftOut = [:] }
            return state.leftOut
        }
        for (message, count) in leftOut.sorted(by: { $0.key < $1.key }) {
            logger.notice(
                "refused requests left out of the log: too many came at once",
                metadata: ["refusal": "\(message)", "count": "\(count)"])
        }
    }
}
