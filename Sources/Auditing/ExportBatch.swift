package import Audit
internal import StrictJSON

/// Records on their way out, in an export's format.
package struct ExportedRecord: Hashable, Sendable {
    package let record: AuditRecord
    package let event: AuditEvent
    /// One JSON text without line breaks.
    package let json: [UInt8]

    /// Nil for a record that is not readable any more: `ztna-server audit verify` says more of it.
    init?(_ record: AuditRecord, as format: AuditExport.Format, server: String) {
        guard let event = try? record.event(),
            let json = try? format == .plain ? record.json() : OCSF.json(record, server: server)
        else { return nil }
        self.record = record
        self.event = event
        self.json = json.encoded()
    }
}

/// Brings batches to one target. Called by one task at a time; returns when the target has the batch, as far as one can
/// know.
package protocol AuditDelivery: Sendable {
    func deliver(_ batch: [ExportedRecord]) async throws(DeliveryFailure)
}
