internal import Cryptography
package import StrictJSON

/// A JWS in compact form, taken apart and not yet verified: nothing in it may be believed.
///
/// `BASE64URL(header) "." BASE64URL(payload) "." BASE64URL(signature)`. Source: RFC 7515 §3.1, §5.2; RFC 8725.
package struct CompactJWS: Sendable {
    package static let maximumBytes = 64 * 1024

    package let header: JSONMembers
    package let payload: [UInt8]
    package let signature: [UInt8]
    /// The octets under the signature: the first two parts with their dot.
    package let signingInput: [UInt8]
    package let algorithm: String

    /// Errors: `tooLong`, `malformed`, `headerNotAllowed`.
    package init(parsing text: String, maximumBytes: Int = Self.maximumBytes) throws(DocumentError) {
        guard text.utf8.count <= maximumBytes else { throw .tooLong }
        let bytes = Array(text.utf8)
        // A third dot would be a byte of the signature that is not base64url.
        guard let first = bytes.firstIndex(of: UInt8(ascii: ".")),
            let second = bytes[(first + 1)...].firstIndex(of: UInt8(ascii: ".")),
            let headerBytes = Base64URL.decode(bytes[..<first]),
            let payload = Base64URL.decode(bytes[(first + 1)..<second]),
            let signature = Base64URL.decode(bytes[(second + 1)...])
        else { throw .malformed }
        do {
            header = try JSONMembers(parsing: headerBytes, maximumBytes: maximumBytes)
            algorithm = try header.string("alg")
        } catch { throw .malformed }
        // RFC 7515 §4.1.11: an extension that we do not understand MUST be refused; we understand none.
        if header.has("crit") { throw .headerNotAllowed("crit") }
        // RFC 7797: an unencoded payload is another format.
        if header.has("b64") { throw .headerNotAllowed("b64") }
        self.payload = payload
        self.signature = signature
        signingInput = Array(bytes[..<second])
    }

    /// RFC 7515 §4.1.2–§4.1.6: keys that the message brings along are never used; where none belongs, refuse.
    package func refuseEmbeddedKeys() throws(DocumentError) {
        for name in ["jwk", "jku", "x5u", "x5c"] where header.has(name) { throw .headerNotAllowed(name) }
    }

    package var keyID: String? { header.members["kid"]?.stringValue }
    package var type: String? { header.members["typ"]?.stringValue }
}
