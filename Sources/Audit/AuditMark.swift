package import Cryptography
internal import SignedDocuments
internal import StrictJSON

/// A place in the chain, signed by the control key: where it ends, or where retention has cut its beginning off.
///
/// Claims: `is` (`head`, `base`), `seq`, `hash` (base64url), `bytes`, `iat`. Of a base, `seq` and `hash` are those of the last
/// record that was removed.
package struct AuditMark: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable { case head, base }

    package let kind: Kind
    package let sequence: Int
    package let hash: [UInt8]
    /// Of the bodies of all records up to this place, those that are gone included: what retention by size counts with. nil:
    /// signed by a version that did not say it.
    package let bytes: Int?
    package let issuedAt: Int

    package init(_ kind: Kind, sequence: Int, hash: [UInt8], bytes: Int?, issuedAt: Int) {
        self.kind = kind
        self.sequence = sequence
        self.hash = hash
        self.bytes = bytes
        self.issuedAt = issuedAt
    }

    package init(head chain: AuditChain, bytes: Int?, issuedAt: Int) {
        self.init(.head, sequence: chain.sequence, hash: chain.hash, bytes: bytes, issuedAt: issuedAt)
    }

    /// The compact JWS, `typ` `ztna-audit-head+jwt`.
    package func signed(by signer: any Signer) throws -> String {
        var claims: [String: JSON] = [
            "is": .string(kind.rawValue), "seq": .integer(sequence), "hash": .string(Base64URL.encode(hash)),
            "iat": .integer(issuedAt),
        ]
        claims["bytes"] = bytes.map { .integer($0) }
        return try SignedDocument.sign(
            .object(claims), type: .auditHead, by: signer, header: ["kid": .string(signer.publicKey.thumbprint)])
    }

    /// `keys`: every control key that this server has had, by thumbprint. Errors: `mark`.
    package init(verifying text: String, kind: Kind, keys: [String: Ed25519PublicKey]) throws(AuditError) {
        do {
            let claims = try SignedDocument.verify(text, type: .auditHead, keys: keys)
            guard try claims.string("is") == kind.rawValue, let hash = Base64URL.decode(try claims.string("hash")),
                hash.count == 32, case let sequence = try claims.integer("seq"), sequence >= 0
            else { throw AuditError.mark }
            self.init(
                kind, sequence: sequence, hash: hash, bytes: try claims.optionalInteger("bytes"),
                issuedAt: try claims.integer("iat"))
        } catch { throw .mark }
    }
}
