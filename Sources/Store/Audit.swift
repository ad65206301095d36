package import Audit
package import Identity

/// The evidence: a chain of records that only grows at its end and only loses its beginning.
package protocol AuditReader {
    /// Where the next record goes.
    func auditChain() throws -> AuditChain
    /// The signed mark as it was stored.
    func auditMark(_ kind: AuditMark.Kind) throws -> String?
    /// In the order of `sequence`, at most `limit`: those after `sequence` that answer the query.
    func auditRecords(matching query: AuditQuery, after sequence: Int, limit: Int) throws -> [AuditRecord]
    /// The newest ones, in the order of `sequence`, at most `limit`.
    func auditRecords(matching query: AuditQuery, last limit: Int) throws -> [AuditRecord]
    /// Bytes of the bodies of all records that are there. Looks at each.
    func auditBytes() throws -> Int
    /// How far the reader of this name has come, signed; nil when it has never read.
    func auditPlace(of name: String) throws -> String?
}

package protocol AuditWriter: AuditReader {
    /// Must continue `auditChain()`, else `StoreError.conflict`. Nothing changes a record afterwards.
    func append(_ records: [AuditRecord], of events: [AuditEvent]) throws
    /// `document`: the mark, signed.
    func setAuditMark(_ mark: AuditMark, document: String) throws
    /// Deletes the oldest ones up to and with the base's, which is the new beginning of the chain. The number deleted.
    func deleteAuditRecords(throughBase mark: AuditMark, document: String) throws -> Int
    /// `document`: the place, signed.
    func setAuditPlace(_ place: AuditPlace, document: String) throws

    /// Remembers that this device's batch is stored. False when it was stored before.
    func rememberUpload(_ batch: String, of device: DeviceID, at now: Int) throws -> Bool
    /// At most `limit`. The number deleted.
    func deleteUploads(before moment: Int, limit: Int) throws -> Int
}
