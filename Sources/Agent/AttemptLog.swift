internal import AccessPolicy
package import Enforcement
package import Logging
internal import NetworkAddresses
package import StrictJSON
internal import Synchronization
internal import Wire

/// The connection attempts of this node, explained as they come in: for `refusals`, the log, and the server.
///
/// Holds the newest 1,000; the same again within a minute raises a count. At most 10 lines a second go to the log, and
/// what is left out is counted there. The server gets each new kind of attempt at once and its repetitions a minute
/// later, over the spool. Never waits for anything.
package final class AttemptLog: Sendable {
    package static let capacity = 1000
    static let linesPerSecond = 10

    /// One attempt and its repetitions.
    package struct Entry: Hashable, Sendable {
        package let attempt: ConnectionAttempt
        package internal(set) var explanation: AttemptExplanation
        package let time: Int
        package internal(set) var count = 1
        /// Of a scan.
        package var ports: String?

        /// "tcp/22", "tcp/64-65535".
        package var service: String {
            guard let ports, let kind = attempt.service.split(separator: "/").first else { return attempt.service }
            return "\(kind)/\(ports.utf8.count <= 40 ? ports : "many ports")"
        }
    }

    private struct State {
        var view: MeshView?
        /// Made of the view when it is needed first.
        var explainer: AttemptExplainer?
        var gathering = AttemptGathering()
        /// Attempts that only the gathering knows of; not those that leave, which the other side tells.
        var held = 0
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
    private let spool: AttemptSpool?
    private let onStepUpNeeded: @Sendable (StepUpNeed) -> Void

    /// `onStepUpNeeded` is called at most once a minute for each service of a host, and must not wait.
    package init(
        logger: Logger, now: @escaping @Sendable () -> Int, spool: AttemptSpool? = nil,
        onStepUpNeeded: @escaping @Sendable (StepUpNeed) -> Void = { _ in }
    ) {
        self.logger = logger
        self.now = now
        self.spool = spool
        self.onStepUpNeeded = onStepUpNeeded
    }

    /// What explanations are made from; nil: nobody is a peer. Repetitions until now are told by the view they were
    /// decided by, if another policy or another self decides from here on.
    package func setView(_ view: MeshView?) {
        let time = now()
        state.withLock { state in
            let isSame = state.view?.policy.revision == view?.policy.revision && state.view?.own == view?.own
            if !isSame { close(at: time, all: true, &state) }
            state.view = view
            state.explainer = nil
        }
    }

    package func record(_ attempt: ConnectionAttempt) {
        let time = now()
        let told = state.withLock { state -> (entry: Entry, leftOut: Int?)? in
            guard state.gathering.add(attempt, at: time) else {
                if attempt.outcome != .leaving { state.held += 1 }
                Self.count(attempt, in: &state)
                return nil
            }
            let explanation = explain(attempt, at: time, &state)
            // What leaves is told by the other side, unless it is known to be refused there.
            if attempt.outcome == .leaving, explanation.isAllowed != false { return nil }
            let entry = Entry(attempt: attempt, explanation: explanation, time: time)
            Self.keep(entry, in: &state)
            if attempt.outcome != .leaving { spool(entry, last: time, state) }
            return (entry, Self.lineIsDue(at: time, &state))
        }
        guard let told else { return }
        if let leftOut = told.leftOut { write(told.entry, leftOut: leftOut) }
        guard attempt.isOutbound, told.entry.explanation.isCuredByStepUp, let host = told.entry.explanation.host else {
            return
        }
        onStepUpNeeded(StepUpNeed(host: host, service: attempt.service))
    }

    /// Tells the repetitions of minutes that are over, or with `all` those of every minute. To be called once a second.
    package func tellRepetitions(all: Bool = false) {
        let time = now()
        state.withLock { state in close(at: time, all: all, &state) }
    }

    /// Attempts that are told when their minute is over, and lost if this agent is killed before.
    package var held: Int { state.withLock { $0.held } }

    /// Newest first. With `refusedOnly`, without those that were allowed.
    package func entries(refusedOnly: Bool) -> [Entry] {
        state.withLock { state in
            let ordered = state.entries[state.oldest...] + state.entries[..<state.oldest]
            return ordered.reversed().filter { !refusedOnly || $0.attempt.outcome != .allowed }
        }
    }

    /// The members of the `refusals` result.
    package func report(losses: AttemptLosses) -> JSON {
        let refusals = entries(refusedOnly: true).map { entry -> JSON in
            var members: [String: JSON] = [
                "time": .integer(entry.time), "direction": .string(entry.attempt.isOutbound ? "out" : "in"),
                "source": .string(entry.attempt.source.description),
                "destination": .string(entry.attempt.destination.description),
                "service": .string(entry.service), "count": .integer(entry.count),
                "reason": .string(entry.explanation.reason),
            ]
            if let person = entry.explanation.person { members["person"] = .string(person) }
            if let host = entry.explanation.host { members["host"] = .string(host) }
            return .object(members)
        }
        return [
            "refusals": .array(EventSize.fitting(refusals)),
            "unread": .integer(losses.total - losses.unattended), "unattended": .integer(losses.unattended),
        ]
    }

    private func explain(_ attempt: ConnectionAttempt, at time: Int, _ state: inout State) -> AttemptExplanation {
        if state.explainer == nil { state.explainer = state.view.map(AttemptExplainer.init) }
        return state.explainer?.explain(attempt, now: time)
            ?? AttemptExplanation(
                peer: nil, reason: "This device has no netmap: it is not signed in, or is switched off.")
    }

    private func close(at time: Int, all: Bool, _ state: inout State) {
        for gathered in state.gathering.close(at: time, all: all) where gathered.attempt.outcome != .leaving {
            state.held -= gathered.count
            var entry = Entry(
                attempt: gathered.attempt, explanation: explain(gathered.attempt, at: gathered.last, &state),
                time: gathered.first)
            (entry.count, entry.ports) = (gathered.count, gathered.portText)
            if let sweep = gathered.sweep { entry.explanation.note(sweep) }
            spool(entry, last: gathered.last, state)
            if entry.ports != nil || gathered.sweep != nil { Self.keep(entry, in: &state) }
        }
    }

    /// Without a view nobody is there to be told.
    private func spool(_ entry: Entry, last: Int, _ state: borrowing State) {
        guard let spool, let explainer = state.explainer else { return }
        let record = explainer.record(
            entry.attempt, entry.explanation, first: entry.time, last: last, count: entry.count, ports: entry.ports)
        spool.append(record.json.encoded(), for: explainer.view.server)
    }

    private static func count(_ attempt: ConnectionAttempt, in state: inout State) {
        guard let index = state.recent[attempt], state.entries.indices.contains(index),
            state.entries[index].attempt == attempt
        else { return }
        state.entries[index].count += 1
    }

    private static func keep(_ entry: Entry, in state: inout State) {
        if state.entries.count < capacity {
            state.recent[entry.attempt] = state.entries.count
            state.entries.append(entry)
        } else {
            state.recent[state.entries[state.oldest].attempt] = nil
            state.entries[state.oldest] = entry
            state.recent[entry.attempt] = state.oldest
            state.oldest = (state.oldest + 1) % capacity
        }
    }

    /// How many lines were left out before this one; nil when this one is left out, too.
    private static func lineIsDue(at time: Int, _ state: inout State) -> Int? {
        if state.second != time {
            state.second = time
            state.lines = 0
        }
        state.lines += 1
        guard state.lines <= linesPerSecond else {
            state.leftOut += 1
            return nil
        }
        defer { state.leftOut = 0 }
        return state.leftOut
    }

    private func write(_ entry: Entry, leftOut: Int) {
        var metadata: Logger.Metadata = [
            "source": "\(entry.attempt.source)", "destination": "\(entry.attempt.destination)",
            "service": "\(entry.service)", "reason": "\(entry.explanation.reason)",
        ]
        if let person = entry.explanation.person { metadata["person"] = "\(person)" }
        if let host = entry.explanation.host { metadata["host"] = "\(host)" }
        if leftOut > 0 { metadata["left_out"] = "\(leftOut)" }
        switch entry.attempt.outcome {
        case .allowed: logger.info("connection allowed", metadata: metadata)
        case .refusedInbound: logger.notice("connection refused", metadata: metadata)
        case .refusedWithoutPeer: logger.notice("connection refused here: no such peer", metadata: metadata)
        case .refusedOutbound: logger.notice("connection refused here, as it would be there", metadata: metadata)
        case .leaving: logger.notice("connection will be refused there", metadata: metadata)
        }
    }
}
