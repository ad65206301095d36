internal import Audit
internal import Cryptography
internal import Store

/// The oldest records, and which of them retention may delete: what is too old, or beyond what is kept.
///
/// It believes what is signed or hashed, and no column beside: the age of a record is what its bytes say, where they fit the
/// chain from the signed base on; the size is the difference of what the signed head and base have counted. A record that
/// does not fit has no age: it leaves with the first good one behind it that is too old, or for want of room, and is named.
struct OldestRecords {
    /// The new beginning of the chain; nil: nothing is to leave.
    private(set) var base: AuditMark?
    /// Those up to there whose bytes, place or neighbour are not what was hashed.
    private(set) var foreign: [Int] = []

    /// `limit`: of records looked at. Errors: `AuditError.mark` where the base is not one that we signed: then nobody knows
    /// where the chain begins, and a new base would hide that.
    init(
        of records: any StoreReader, before moment: Int, maximumBytes: Int, limit: Int, now: Int,
        keys: [String: Ed25519PublicKey]
    ) throws {
        let old = try records.auditMark(.base).map { try AuditMark(verifying: $0, kind: .base, keys: keys) }
        let oldest = try records.auditRecords(matching: AuditQuery(), after: 0, limit: limit)
        guard !oldest.isEmpty else { return }
        let head = try records.auditMark(.head).flatMap { try? AuditMark(verifying: $0, kind: .head, keys: keys) }
        let start = old?.bytes ?? 0
        // Without a head that counts, what lies there counts.
        let end = try head?.bytes ?? start &+ records.auditBytes()
        var chain = AuditChain(sequence: old?.sequence ?? 0, hash: old?.hash ?? AuditChain().hash)
        var seen = start
        var suspects: [Int] = []
        for record in oldest {
            let isTooMuch = end &- seen > maximumBytes
            let event = chain.fits(record) ? try? record.event() : nil
            chain = AuditChain(sequence: record.sequence, hash: record.hash)
            seen &+= record.body.count
            if event == nil { suspects.append(record.sequence) }
            if isTooMuch || event.map({ $0.recordedAt < moment }) ?? false {
                base = AuditMark(.base, sequence: record.sequence, hash: record.hash, bytes: seen, issuedAt: now)
                foreign = suspects
            } else if event != nil {
                break
            }
        }
        // How long the foreign ones were nobody knows: what stays is counted anew.
        if let found = base, !foreign.isEmpty {
            let gone = oldest.prefix { $0.sequence <= found.sequence }.reduce(0) { $0 + $1.body.count }
            let left = try records.auditBytes() &- gone
            base = AuditMark(
                .base, sequence: found.sequence, hash: found.hash, bytes: end &- left, issuedAt: now)
        }
    }
}
