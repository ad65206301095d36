package import Audit
package import Cryptography
package import Logging
package import Store
internal import Synchronization

/// The evidence of one server: takes events from everywhere, chains them, signs the head, keeps them.
///
/// `record` never waits: events lie in a bounded queue until `run` has stored them. When the queue is full (the disk is full
/// or too slow) further events are dropped, counted, and the count is the first record once there is room. Administrative
/// changes go through `store` instead, which returns when they are durable.
package final class AuditLog: AuditSink {
    package static let queueLimit = 20_000
    /// Events of one transaction.
    static let batch = 1000
    static let retryPause = Duration.seconds(1)

    package typealias Sleep = @Sendable (Duration) async throws -> Void

    private struct Queue {
        var waiting: [AuditEvent] = []
        var lost = 0
        /// Taken out to be stored; they count until they are.
        var underWay = 0
    }

    let store: any Store
    let signer: any Signer
    package let pseudonyms: Pseudonyms
    let configuration: AuditConfiguration
    let clock: @Sendable () -> Int
    let sleep: Sleep
    let logger: Logger
    let signal = ChangeSignals()
    let intake: Mutex<IntakeLimit>
    /// How far the change log has been read in this run.
    let changePosition = Mutex(0)
    let places: VerifiedPlaces
    /// The end of the chain as this run wrote it.
    private let signed = Mutex(AuditChain())
    private let work = ChangeSignals()
    private let queue = Mutex(Queue())
    private let limit: Int

    package init(
        store: any Store, signer: any Signer, pseudonyms: Pseudonyms, configuration: AuditConfiguration,
        clock: @escaping @Sendable () -> Int, queueLimit: Int = AuditLog.queueLimit,
        sleep: @escaping Sleep = { try await Task.sleep(for: $0) }, logger: Logger
    ) {
        self.store = store
        self.signer = signer
        places = VerifiedPlaces(signer)
        self.pseudonyms = pseudonyms
        self.configuration = configuration
        self.clock = clock
        limit = queueLimit
        intake = Mutex(IntakeLimit(configuration))
        self.sleep = sleep
        self.logger = logger
    }

    package func record(_ event: AuditEvent) {
        let isFirst = queue.withLock { queue in
            guard queue.waiting.count + queue.underWay < limit else {
                queue.lost += 1
                return queue.lost == 1
            }
            queue.waiting.append(event)
            return false
        }
        if isFirst { logger.error("the audit queue is full: events are dropped and counted until there is room") }
        work.send()
    }

    /// Stores what comes in until the task is cancelled; then what is left, once.
    package func run() async {
        for await _ in work.subscribe(fromStart: true) {
            while !Task.isCancelled, await !flushOrLog() {
                do { try await sleep(Self.retryPause) } catch { break }
            }
        }
        // A cancelled task cannot wait for a store; one that is not can.
        _ = await Task { await flushOrLog() }.value
    }

    /// Stores everything that waits. Errors: the store's, and what could not be stored waits on.
    package func flush() async throws(StoreError) {
        while true {
            let (batch, lost) = queue.withLock { queue in
                let batch = Array(queue.waiting.prefix(Self.batch))
                queue.waiting.removeFirst(batch.count)
                queue.underWay += batch.count
                defer { queue.lost = 0 }
                return (batch, queue.lost)
            }
            var events = batch
            if lost > 0 { events.append(lossEvent(lost)) }
            guard !events.isEmpty else { return }
            do throws(StoreError) { try await store(events) } catch {
                queue.withLock { queue in
                    queue.waiting.insert(contentsOf: batch, at: 0)
                    queue.underWay -= batch.count
                    queue.lost += lost
                }
                throw error
            }
            queue.withLock { $0.underWay -= batch.count }
        }
    }

    /// Returns when the events are durable.
    package func store(_ events: [AuditEvent]) async throws(StoreError) {
        guard !events.isEmpty else { return }
        let keeping = Keeping(self)
        do { note(signed: try await store.write { try keeping.append(events, to: $0).chain }) } catch {
            throw Self.storeError(error)
        }
        signal.send()
    }

    /// Tells later transactions how far the chain has come. Only once it is durable.
    func note(signed end: AuditChain) {
        signed.withLock { $0 = end }
    }

    /// How events become records in a transaction.
    struct Keeping: Sendable {
        private let signer: any Signer
        private let pseudonyms: Pseudonyms?
        private let now: Int
        /// The end of the chain when this run last wrote.
        private let known: AuditChain
        private let logger: Logger

        init(_ log: AuditLog) {
            signer = log.signer
            known = log.signed.withLock { $0 }
            logger = log.logger
            pseudonyms = log.configuration.isPseudonymous ? log.pseudonyms : nil
            now = log.clock()
        }

        /// The new end of the chain, and how many bytes longer the log is.
        func append(
            _ events: [AuditEvent], to records: any StoreTransaction
        ) throws -> (chain: AuditChain, bytes: Int) {
            var end = try ChainEnd(of: records, known: known, signer: signer)
            let told = end.foreignHand.map { [Self.brokenEvent($0, at: now)] + events } ?? events
            let kept = pseudonyms.map { names in told.map { names.hide($0) } } ?? told
            let start = end.bytes
            try records.append(kept.map { end.append($0) }, of: kept)
            let head = AuditMark(head: end.chain, bytes: end.bytes, issuedAt: now)
            try records.setAuditMark(head, document: try head.signed(by: signer))
            if let reason = end.foreignHand {
                logger.critical(
                    "the audit log was changed by another hand: run `ztna-server audit verify`",
                    metadata: ["found": "\(reason)"])
            }
            return (end.chain, end.bytes &- start)
        }

        private static func brokenEvent(_ reason: String, at now: Int) -> AuditEvent {
            AuditEvent(
                .administration, "audit-broken", .failure, at: now, actor: .server,
                subject: AuditSubject(.audit, id: nil), reason: reason)
        }
    }

    static func storeError(_ error: any Error) -> StoreError {
        error as? StoreError ?? .backend("the audit log could not be written: \(error)")
    }

    /// False when the store does not take it.
    @discardableResult
    private func flushOrLog() async -> Bool {
        do throws(StoreError) {
            try await flush()
            return true
        } catch {
            logger.error("the audit log cannot be written: events wait", metadata: ["error": "\(error.explanation)"])
            return false
        }
    }

    /// An export or the watch of sessions found that another hand had moved its place: it has begun anew.
    func noteForeignPlace(of name: String) {
        logger.critical(
            "the audit log was changed by another hand: run `ztna-server audit verify`",
            metadata: ["found": "the place of \(name) was not signed by the control key"])
        record(
            AuditEvent(
                .administration, "audit-broken", .failure, at: clock(), actor: .server,
                subject: AuditSubject(.audit, id: nil, label: name),
                reason: "its place was not signed by the control key: it begins anew"))
    }

    private func lossEvent(_ count: Int) -> AuditEvent {
        AuditEvent(
            .administration, "audit-lost", .failure, at: clock(), actor: .server,
            subject: AuditSubject(.audit, id: nil), reason: "queue-full", count: count)
    }
}
