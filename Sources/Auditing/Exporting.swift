package import Audit
internal import Logging
internal import Store

/// One export: from its place in the chain to its target, batch by batch, again until the target has each.
///
/// The place is stored after each batch, so every record arrives at least once, over restarts too.
package struct Exporting: Sendable {
    static let batch = 500
    static let firstPause = 1
    static let longestPause = 60

    let log: AuditLog
    let export: AuditExport
    let delivery: any AuditDelivery
    /// Our host name.
    let server: String

    package init(_ export: AuditExport, of log: AuditLog, to delivery: any AuditDelivery, server: String) {
        self.log = log
        self.export = export
        self.delivery = delivery
        self.server = server
    }

    /// Until the task is cancelled.
    package func run() async {
        for await _ in log.signal.subscribe(fromStart: true) {
            var pause = Self.firstPause
            var isFailing = false
            while !Task.isCancelled {
                do throws(DeliveryFailure) {
                    guard try await step() else { break }
                    if isFailing { log.logger.notice("audit export goes on", metadata: ["export": "\(export.name)"]) }
                    isFailing = false
                    pause = Self.firstPause
                } catch {
                    if !isFailing {
                        log.logger.warning(
                            "audit export waits: it is tried again until it succeeds",
                            metadata: ["export": "\(export.name)", "reason": "\(error.explanation)"])
                    }
                    isFailing = true
                    do { try await log.sleep(.seconds(max(pause, error.retryAfter ?? 0))) } catch { return }
                    pause = min(pause * 2, Self.longestPause)
                }
            }
        }
    }

    /// Delivers the next batch. False when everything is delivered.
    package func step() async throws(DeliveryFailure) -> Bool {
        let name = export.name
        let (signer, known) = (log.signer, log.places)
        let (place, records): (ReadingPlace, [AuditRecord])
        do {
            (place, records) = try await log.store.read { reader in
                let place = try ReadingPlace(of: Self.place(name), from: reader, known: known)
                return (
                    place,
                    try reader.auditRecords(matching: AuditQuery(), after: place.sequence ?? 0, limit: Self.batch)
                )
            }
        } catch { throw DeliveryFailure(AuditLog.storeError(error).explanation) }
        guard let first = records.first, let last = records.last else { return false }
        if let done = place.sequence, first.sequence > done + 1 {
            noteGap(from: done + 1, through: first.sequence - 1)
        }
        let batch = records.compactMap { record -> ExportedRecord? in
            guard let exported = ExportedRecord(record, as: export.format, server: server) else {
                log.logger.error(
                    "an audit record cannot be read: run `ztna-server audit verify`",
                    metadata: ["sequence": "\(record.sequence)"])
                return nil
            }
            return export.streams.contains(exported.event.stream) ? exported : nil
        }
        if !batch.isEmpty { try await delivery.deliver(batch) }
        do {
            try await log.store.write {
                try $0.setAuditPlace(of: Self.place(name), to: last.sequence, signer: signer)
            }
        } catch { throw DeliveryFailure(AuditLog.storeError(error).explanation) }
        // After the new place is stored, so that it is told once.
        if place.isForeign { log.noteForeignPlace(of: Self.place(name)) }
        return true
    }

    private static func place(_ export: String) -> String { "export:" + export }

    /// Retention was faster than the export.
    private func noteGap(from: Int, through: Int) {
        log.logger.error(
            "retention deleted records that an export had not delivered yet",
            metadata: ["export": "\(export.name)", "records": "\(through - from + 1)"])
        log.record(
            AuditEvent(
                .administration, "audit-export-gap", .failure, at: log.clock(), actor: .server,
                subject: AuditSubject(.audit, id: nil, label: export.name), reason: "records \(from) to \(through)",
                count: through - from + 1))
    }
}
