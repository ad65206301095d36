package import AccessPolicy
package import Cryptography
package import Identity
internal import SignedDocuments
internal import StrictJSON

/// The rules whose destination matches one node, signed by the control key. `ztna-policy+jwt`, valid until replaced.
///
/// Claims: `iss`, `sub` (node id), `iat`, `revision`, `rules`. An older one than the agent holds is refused by `iat`.
/// Source: DESIGN §4, §8.
package struct PolicySlice: Hashable, Sendable {
    package var issuer: String
    package var node: NodeID
    package var issuedAt: Int
    package var revision: String
    package var rules: [Rule]

    package init(issuer: String, node: NodeID, issuedAt: Int, revision: String, rules: [Rule]) {
        self.issuer = issuer
        self.node = node
        self.issuedAt = issuedAt
        self.revision = revision
        self.rules = rules
    }

    package func signed(by control: any Signer) throws -> String {
        let claims: JSON = [
            "iss": .string(issuer), "sub": .string(node.text), "iat": .integer(issuedAt),
            "revision": .string(revision), "rules": .array(rules.map(\.json)),
        ]
        return try SignedDocument.sign(
            claims, type: .policySlice, by: control, header: ["kid": .string(control.publicKey.thumbprint)])
    }

    /// Errors: `document`, `malformed`, `mismatch` when it is from another server or for another node.
    package init(
        verifying text: String, keys: [String: Ed25519PublicKey], server: String, node: NodeID, now: Int
    ) throws(WireError) {
        do {
            let claims = try SignedDocument.verify(text, type: .policySlice, keys: keys)
            guard try claims.string("iss") == server else { throw WireError.mismatch("iss") }
            guard try claims.string("sub") == node.text else { throw WireError.mismatch("sub") }
            issuer = server
            self.node = node
            issuedAt = try claims.integer("iat")
            guard issuedAt <= now + Validity.skew else { throw WireError.document(.notYetValid) }
            revision = try claims.string("revision")
            rules = try claims.array("rules").map { try Rule(json: $0) }
        } catch let error as DocumentError { throw .document(error) } catch let error as WireError {
            throw error
        } catch { throw .malformed("rules") }
    }
}
