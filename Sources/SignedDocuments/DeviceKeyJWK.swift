package import Cryptography
package import StrictJSON

/// An Ed25519 key as a JWK, and its thumbprint. Source: RFC 8037 §2, RFC 7638 §3.
extension Ed25519PublicKey {
    /// `{"crv":"Ed25519","kty":"OKP","x":…}`: exactly the required members, so also the thumbprint's input.
    package var jwk: JSON { ["crv": "Ed25519", "kty": "OKP", "x": .string(Base64URL.encode(bytes))] }

    /// SHA-256 of the canonical JWK, base64url: `jkt`.
    package var thumbprint: String {
        // The canonical JWK, written directly: every call of a device asks for its thumbprint.
        Base64URL.encode(Digest.sha256(#"{"crv":"Ed25519","kty":"OKP","x":"\#(Base64URL.encode(bytes))"}"#))
    }

    /// Refuses any other key type and any JWK with a private member.
    package init(jwk: JSON) throws(DocumentError) {
        do {
            let members = try JSONMembers(jwk)
            guard try members.string("kty") == "OKP", try members.string("crv") == "Ed25519", !members.has("d"),
                let bytes = Base64URL.decode(try members.string("x"))
            else { throw DocumentError.claim("jwk") }
            try self.init(bytes)
        } catch { throw .claim("jwk") }
    }
}
