internal import NetworkAddresses

/// Makes few reports of many attempts: the first of its kind at once, its repetitions within a minute as one count.
///
/// From one source that is refused on more than 64 ports of a protocol within a minute, further ports are gathered into
/// one report, so that a scan of all ports is some seventy reports. What one source tries beyond 128 kinds with the same
/// refusal within a minute, or 1,024 kinds otherwise, is one report, too, so that a sweep of all addresses is few.
/// The sum of all counts is the number of attempts.
/// Memory is bounded: beyond 16,384 kinds at a time, or 64 scans, a source's further kinds are part of its sweep.
package struct AttemptGathering: Sendable {
    package static let windowSeconds = 60
    package static let largestKinds = 16_384
    package static let largestScans = 64
    package static let portsBeforeScan = 64
    package static let refusedKindsBeforeSweep = 128
    package static let otherKindsBeforeSweep = 1024

    /// What stands for several attempts. `first` and `last` are seconds since the epoch.
    package struct Gathered: Hashable, Sendable {
        package let attempt: ConnectionAttempt
        package let first: Int
        package let last: Int
        package let count: Int
        /// Of a scan: its ports, ascending; empty for repetitions of one attempt.
        package let ports: [ClosedRange<UInt16>]
        /// Where the attempt is the first of several kinds, the others of which are counted only.
        package var sweep: Sweep?
    }

    /// Whose attempts are one report though they are not of one kind.
    package enum Sweep: Hashable, Sendable { case ofOneSource, ofManySources }

    private struct Repetitions {
        let since: Int
        var first = 0
        var last = 0
        var count = 0
    }

    /// One source against one destination, refused, on one protocol.
    private struct Prober: Hashable {
        let source: IPAddress
        let destination: IPAddress
        let protocolNumber: UInt8
        let outcome: ConnectionAttempt.Outcome
    }

    /// One source and what became of what it tried; nil stands for all sources beyond those that can be kept apart.
    private struct Sweeper: Hashable {
        let source: IPAddress?
        let outcome: ConnectionAttempt.Outcome
    }

    private struct Sweeping {
        let since: Int
        var kinds = 0
        var first: (attempt: ConnectionAttempt, time: Int)?
        var last = 0
        var count = 0

        mutating func add(_ attempt: ConnectionAttempt, at time: Int) {
            let start = first?.time ?? time
            if first == nil { first = (attempt, time) }
            last = max(time, start)
            count += 1
        }
    }

    private struct Probing {
        let since: Int
        var ports = 0
        var scan: Scan?
    }

    private struct Scan {
        let attempt: ConnectionAttempt
        let first: Int
        var last: Int
        var count = 0
        /// A bit a port.
        var words = [UInt64](repeating: 0, count: 1024)

        mutating func add(_ port: UInt16, at time: Int) {
            count += 1
            last = max(time, first)
            words[Int(port >> 6)] |= 1 << UInt64(port & 63)
        }
    }

    private var kinds: [ConnectionAttempt: Repetitions] = [:]
    private var probers: [Prober: Probing] = [:]
    private var scans = 0
    private var sweepers: [Sweeper: Sweeping] = [:]
    /// In order of their windows' ends.
    private var kindsByAge: [ConnectionAttempt] = []
    private var probersByAge: [Prober] = []
    private var sweepersByAge: [Sweeper] = []

    package init() {}

    /// Whether nothing waits for its window's end.
    package var isEmpty: Bool { kinds.isEmpty && probers.isEmpty && sweepers.isEmpty }

    /// True: report this one now. False: it will be part of what `close` gives. A window lasts until `close` ends it.
    package mutating func add(_ attempt: ConnectionAttempt, at time: Int) -> Bool {
        if var known = kinds[attempt] {
            if known.count == 0 { known.first = time }
            known.last = max(time, known.first)
            known.count += 1
            kinds[attempt] = known
            return false
        }
        let port = attempt.outcome == .allowed ? nil : attempt.port
        if let port, gather(attempt, port: port, at: time) { return false }
        guard hasRoom(for: attempt, at: time) else { return false }
        if let port { probe(attempt, port: port, at: time) }
        kinds[attempt] = Repetitions(since: time)
        kindsByAge.append(attempt)
        return true
    }

    /// What windows that have ended hold; with `all`, every window's. A clock that was set back ends them, too.
    package mutating func close(at time: Int, all: Bool = false) -> [Gathered] {
        func isOver(_ since: Int) -> Bool { all || time - since >= Self.windowSeconds || time < since }
        var closed: [Gathered] = []
        let agedKinds = kindsByAge.prefix { isOver(kinds[$0]?.since ?? 0) }
        for attempt in agedKinds {
            guard let ended = kinds.removeValue(forKey: attempt), ended.count > 0 else { continue }
            closed.append(
                Gathered(attempt: attempt, first: ended.first, last: ended.last, count: ended.count, ports: []))
        }
        kindsByAge.removeFirst(agedKinds.count)
        let agedProbers = probersByAge.prefix { isOver(probers[$0]?.since ?? 0) }
        for prober in agedProbers {
            guard let scan = probers.removeValue(forKey: prober)?.scan else { continue }
            scans -= 1
            closed.append(
                Gathered(
                    attempt: scan.attempt, first: scan.first, last: scan.last, count: scan.count,
                    ports: Self.ranges(scan.words)))
        }
        probersByAge.removeFirst(agedProbers.count)
        let agedSweepers = sweepersByAge.prefix { isOver(sweepers[$0]?.since ?? 0) }
        for sweeper in agedSweepers {
            guard let swept = sweepers.removeValue(forKey: sweeper), let first = swept.first else { continue }
            closed.append(
                Gathered(
                    attempt: first.attempt, first: first.time, last: swept.last, count: swept.count, ports: [],
                    sweep: swept.count == 1 ? nil : sweeper.source == nil ? .ofManySources : .ofOneSource))
        }
        sweepersByAge.removeFirst(agedSweepers.count)
        return closed
    }

    /// False when it has become part of its source's sweep.
    private mutating func hasRoom(for attempt: ConnectionAttempt, at time: Int) -> Bool {
        var sweeper = Sweeper(source: attempt.source, outcome: attempt.outcome)
        if sweepers[sweeper] == nil, sweepers.count >= Self.largestKinds {
            sweeper = Sweeper(source: nil, outcome: attempt.outcome)
        }
        if sweepers[sweeper] == nil { sweepersByAge.append(sweeper) }
        var sweeping = sweepers[sweeper] ?? Sweeping(since: time)
        defer { sweepers[sweeper] = sweeping }
        let limit =
            switch attempt.outcome {
            case .refusedInbound, .refusedOutbound, .refusedWithoutPeer: Self.refusedKindsBeforeSweep
            case .allowed, .leaving: Self.otherKindsBeforeSweep
            }
        guard sweeper.source != nil, sweeping.kinds < limit, kinds.count < Self.largestKinds else {
            sweeping.add(attempt, at: time)
            return false
        }
        sweeping.kinds += 1
        return true
    }

    private static func prober(_ attempt: ConnectionAttempt) -> Prober {
        Prober(
            source: attempt.source, destination: attempt.destination, protocolNumber: attempt.protocolNumber,
            outcome: attempt.outcome)
    }

    /// Begins to count the ports of one that is not known yet.
    private mutating func probe(_ attempt: ConnectionAttempt, port: UInt16, at time: Int) {
        let prober = Self.prober(attempt)
        guard probers[prober] == nil, probers.count < Self.largestKinds else { return }
        probers[prober] = Probing(since: time, ports: 1)
        probersByAge.append(prober)
    }

    /// True when it is part of a scan.
    private mutating func gather(_ attempt: ConnectionAttempt, port: UInt16, at time: Int) -> Bool {
        let prober = Self.prober(attempt)
        guard var probing = probers[prober] else { return false }
        guard probing.ports >= Self.portsBeforeScan else {
            probing.ports += 1
            probers[prober] = probing
            return false
        }
        if probing.scan == nil {
            guard scans < Self.largestScans else { return false }
            scans += 1
            probing.scan = Scan(attempt: attempt, first: time, last: time)
        }
        // Taken out while it changes, so that its words are not copied.
        probers[prober] = nil
        probing.scan?.add(port, at: time)
        probers[prober] = probing
        return true
    }

    private static func ranges(_ words: [UInt64]) -> [ClosedRange<UInt16>] {
        var ranges: [ClosedRange<UInt16>] = []
        var start: UInt16?
        for port in 0...UInt16.max {
            let isSet = words[Int(port >> 6)] >> UInt64(port & 63) & 1 == 1
            if isSet, start == nil { start = port }
            if let first = start, !isSet {
                ranges.append(first...(port - 1))
                start = nil
            }
        }
        if let start { ranges.append(start...UInt16.max) }
        return ranges
    }
}

extension AttemptGathering.Gathered {
    /// "1-79,81-65535"; nil for repetitions. At most 64 ranges: the last then reaches past gaps.
    package var portText: String? {
        guard let last = ports.last else { return nil }
        var shown = Array(ports.prefix(64))
        if ports.count > shown.count, let edge = shown.popLast() {
            shown.append(edge.lowerBound...last.upperBound)
        }
        return shown.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }
}
