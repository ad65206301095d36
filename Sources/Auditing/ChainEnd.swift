internal import Audit
internal import Cryptography
internal import SignedDocuments
internal import Store

/// Where the next record goes: after the one that we signed last.
///
/// The rows alone are not believed. Whoever can write them can cut or rewrite the end and make every hash fit, and a head
/// signed over that would be our own word for it. So where the rows are not those that were signed last, or that this run
/// wrote, the next record is tied to what was, or to nothing: the break then stays in the chain, and `ztna-server audit
/// verify` shows it.
struct ChainEnd {
    var chain: AuditChain
    /// Of the bodies of all records so far, as signed with the head.
    var bytes: Int
    /// What is wrong with the rows or the head, in words; nil: they are ours.
    let foreignHand: String?

    /// No record has this hash.
    private static let nothing = [UInt8](repeating: 0xFF, count: 32)

    /// `known`: how far the chain had come when this run last wrote; other programs may have written since.
    init(of records: any StoreReader, known: AuditChain, signer: any Signer) throws {
        let rows = try records.auditChain()
        let key = signer.publicKey
        let document = try records.auditMark(.head)
        let head = document.flatMap { try? AuditMark(verifying: $0, kind: .head, keys: [key.thumbprint: key]) }
        if rows.sequence < known.sequence || rows.sequence == known.sequence && rows.hash != known.hash {
            chain = AuditChain(sequence: rows.sequence, hash: known.hash)
            foreignHand = "record \(rows.sequence) is the last, and record \(known.sequence) has been written"
        } else if let head, head.sequence == rows.sequence, head.hash == rows.hash {
            (chain, foreignHand) = (rows, nil)
        } else if let head {
            chain = AuditChain(sequence: rows.sequence, hash: head.hash)
            foreignHand =
                "record \(rows.sequence) is the last, and another one, \(head.sequence), was signed as the last"
        } else if document == nil, rows == AuditChain() {
            (chain, foreignHand) = (rows, nil)
        } else {
            chain = AuditChain(sequence: rows.sequence, hash: Self.nothing)
            foreignHand = "record \(rows.sequence) is the last, and no head that this server signed says so"
        }
        // What another hand left behind is counted as it lies, and so is what an earlier version wrote.
        if foreignHand == nil, let head, let signed = head.bytes {
            bytes = signed
        } else {
            let base = try records.auditMark(.base).flatMap {
                try? AuditMark(verifying: $0, kind: .base, keys: [key.thumbprint: key])
            }
            bytes = (base?.bytes ?? 0) &+ (try records.auditBytes())
        }
    }

    mutating func append(_ event: AuditEvent) -> AuditRecord {
        let record = chain.append(event)
        bytes &+= record.body.count
        return record
    }
}
