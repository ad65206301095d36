internal import Identity
internal import Sessions
internal import Store
internal import Synchronization

/// Each connection's pace and when it was last heard of, in this run of the server, and who has shown a right token lately.
///
/// A connection: 2,000 requests a second for as long as a client likes, and 10,000 at once. Entra ID asks for 25 a second,
/// and the fastest clients keep one connection busy; beyond that it is a loop that has gone wild. An address that shows no
/// right token: 100 requests at once, then one a second. Who is known does not wait behind a neighbour who guesses.
final class ProvisioningContacts: Sendable {
    private struct State {
        var buckets: [ProviderID: TokenBucket] = [:]
        var lastContacts: [ProviderID: Int] = [:]
        var strangers = KeyedRateLimit(burst: ProvisioningContacts.strangerBurst, secondsPerToken: 1)
        /// Tokens and clients' secrets that were right, by their hash.
        var known: [[UInt8]: ProvisioningToken] = [:]
        var refusals = RefusalTally()
    }

    static let (burst, perSecond) = (10_000, 2_000)
    static let strangerBurst = 100
    /// More tokens than an organisation has; beyond it all are forgotten and shown again.
    private static let knownLimit = 2_000

    private let state = Mutex(State())

    /// Nil when allowed, else seconds to wait. Only for requests whose token is right.
    func admit(_ provider: ProviderID, now: Int) -> Int? {
        state.withLock { state in
            state.lastContacts[provider] = now
            return state.buckets[
                provider, default: TokenBucket(burst: Self.burst, secondsPerToken: 1 / Double(Self.perSecond), now: now)
            ].take(now: now)
        }
    }

    func lastContact(_ provider: ProviderID) -> Int? { state.withLock { $0.lastContacts[provider] } }

    /// Nil when allowed, else seconds to wait: before anything is read or logged for somebody unknown. Whoever is on this
    /// machine is not limited: a tester, or a proxy that nobody configured, which would shut everybody out.
    func admitStranger(address: String, now: Int) -> Int? {
        if address.hasPrefix("127.") || address == "::1" { return nil }
        return state.withLock { $0.strangers.take(ClientAddress.network(address), now: now) }
    }

    /// It was right when it was last looked at: look again before anything is done for it.
    func known(hash: [UInt8]) -> ProvisioningToken? { state.withLock { $0.known[hash] } }

    /// A right token costs its address nothing.
    func remember(_ token: ProvisioningToken, address: String) {
        state.withLock { state in
            state.strangers.giveBack(ClientAddress.network(address))
            if state.known.count >= Self.knownLimit { state.known = [:] }
            state.known[token.hash] = token
        }
    }

    func forget(hash: [UInt8]) { _ = state.withLock { $0.known.removeValue(forKey: hash) } }

    func note(_ refusal: SyncLogRecord, count: Int = 1) { state.withLock { $0.refusals.note(refusal, count: count) } }

    func takeRefusals(of provider: ProviderID, now: Int, all: Bool) -> [(record: SyncLogRecord, count: Int)] {
        state.withLock { $0.refusals.take(of: provider, now: now, all: all) }
    }
}
