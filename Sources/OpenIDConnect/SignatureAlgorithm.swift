internal import Cryptography

/// The signature algorithms that we verify in ID tokens. `none` and every symmetric algorithm are not among them.
///
/// Source: RFC 7518 §3.1; RFC 8037 §3.1; OpenID Connect Core 1.0 §3.1.3.7.
package enum SignatureAlgorithm: String, Hashable, Sendable, CaseIterable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case es256 = "ES256"
    case es384 = "ES384"
    case edDSA = "EdDSA"

    /// The digest that `at_hash` is made with: the algorithm's own. Ed25519 hashes with SHA-512 inside.
    ///
    /// Source: OpenID Connect Core 1.0 §3.1.3.6.
    func hash(_ bytes: [UInt8]) -> [UInt8] {
        switch self {
        case .rs256, .ps256, .es256: Digest.sha256(bytes)
        case .rs384, .es384: Digest.sha384(bytes)
        case .rs512, .edDSA: Digest.sha512(bytes)
        }
    }
}
