internal import SignedDocuments
package import StrictJSON

/// An ID token taken apart and not yet verified: only what is needed to find its key may be read.
///
/// Source: OpenID Connect Core 1.0 §2, §3.1.3.7; RFC 7515 §5.2; RFC 8725 §3.
package struct UnverifiedIDToken: Sendable {
    package static let maximumBytes = CompactJWS.maximumBytes

    package let keyID: String?
    package let algorithm: SignatureAlgorithm
    let document: CompactJWS
    let text: String

    /// Errors: `tooLong`, `malformed`, `encrypted`, `headerNotAllowed`, `wrongType`, `algorithmNone`,
    /// `algorithmSymmetric`, `algorithmNotAllowed`.
    package init(parsing text: String) throws(IDTokenError) { try self.init(parsing: text, types: ["jwt"]) }

    /// `types`: what `typ` may be where it is given, in lower case.
    init(parsing text: String, types: [String]) throws(IDTokenError) {
        do {
            document = try CompactJWS(parsing: text)
            try document.refuseEmbeddedKeys()
        } catch {
            switch error {
            case .tooLong: throw .tooLong
            case .headerNotAllowed(let name): throw .headerNotAllowed(name)
            default:
                // RFC 7516 §3.1: an encrypted token has five parts.
                let dots = text.utf8.count { $0 == UInt8(ascii: ".") }
                throw dots == 4 ? .encrypted : .malformed
            }
        }
        self.text = text
        keyID = try Self.keyID(document.header)
        try Self.checkType(document.header, types)
        algorithm = try Self.algorithm(document.algorithm)
    }

    private static func keyID(_ header: JSONMembers) throws(IDTokenError) -> String? {
        // Present and no string is not the same as absent.
        do { return header.has("kid") ? try header.string("kid") : nil } catch { throw .malformed }
    }

    /// RFC 8725 §3.11: a token of another kind by the same provider (`at+jwt`, `logout+jwt`) is no ID token.
    private static func checkType(_ header: JSONMembers, _ types: [String]) throws(IDTokenError) {
        guard header.has("typ") else { return }
        let type: String
        do { type = try header.string("typ") } catch { throw .malformed }
        guard types.contains(type.lowercased()) else { throw .wrongType(type) }
    }

    private static func algorithm(_ name: String) throws(IDTokenError) -> SignatureAlgorithm {
        if let algorithm = SignatureAlgorithm(rawValue: name) { return algorithm }
        if name.lowercased() == "none" { throw .algorithmNone }
        // RFC 8725 §2.1: a public key taken for a shared secret.
        if name.lowercased().hasPrefix("hs") { throw .algorithmSymmetric(name) }
        throw .algorithmNotAllowed(name)
    }
}

/// An ID token that passed every check: a statement of the provider about who signed in for which nonce.
///
/// Made only by ``UnverifiedIDToken/validated(with:against:)``.
package struct ValidatedIDToken: Sendable {
    package let issuer: String
    /// 1…255 printable ASCII characters; unique and never reassigned within the issuer.
    package let subject: String
    package let issuedAt: Int
    package let expiresAt: Int
    /// When the person authenticated; nil where the provider does not say (absent, or 0).
    package let authTime: Int?
    package let amr: [String]
    package let acr: String?
    package let claims: JSONMembers
    /// The compact form, to be kept as evidence.
    package let text: String
}
