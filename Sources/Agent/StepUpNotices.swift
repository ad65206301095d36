internal import Sessions
package import StrictJSON
internal import Synchronization

/// An attempt of this device's own person that was refused for want of a recent second factor: what they tried to reach.
package struct StepUpNeed: Hashable, Sendable {
    package var host: String
    /// "tcp/22".
    package var service: String

    package init(host: String, service: String) {
        self.host = host
        self.service = service
    }
}

/// What the person is told of it, as soon as it happens.
package struct StepUpNotice: Hashable, Sendable {
    package let need: StepUpNeed
    /// Seconds since the epoch.
    package let time: Int

    package var message: String { "\(need.host) (\(need.service)) needs a recent sign-in with a second factor." }
    package var remedy: String { "Run: ztna login --step-up" }

    package var json: JSON {
        [
            "time": .integer(time), "host": .string(need.host), "service": .string(need.service),
            "message": .string(message), "remedy": .string(remedy),
        ]
    }
}

/// Tells the person of refusals that a step-up would cure: at most once in ten minutes for one service of one host, and
/// three at once, then one a minute, for all of them. Who watches gets each; the desktop and the terminals, too.
package final class StepUpNotices: Sendable {
    package static let repetitionSeconds = 600
    static let maximumWatchers = 16

    private struct State {
        var all: TokenBucket
        var one = KeyedRateLimit(burst: 1, secondsPerToken: Double(repetitionSeconds), capacity: 1000)
        var last: StepUpNotice?
        var watchers: [Int: AsyncStream<StepUpNotice>.Continuation] = [:]
        var nextWatcher = 0
    }

    private let state: Mutex<State>
    private let now: @Sendable () -> Int
    /// Must not wait.
    private let deliver: @Sendable (StepUpNotice) -> Void

    package init(now: @escaping @Sendable () -> Int, deliver: @escaping @Sendable (StepUpNotice) -> Void) {
        self.now = now
        self.deliver = deliver
        state = Mutex(State(all: TokenBucket(burst: 3, secondsPerToken: 60, now: now())))
    }

    /// To be called for each such attempt; most calls do nothing.
    package func note(_ need: StepUpNeed) {
        let time = now()
        let notice = StepUpNotice(need: need, time: time)
        let watchers = state.withLock { state -> [AsyncStream<StepUpNotice>.Continuation]? in
            state.last = notice
            guard state.one.take("\(need.host) \(need.service)", now: time) == nil, state.all.take(now: time) == nil
            else { return nil }
            return Array(state.watchers.values)
        }
        guard let watchers else { return }
        for watcher in watchers { watcher.yield(notice) }
        deliver(notice)
    }

    /// The second factor has been renewed: what was wanted is there, and what is refused after this is news again.
    package func forget() {
        let time = now()
        state.withLock { state in
            state.last = nil
            state.one = KeyedRateLimit(burst: 1, secondsPerToken: Double(Self.repetitionSeconds), capacity: 1000)
            state.all = TokenBucket(burst: 3, secondsPerToken: 60, now: time)
        }
    }

    /// The last refusal, for `status`; nil when it is an hour old.
    package var last: StepUpNotice? {
        let time = now()
        return state.withLock { state in state.last.flatMap { time - $0.time < 3600 ? $0 : nil } }
    }

    /// Every notice from now on; nil when too many watch.
    package func watch() -> AsyncStream<StepUpNotice>? {
        let (stream, continuation) = AsyncStream.makeStream(
            of: StepUpNotice.self, bufferingPolicy: .bufferingNewest(16))
        let id = state.withLock { state -> Int? in
            guard state.watchers.count < Self.maximumWatchers else { return nil }
            state.nextWatcher += 1
            state.watchers[state.nextWatcher] = continuation
            return state.nextWatcher
        }
        guard let id else { return nil }
        continuation.onTermination = { [weak self] _ in self?.stopWatching(id) }
        return stream
    }

    private func stopWatching(_ id: Int) { state.withLock { $0.watchers[id] = nil } }
}
