package import AccessPolicy
package import Cryptography
package import Identity
package import NetworkAddresses
internal import SignedDocuments
package import Wire

/// One node of the mesh as its verified authorization describes it, without the documents themselves.
package struct MeshNode: Hashable, Sendable {
    package let principal: Principal
    package let wireGuardKey: X25519PublicKey
    package let addresses: [IPAddress]
    /// Where the device said it can be reached, in its own order.
    package let candidates: [Endpoint]
    /// Seconds since the epoch; from then on the node is nobody.
    package let expiresAt: Int
    /// What conditions on this node as a source are asked of.
    package let context: Context

    package init(_ verified: VerifiedNode) {
        principal = verified.authorization.principal
        wireGuardKey = verified.registration.wireGuardKey
        addresses = verified.authorization.addresses
        candidates = verified.registration.endpoints
        expiresAt = verified.authorization.validity.expiresAt
        context = verified.context
    }

    package var node: NodeID { principal.node }

    package func isLiving(at now: Int) -> Bool { expiresAt > now }
}
