internal import Audit
internal import Cryptography
internal import Logging
internal import SignedDocuments
internal import Store

extension AuditLog {
    /// Records deleted in one transaction.
    static var retentionStep: Int { 500 }
    /// Seconds that the names of stored batches are kept: an agent's spool does not reach back further.
    static var uploadLifetime: Int { 30 * 86_400 }
    /// More records that do not fit are counted, not named.
    private static var namedRecords: Int { 20 }

    private struct Forgotten: Sendable {
        var count = 0
        var uploads = 0
        /// Records that were not as they were written.
        var foreign: [Int] = []
        var isBaseForeign = false
    }

    /// Deletes what is too old or too much, from the beginning, each time under a newly signed base; then records how much
    /// that was, and what of it was not as it was written. In at most `maximumSteps` transactions. The number of records
    /// deleted.
    @discardableResult
    package func forget(maximumSteps: Int = 1000) async throws -> Int {
        let now = clock()
        var total = Forgotten()
        for _ in 0..<maximumSteps {
            let step = try await forgetOnce(now)
            total.count += step.count
            total.foreign += step.foreign
            total.isBaseForeign = step.isBaseForeign
            if step.count < Self.retentionStep, step.uploads < Self.retentionStep { break }
        }
        if let reason = Self.reason(total) {
            logger.critical(
                "the audit log was changed by another hand: run `ztna-server audit verify`",
                metadata: ["found": "\(reason)"])
            record(retentionEvent("audit-broken", .failure, reason: reason, count: nil, at: now))
        }
        if total.count > 0 {
            record(retentionEvent("audit-forgotten", .success, reason: "retention", count: total.count, at: now))
        }
        return total.count
    }

    private func forgetOnce(_ now: Int) async throws -> Forgotten {
        let (lifetime, maximumBytes) = (configuration.lifetime, configuration.maximumBytes)
        let signer = signer
        return try await store.write { records -> Forgotten in
            var step = Forgotten()
            step.uploads = try records.deleteUploads(before: now - Self.uploadLifetime, limit: Self.retentionStep)
            do {
                let oldest = try OldestRecords(
                    of: records, before: now - lifetime, maximumBytes: maximumBytes, limit: Self.retentionStep,
                    now: now, keys: [signer.publicKey.thumbprint: signer.publicKey])
                guard let base = oldest.base else { return step }
                step.foreign = oldest.foreign
                step.count = try records.deleteAuditRecords(
                    throughBase: base, document: try base.signed(by: signer))
            } catch AuditError.mark { step.isBaseForeign = true }
            return step
        }
    }

    private static func reason(_ found: Forgotten) -> String? {
        if found.isBaseForeign {
            return "nothing is deleted: the mark where the chain begins was not signed by the control key"
        }
        guard !found.foreign.isEmpty else { return nil }
        let names = found.foreign.prefix(namedRecords).map(String.init).joined(separator: ", ")
        let more = found.foreign.count - namedRecords
        return "records that were not as they were written have left by retention: \(names)"
            + (more > 0 ? " and \(more) more" : "")
    }

    private func retentionEvent(
        _ action: String, _ outcome: AuditEvent.Outcome, reason: String, count: Int?, at now: Int
    ) -> AuditEvent {
        AuditEvent(
            .administration, action, outcome, at: now, actor: .server, subject: AuditSubject(.audit, id: nil),
            reason: reason, count: count)
    }
}
