internal import Identity
internal import Sessions
internal import Synchronization

/// Each connection's pace and when it was last heard of, in this run of the server.
///
/// 2,000 requests a second for as long as a client likes, and 10,000 at once: Entra ID asks for 25 a second, and the
/// fastest clients keep one connection busy. Beyond that it is a loop that has gone wild.
final class ProvisioningContacts: Sendable {
    private struct State {
        var buckets: [ProviderID: TokenBucket] = [:]
        var lastContacts: [ProviderID: Int] = [:]
    }

    static let (burst, perSecond) = (10_000, 2_000)

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
}
