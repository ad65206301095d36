/// One provider's keys as last fetched: says when to fetch them, and never fetches.
///
/// Keys live for `maximumAge`, so a key that the provider withdraws is gone by then; nothing stale is ever used. An unknown
/// `kid` is a reason to fetch, on average at most once in `minimumInterval` and `burst` times at once, whoever sends such
/// tokens: keys may change right after a fetch, and then the next sign-in must succeed. Whoever is told `.fetch` reports
/// `received` or `failed`; the others are told `.wait` meanwhile and ask again after it. Times are seconds.
/// Source: OpenID Connect Core 1.0 §10.1.1.
package struct JWKSCache: Sendable {
    package enum Answer: Sendable {
        case use(JSONWebKey)
        /// Fetch the keys now, report, ask again.
        case fetch
        /// A fetch is under way; ask again when it has reported.
        case wait
        case refused(IDTokenError)
    }

    private let maximumAge: Int
    private let minimumInterval: Int
    private let burst: Int
    private let retryInterval: Int
    private let fetchDeadline: Int
    private var held: (keys: JSONWebKeySet, fetchedAt: Int)?
    private var lastFetch: Int?
    /// When the budget of fetches will be whole again: each fetch puts it off by `minimumInterval`.
    private var wholeAt: Int?
    private var isFetching = false
    private var lastFetchFailed = false

    /// `retryInterval` replaces `minimumInterval` after a fetch that failed; `fetchDeadline`: after this, a fetch that
    /// never reported is taken for lost.
    package init(
        maximumAge: Int = 3_600, minimumInterval: Int = 30, burst: Int = 4, retryInterval: Int = 5,
        fetchDeadline: Int = 60
    ) {
        self.maximumAge = maximumAge
        self.minimumInterval = minimumInterval
        self.burst = burst
        self.retryInterval = retryInterval
        self.fetchDeadline = fetchDeadline
    }

    /// What was last fetched, for the log and the console.
    package var keys: JSONWebKeySet? { held?.keys }

    package mutating func key(for token: UnverifiedIDToken, now: Int) -> Answer {
        guard let held, isFresh(held.fetchedAt, now: now) else { return fetch(now: now, otherwise: .keysUnavailable) }
        do { return .use(try held.keys.key(for: token)) } catch {
            // Only a name that we do not know can be cured by newer keys.
            guard case .unknownKey = error else { return .refused(error) }
            return fetch(now: now, otherwise: error)
        }
    }

    package mutating func received(_ keys: JSONWebKeySet, now: Int) {
        held = (keys, now)
        isFetching = false
        lastFetchFailed = false
    }

    package mutating func failed() {
        isFetching = false
        lastFetchFailed = true
    }

    private func isFresh(_ fetchedAt: Int, now: Int) -> Bool { (0..<maximumAge).contains(now - fetchedAt) }

    private mutating func fetch(now: Int, otherwise error: IDTokenError) -> Answer {
        if let lastFetch, now >= lastFetch {
            if isFetching, now - lastFetch < fetchDeadline { return .wait }
            let isDue =
                lastFetchFailed
                ? now - lastFetch >= retryInterval
                : (wholeAt ?? now) - now <= (burst - 1) * minimumInterval
            guard isDue else { return .refused(error) }
        } else {
            wholeAt = nil
        }
        wholeAt = max(wholeAt ?? now, now) + minimumInterval
        lastFetch = now
        isFetching = true
        return .fetch
    }
}
