package import Enforcement
package import Logging
internal import NetworkAddresses
package import StrictJSON
internal import Synchronization

/// The recent connection attempts, explained as they come in: what `refusals` and the log tell.
///
/// Holds 1,000; the same again within a minute raises a count. At most 10 lines a second go to the log, and what is left
/// out is counted there.
package final class AttemptLog: Sendable {
    package static let capacity = 1000
    static let repetitionSeconds = 60
    static let linesPerSecond = 10

    /// One attempt and its repetitions.
    package struct Entry: Hashable, Sendable {
        package let attempt: ConnectionAttempt
        package let explanation: AttemptExplanation
        package let time: Int
        package internal(set) var count = 1
    }

    private struct State {
        var view: MeshView?
        var entries: [Entry] = []
        var oldest = 0
        var recent: [ConnectionAttempt: Int] = [:]
        var second = 0
        var lines = 0
        var leftOut = 0
    }

    private let state = Mutex(State())
    private let logger: Logger
    private let now: @Sendable () -> Int

    package init(logger: Logger, now: @escaping @Sendable () -> Int) {
        self.logger = logger
        self.now = now
    }

    /// What explanations are made from; nil: nobody is a peer.
    package func setView(_ view: MeshView?) { state.withLock { $0.view = view } }

    package func record(_ attempt: ConnectionAttempt) {
        guard attempt.outcome != .leaving else { return }
        let time = now()
        let line = state.withLock { state -> Entry? in
            guard let entry = Self.add(attempt, at: time, to: &state) else { return nil }
            if state.second != time {
                state.second = time
                state.lines = 0
            }
            state.lines += 1
            if state.lines > Self.linesPerSecond {
                state.leftOut += 1
                return nil
            }
            return entry
        }
        guard let line else { return }
        write(
            line,
            leftOut: state.withLock { state in
                defer { state.leftOut = 0 }
                return state.leftOut
            })
    }

    /// Newest first. With `refusedOnly`, without those that were allowed.
    package func entries(refusedOnly: Bool) -> [Entry] {
        state.withLock { state in
            let ordered = state.entries[state.oldest...] + state.entries[..<state.oldest]
            return ordered.reversed().filter { !refusedOnly || $0.attempt.outcome != .allowed }
        }
    }

    /// The members of the `refusals` result.
    package func report(losses: Int) -> JSON {
        let refusals = entries(refusedOnly: true).map { entry -> JSON in
            let isOutbound = entry.attempt.outcome == .refusedWithoutPeer
            var members: [String: JSON] = [
                "time": .integer(entry.time), "direction": .string(isOutbound ? "out" : "in"),
                "source": .string(entry.attempt.source.description),
                "destination": .string(entry.attempt.destination.description),
                "service": .string(entry.attempt.service), "count": .integer(entry.count),
                "reason": .string(entry.explanation.reason),
            ]
            if let person = entry.explanation.person { members["person"] = .string(person) }
            if let host = entry.explanation.host { members["host"] = .string(host) }
            return .object(members)
        }
        return ["refusals": .array(EventSize.fitting(refusals)), "unread": .integer(losses)]
    }

    /// The new entry, or nil for a repetition.
    private static func add(_ attempt: ConnectionAttempt, at time: Int, to state: inout State) -> Entry? {
        if let index = state.recent[attempt], state.entries.indices.contains(index),
            state.entries[index].attempt == attempt, time - state.entries[index].time < repetitionSeconds
        {
            state.entries[index].count += 1
            return nil
        }
        let explanation =
            state.view?.explain(attempt, now: time)
            ?? AttemptExplanation(
                person: nil, host: nil, reason: "This device has no netmap: it is not signed in, or is switched off.")
        let entry = Entry(attempt: attempt, explanation: explanation, time: time)
        if state.entries.count < capacity {
            state.recent[attempt] = state.entries.count
            state.entries.append(entry)
        } else {
            state.recent[state.entries[state.oldest].attempt] = nil
            state.entries[state.oldest] = entry
            state.recent[attempt] = state.oldest
            state.oldest = (state.oldest + 1) % capacity
        }
        return entry
    }

    private func write(_ entry: Entry, leftOut: Int) {
        var metadata: Logger.Metadata = [
            "source": "\(entry.attempt.source)", "destination": "\(entry.attempt.destination)",
            "service": "\(entry.attempt.service)", "reason": "\(entry.explanation.reason)",
        ]
        if let person = entry.explanation.person { metadata["person"] = "\(person)" }
        if let host = entry.explanation.host { metadata["host"] = "\(host)" }
        if leftOut > 0 { metadata["left_out"] = "\(leftOut)" }
        switch entry.attempt.outcome {
        case .allowed: logger.info("connection allowed", metadata: metadata)
        case .refusedInbound: logger.notice("connection refused", metadata: metadata)
        case .leaving: break
        case .refusedWithoutPeer, .refusedOutbound:
            logger.notice("connection refused here: no such peer", metadata: metadata)
        }
    }
}
