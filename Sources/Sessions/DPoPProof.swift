package import Cryptography
package import Identity
internal import SignedDocuments
internal import StrictJSON

/// A proof of possession, verified: this request, this URL, now, by this device key.
///
/// Only EdDSA with an Ed25519 key: the device key is one. Source: RFC 9449 §4.2 (shape), §4.3 (checks, in its order).
package struct DPoPProof: Sendable {
    package static let maximumBytes = 4096
    /// How far `iat` may be from our clock, either way.
    package static let window = 60

    package let key: Ed25519PublicKey
    package let device: DeviceID
    /// Identifies the proof for the replay store: its `jti`, hashed with the key.
    package let replayKey: [UInt8]
    package let issuedAt: Int
    package let nonce: String?

    /// `url` is the request's without query and fragment; `accessToken` is given where one was presented.
    package init(
        verifying text: String, method: String, url: String, accessToken: String? = nil, now: Int
    ) throws(DPoPError) {
        let document: CompactJWS
        do { document = try CompactJWS(parsing: text, maximumBytes: Self.maximumBytes) } catch { throw .malformed }
        guard document.type == DocumentType.dpopProof.rawValue else { throw .wrongType }
        guard document.algorithm == "EdDSA" else { throw .algorithm }
        guard let jwk = document.header.members["jwk"], let key = try? Ed25519PublicKey(jwk: jwk),
            let device = DeviceID(key.thumbprint)
        else { throw .key }
        let claims: JSONMembers
        do { claims = try SignedDocument.verify(document, by: key) } catch { throw .signature }
        guard claims.members["htm"]?.stringValue == method else { throw .method }
        guard let htu = claims.members["htu"]?.stringValue,
            htu == url || Self.normalized(htu) == Self.normalized(url)
        else {
            throw .url
        }
        guard let issuedAt = claims.members["iat"]?.integerValue else { throw .claims }
        let difference = issuedAt.subtractingReportingOverflow(now)
        guard !difference.overflow, difference.partialValue.magnitude <= Self.window.magnitude else {
            throw .clock(seconds: difference.overflow ? Int.max : difference.partialValue)
        }
        guard let identifier = claims.members["jti"]?.stringValue, (8...256).contains(identifier.utf8.count) else {
            throw .claims
        }
        if let accessToken {
            // RFC 9449 §4.3 no. 12: with an access token, `ath` MUST be its hash.
            guard claims.members["ath"]?.stringValue == Base64URL.encode(Digest.sha256(accessToken)) else {
                throw .accessToken
            }
        }
        self.key = key
        self.device = device
        self.issuedAt = issuedAt
        nonce = claims.members["nonce"]?.stringValue
        replayKey = Digest.sha256(device.thumbprint + "." + identifier)
    }

    /// RFC 9449 §4.3 no. 9: compared without query and fragment, scheme and host without case.
    private static func normalized(_ url: String) -> String {
        let bare = url.prefix { $0 != "?" && $0 != "#" }
        guard let scheme = bare.firstRange(of: "://") else { return String(bare) }
        let rest = bare[scheme.upperBound...]
        let host = rest.prefix { $0 != "/" }
        let path = rest[host.endIndex...]
        return bare[..<scheme.lowerBound].lowercased() + "://" + host.lowercased() + (path.isEmpty ? "/" : path)
    }
}

/// Makes proofs on the device. Source: RFC 9449 §4.2.
package enum DPoPProofMaking {
    package static func proof(
        method: String, url: String, nonce: String?, accessToken: String?, id: String, now: Int, by key: any Signer
    ) throws -> String {
        var claims: [String: JSON] = [
            "htm": .string(method), "htu": .string(url), "iat": .integer(now), "jti": .string(id),
        ]
        if let nonce { claims["nonce"] = .string(nonce) }
        if let accessToken { claims["ath"] = .string(Base64URL.encode(Digest.sha256(accessToken))) }
        return try SignedDocument.sign(.object(claims), type: .dpopProof, by: key, header: ["jwk": key.publicKey.jwk])
    }
}
