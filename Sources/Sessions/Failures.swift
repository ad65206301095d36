/// Why a DPoP proof was refused; the wire hears `invalid_dpop_proof` (RFC 9449 §5) and, where it helps, the clock.
package enum DPoPError: Error, Hashable, Sendable {
    case missing, malformed, wrongType, algorithm, key, signature, method, url, claims, accessToken
    /// The device's clock is this many seconds ahead of ours (negative: behind).
    case clock(seconds: Int)
    /// No nonce of ours, or an old one: the answer brings a new one (RFC 9449 §8).
    case nonce
    case replayed
    /// The replay store is full: a refusal, never an unrecorded acceptance.
    case overloaded

    package var explanation: String {
        switch self {
        case .missing: "the request carries no DPoP proof"
        case .malformed: "the DPoP proof is not a compact JWS of at most \(DPoPProof.maximumBytes) bytes"
        case .wrongType: "the DPoP proof's typ is not dpop+jwt"
        case .algorithm: "the DPoP proof's alg is not EdDSA"
        case .key: "the DPoP proof's jwk is not a public Ed25519 key"
        case .signature: "the DPoP proof's signature is not by the key it shows"
        case .method: "the DPoP proof is for another method (htm)"
        case .url: "the DPoP proof is for another URL (htu): does the device use the server's configured url?"
        case .claims: "the DPoP proof lacks iat or jti"
        case .accessToken: "the DPoP proof is for another access token (ath)"
        case .clock(let seconds):
            "the device's clock is \(seconds.magnitude) s \(seconds > 0 ? "ahead of" : "behind") the server's: set one of them right"
        case .nonce: "the DPoP proof carries no current nonce of this server"
        case .replayed: "the DPoP proof was used before"
        case .overloaded: "more DPoP proofs arrived within two minutes than are remembered: try again"
        }
    }
}
