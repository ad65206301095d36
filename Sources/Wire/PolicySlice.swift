package import AccessPolicy
package import Cryptography
package import Identity
package import NetworkAddresses
internal import SignedDocuments
internal import StrictJSON

/// The rules whose destination matches one node, and which addresses are the mesh's, signed by the control key.
/// `ztna-policy+jwt`, valid until replaced.
///
/// Claims: `iss`, `sub` (node id), `iat`, `revision`, `rules`, `networks` (overlay prefixes, at most 4). An older one than the agent holds is refused by `iat`.
/// Source: DESIGN §4, §8.
package struct PolicySlice: Hashable, Sendable {
    package var issuer: String
    package var node: NodeID
    package var issuedAt: Int
    package var revision: String
    package var rules: [Rule]
    /// The prefixes that overlay addresses are taken from.
    package var networks: [IPPrefix]

    package init(
        issuer: String, node: NodeID, issuedAt: Int, revision: String, rules: [Rule], networks: [IPPrefix] = []
    ) {
        self.issuer = issuer
        self.node = node
        self.issuedAt = issuedAt
        self.revision = revision
        self.rules = rules
        self.networks = networks
    }

    package func signed(by control: any Signer) throws -> String {
        let claims: JSON = [
            "iss": .string(issuer), "sub": .string(node.text), "iat": .integer(issuedAt),
            "revision": .string(revision), "rules": .array(rules.map(\.json)),
            "networks": .array(networks.map { .string($0.description) }),
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
            let texts = try claims.strings("networks")
            guard texts.count <= 4 else { throw WireError.malformed("networks") }
            networks = try texts.map { text in
                guard let prefix = IPPrefix(text) else { throw WireError.malformed("networks") }
                return prefix
            }
        } catch let error as DocumentError { throw .document(error) } catch let error as WireError {
            throw error
        } catch { throw .malformed("rules") }
    }
}
