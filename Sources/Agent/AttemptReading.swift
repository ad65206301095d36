internal import Enforcement
package import LinuxNetwork
package import Logging

/// Reads the attempts that the kernel logs, and accounts for those that nobody has read: each is counted once.
package actor AttemptReading {
    /// As `PacketLog.init`, for the group of the filter's rules.
    package typealias OpenLog =
        @Sendable (_ deliver: @escaping @Sendable (LoggedPacket) -> Void, _ onRead: @escaping @Sendable () -> Void)
        throws(LinuxNetworkError) -> PacketLog

    private let filter: PacketFilter
    private let attempts: AttemptLog
    private let spool: AttemptSpool?
    private let told: ToldAttempts?
    private let openLog: OpenLog
    private let logger: Logger
    private var log: PacketLog?
    /// As the log counted when it was last asked.
    private var counted = PacketLogLosses()
    private var isCounting = false
    /// Attempts that are in no record, since the start.
    package private(set) var lost = AttemptLosses()

    package init(
        filter: PacketFilter, attempts: AttemptLog, spool: AttemptSpool?, told: ToldAttempts?, logger: Logger,
        openLog: @escaping OpenLog = AttemptReading.open
    ) {
        self.filter = filter
        self.attempts = attempts
        self.spool = spool
        self.told = told
        self.logger = logger
        self.openLog = openLog
    }

    package static let open: OpenLog = { deliver, onRead throws(LinuxNetworkError) in
        try PacketLog(group: TunnelPlan.logGroup, deliver: deliver, onRead: onRead)
    }

    /// From here on every attempt is read. What comes in the moment between is not known.
    package func start() async throws {
        guard log == nil else { return }
        await countUnattended()
        let (attempts, spool, told) = (attempts, spool, told)
        log = try openLog(
            { packet in
                attempts.record(ConnectionAttempt(packet))
                if packet.verdict != .leaving { told?.add(1) }
            }, { Self.write(told, attempts, spool) })
    }

    /// Counts what the table that is there has logged without anybody who read it, and what those before it have left: before
    /// the log is opened, and before that table goes.
    package func countUnattended() async {
        guard log == nil, let told else { return }
        let count = await filter.logCount()
        let untold = told.takeOver(count)
        if count != nil { await filter.takeOver(unlogged: untold.toldLimited) }
        if untold.unattended > 0 {
            logger.notice(
                "attempts came while no agent ran: decided as always, known by number only",
                metadata: ["count": "\(untold.unattended)"])
        }
        var losses = AttemptLosses()
        (losses.unattended, losses.limited) = (untold.unattended, untold.limited)
        lost += losses
        spool?.count(losses)
        Self.write(told, attempts, spool)
    }

    /// What was lost since this was last asked goes to the server with what was not. To be called after each change of the
    /// table, and each second.
    package func countLosses() async {
        // Whoever asks at the same time would be told the same.
        guard let log, !isCounting else { return }
        isCounting = true
        defer { isCounting = false }
        let now = log.losses
        var losses = AttemptLosses()
        losses.kernel = now.overruns - counted.overruns
        losses.unreadable = now.unreadable - counted.unreadable
        losses.limited = await filter.takeUnlogged()
        counted = now
        lost += losses
        spool?.count(losses)
        guard let told else { return }
        told.add(losses.kernel + losses.unreadable)
        let before = told.accounted
        if let count = await filter.logCount() { told.follow(count, before: before) }
        Self.write(told, attempts, spool)
    }

    /// Nothing is read any more.
    package func close() {
        log?.close()
        log = nil
    }

    /// The table was removed: what nobody was told is kept for the next agent.
    package func tableIsGone() {
        told?.tableIsGone()
        Self.write(told, attempts, spool)
    }

    private static func write(_ told: ToldAttempts?, _ attempts: AttemptLog, _ spool: AttemptSpool?) {
        let unreported = spool?.unreported ?? AttemptLosses()
        told?.write(
            held: attempts.held + unreported.kernel + unreported.unreadable + unreported.unattended,
            limited: unreported.limited)
    }
}
