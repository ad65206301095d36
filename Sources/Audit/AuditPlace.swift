package import Cryptography
internal import SignedDocuments
internal import StrictJSON

/// How far somebody has come who reads on, signed by the control key: an export in the chain, the watch of sessions in the
/// change log. Whoever could move it on would hide what lies between.
///
/// Claims: `is` (`place`), `of`, `seq`.
package struct AuditPlace: Hashable, Sendable {
    package let name: String
    package let sequence: Int

    package init(of name: String, sequence: Int) {
        self.name = name
        self.sequence = sequence
    }

    /// The compact JWS, `typ` `ztna-audit-head+jwt`.
    package func signed(by signer: any Signer) throws -> String {
        try SignedDocument.sign(
            ["is": "place", "of": .string(name), "seq": .integer(sequence)], type: .auditHead, by: signer,
            header: ["kid": .string(signer.publicKey.thumbprint)])
    }

    /// Errors: `mark`.
    package init(verifying text: String, of name: String, keys: [String: Ed25519PublicKey]) throws(AuditError) {
        do {
            let claims = try SignedDocument.verify(text, type: .auditHead, keys: keys)
            guard try claims.string("is") == "place", try claims.string("of") == name,
                case let sequence = try claims.integer("seq"), sequence >= 0
            else { throw AuditError.mark }
            self.init(of: name, sequence: sequence)
        } catch { throw .mark }
    }
}
