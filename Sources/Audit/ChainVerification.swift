package import Cryptography

/// Walks a chain from its beginning to its signed head, and says everything that is not as it was written.
///
/// What it cannot see by itself: that the whole of it was put back to an earlier state with the head of that time. For
/// that, keep heads elsewhere and give them as `witnesses`.
package struct ChainVerification: Sendable {
    package enum Finding: Hashable, Sendable {
        /// The record's bytes, place or neighbour are not what its hash was made from.
        case changed(sequence: Int)
        /// The row's other columns do not say what its bytes say.
        case misfiled(sequence: Int)
        case missing(from: Int, through: Int)
        /// A second record of that number, or one that comes after a later one.
        case misplaced(sequence: Int)
        /// The chain goes beyond its signed head: written by another hand.
        case beyondHead(from: Int)
        /// Where the chain begins no longer fits what was signed.
        case base
        /// No head, or one that the control key has not signed.
        case head
        /// The last record is the head's, but another one.
        case headDiffers
        /// A head that was kept elsewhere does not lie on this chain.
        case witness(sequence: Int)
        /// What stands beside a mark's signed document is not what the document says, or it is no mark of ours.
        case mark(String)
        /// How far an export or the watch of sessions has come was not signed for it.
        case place(String)
        /// The table that questions are answered from does not name what the records name.
        case index
    }

    /// More than these are not listed.
    package static let maximumFindings = 100

    package private(set) var findings: [Finding] = []
    package private(set) var count = 0
    private var chain: AuditChain
    private let head: AuditMark?
    /// Whether this is a part of a chain, which needs no head of its own.
    private let isPart: Bool
    private var witnesses: [Int: AuditMark]

    /// `base` and `head` are the compact JWS as stored; no `base`: nothing was ever removed.
    package init(base: String?, head: String?, witnesses: [String] = [], keys: [String: Ed25519PublicKey]) {
        chain = AuditChain()
        isPart = false
        var findings: [Finding] = []
        if let base {
            do {
                let mark = try AuditMark(verifying: base, kind: .base, keys: keys)
                chain = AuditChain(sequence: mark.sequence, hash: mark.hash)
            } catch { findings.append(.base) }
        }
        self.head = head.flatMap { try? AuditMark(verifying: $0, kind: .head, keys: keys) }
        let (known, unknown) = Self.marks(witnesses, keys)
        self.witnesses = known
        findings += unknown
        if head == nil || self.head == nil, head != nil || base != nil { findings.append(.head) }
        self.findings = findings
        check(witnessAt: chain)
    }

    /// A part of a chain, such as an export, from its first record on: what was before is not known, so that record's own
    /// hash is believed.
    package init(from first: AuditRecord, witnesses: [String] = [], keys: [String: Ed25519PublicKey]) {
        chain = AuditChain(sequence: first.sequence, hash: first.hash)
        count = 1
        head = nil
        isPart = true
        (self.witnesses, findings) = Self.marks(witnesses, keys)
        check(witnessAt: chain)
    }

    private static func marks(
        _ witnesses: [String], _ keys: [String: Ed25519PublicKey]
    ) -> ([Int: AuditMark], [Finding]) {
        var marks: [Int: AuditMark] = [:]
        var findings: [Finding] = []
        for text in witnesses {
            guard let mark = try? AuditMark(verifying: text, kind: .head, keys: keys) else {
                findings.append(.witness(sequence: 0))
                continue
            }
            marks[mark.sequence] = mark
        }
        return (marks, findings)
    }

    /// The records in the order in which they lie.
    package mutating func check(_ record: AuditRecord) {
        count += 1
        guard record.sequence > chain.sequence else { return note(.misplaced(sequence: record.sequence)) }
        let expected = chain.sequence + 1
        if record.sequence > expected {
            note(.missing(from: expected, through: record.sequence - 1))
        } else if AuditChain.hash(after: chain.hash, sequence: record.sequence, body: record.body) != record.hash {
            note(.changed(sequence: record.sequence))
        }
        // Go on from what the row says, so that one change is one finding.
        chain = AuditChain(sequence: record.sequence, hash: record.hash)
        check(witnessAt: chain)
    }

    package mutating func note(_ finding: Finding) {
        if findings.count < Self.maximumFindings { findings.append(finding) }
    }

    /// After the last record: whether the chain ends where its head says.
    package mutating func finish() {
        for sequence in witnesses.keys.sorted() where sequence > chain.sequence { note(.witness(sequence: sequence)) }
        guard let head else {
            if count > 0, !isPart, !findings.contains(.head) { note(.head) }
            return
        }
        if head.sequence > chain.sequence {
            note(.missing(from: chain.sequence + 1, through: head.sequence))
        } else if head.sequence < chain.sequence {
            note(.beyondHead(from: head.sequence + 1))
        } else if head.hash != chain.hash {
            note(.headDiffers)
        }
    }

    /// One that is older than the base says nothing: its record is gone.
    private mutating func check(witnessAt chain: AuditChain) {
        guard let mark = witnesses[chain.sequence] else { return }
        if mark.hash != chain.hash { note(.witness(sequence: mark.sequence)) }
    }
}

extension ChainVerification.Finding: CustomStringConvertible {
    package var description: String {
        switch self {
        case .changed(let sequence): "record \(sequence) was changed, or moved here from another place"
        case .misfiled(let sequence): "record \(sequence): the row's columns do not say what its bytes say"
        case .missing(let from, let through):
            from == through ? "record \(from) is missing" : "records \(from) to \(through) are missing"
        case .misplaced(let sequence): "record \(sequence) is out of its place, or there twice"
        case .beyondHead(let from): "records from \(from) on lie beyond the signed head: the server did not write them"
        case .base: "the mark where the chain begins was not signed by the control key"
        case .head: "there is no head signed by the control key"
        case .headDiffers: "the last record is not the one that the signed head names"
        case .witness(let sequence):
            sequence == 0
                ? "a head that was given to compare with was not signed by the control key"
                : "the head of record \(sequence) that was kept elsewhere does not lie on this chain"
        case .mark(let kind): "the columns beside the mark \"\(kind)\" do not say what its signed document says"
        case .place(let name):
            "the place of \"\(name)\" was not signed by the control key: it may have been led past records"
        case .index: "the index that questions are answered from does not name what the records name"
        }
    }
}
