/// What shows to anyone who trusts the provider that a person signed in for one device key: kept with the session.
///
/// The bytes hold the signature that was verified; `InResponseTo` in what it covers is the committing request ID. At most
/// as large as a response may be. Source: DESIGN §3.
package enum SignInEvidence: Hashable, Sendable {
    /// The whole response as it was received. Sealed: its assertion is encrypted to us and not signed by itself, so nobody
    /// else can read it.
    case response([UInt8], isSealed: Bool)
    /// The decrypted assertion with its own signature.
    case assertion([UInt8])

    package var bytes: [UInt8] {
        switch self {
        case .response(let bytes, _), .assertion(let bytes): bytes
        }
    }
}
