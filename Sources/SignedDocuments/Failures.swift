/// Why a signed document was refused. The names go to logs; callers on the network hear less.
package enum DocumentError: Error, Hashable, Sendable {
    case tooLong
    /// Not three base64url parts with a JSON header and payload.
    case malformed
    case wrongType
    case algorithmNotAllowed
    /// `crit` is present (RFC 7515 §4.1.11), or a member that carries keys or addresses of keys where none may be.
    case headerNotAllowed(String)
    case unknownKey
    case badSignature
    case expired
    case notYetValid
    /// A claim is absent, of the wrong type, or has a value that this document may not have.
    case claim(String)
}
