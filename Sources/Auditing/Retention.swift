internal import Audit
internal import Store

extension AuditLog {
    /// Records deleted in one transaction.
    static var retentionStep: Int { 500 }
    /// Seconds that the names of stored batches are kept: an agent's spool does not reach back further.
    static var uploadLifetime: Int { 30 * 86_400 }

    /// Deletes what is too old or too much, from the beginning, each time under a newly signed base; then records how much
    /// that was. In at most `maximumSteps` transactions. The number of records deleted.
    @discardableResult
    package func forget(maximumSteps: Int = 1000) async throws -> Int {
        let now = clock()
        let before = now - configuration.lifetime
        let maximumBytes = configuration.maximumBytes
        let signer = signer
        var total = 0
        for _ in 0..<maximumSteps {
            let (count, uploads) = try await store.write { records -> (Int, Int) in
                let uploads = try records.deleteUploads(before: now - Self.uploadLifetime, limit: Self.retentionStep)
                guard
                    let last = try records.auditRecordsToForget(
                        before: before, maximumBytes: maximumBytes, limit: Self.retentionStep)
                else { return (0, uploads) }
                let base = AuditMark(.base, sequence: last.sequence, hash: last.hash, issuedAt: now)
                let count = try records.deleteAuditRecords(
                    throughBase: base, document: try base.signed(by: signer))
                return (count, uploads)
            }
            total += count
            if count < Self.retentionStep, uploads < Self.retentionStep { break }
        }
        if total > 0 {
            record(
                AuditEvent(
                    .administration, "audit-forgotten", .success, at: now, actor: .server,
                    subject: AuditSubject(.audit, id: nil), reason: "retention", count: total))
        }
        return total
    }
}
