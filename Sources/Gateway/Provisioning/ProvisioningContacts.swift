internal import Identity
internal import Sessions
internal import Synchronization

/// Each connection's pace and when it was last heard of, in this run of the server.
///
/// 100 requests a second for as long as a client likes, and 500 at once: Entra ID asks for 25 a second.
final class ProvisioningContacts: Sendable {
    private struct State {
        var buckets: [ProviderID: TokenBucket] = [:]
        var lastContacts: [ProviderID: Int] = [:]
    }

    private let state = Mutex(State())

    /// Nil when allowed, else seconds to wait. Only for requests whose token is right.
    func admit(_ provider: ProviderID, now: Int) -> Int? {
        state.withLock { state in
            state.lastContacts[provider] = now
            return state.buckets[
                provider, default: TokenBucket(burst: 500, secondsPerToken: 0.01, now: now)
            ].take(now: now)
        }
    }

    func lastContact(_ provider: ProviderID) -> Int? { state.withLock { $0.lastContacts[provider] } }
}
