internal import Audit
internal import Cryptography
internal import SignedDocuments
internal import Store
internal import Synchronization

/// Where a reader of the chain or of the change log goes on.
struct ReadingPlace: Sendable {
    /// Nil: from the beginning.
    let sequence: Int?
    /// What lies there was not signed by us: it is as if nothing did, since it might lead past something.
    let isForeign: Bool

    init(of name: String, from reader: any StoreReader, known: VerifiedPlaces) throws {
        guard let document = try reader.auditPlace(of: name) else {
            (sequence, isForeign) = (nil, false)
            return
        }
        let place = known.place(of: name, document)
        (sequence, isForeign) = (place?.sequence, place == nil)
    }
}

/// Verifies places, each document once: they are asked for with every change of the store, and seldom move.
final class VerifiedPlaces: Sendable {
    private let key: Ed25519PublicKey
    /// Of each reader the last one.
    private let known = Mutex<[String: (document: String, place: AuditPlace)]>([:])

    init(_ signer: any Signer) { key = signer.publicKey }

    /// Nil: not one that we signed.
    func place(of name: String, _ document: String) -> AuditPlace? {
        if let known = known.withLock({ $0[name] }), known.document == document { return known.place }
        guard let place = try? AuditPlace(verifying: document, of: name, keys: [key.thumbprint: key]) else {
            return nil
        }
        known.withLock { $0[name] = (document, place) }
        return place
    }
}

extension StoreTransaction {
    func setAuditPlace(of name: String, to sequence: Int, signer: any Signer) throws {
        let place = AuditPlace(of: name, sequence: sequence)
        try setAuditPlace(place, document: try place.signed(by: signer))
    }
}
