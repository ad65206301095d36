package import Cryptography
package import StrictJSON

/// The documents of DESIGN §4: each kind has its own `typ`, so that none can be taken for another.
package enum DocumentType: String, Hashable, Sendable, CaseIterable {
    case dpopProof = "dpop+jwt"
    case accessToken = "at+jwt"
    case registration = "ztna-registration+jwt"
    case nodeAuthorization = "ztna-node+jwt"
    case policySlice = "ztna-policy+jwt"
    /// A new control key, introduced by the old one.
    case controlKey = "ztna-control-key+jwt"
    /// Where the audit log ends, or where retention has cut its beginning off.
    case auditHead = "ztna-audit-head+jwt"
}

/// Signs and verifies the compact JWS documents that we make ourselves: always EdDSA, always with an explicit `typ`.
package enum SignedDocument {
    /// Signs `claims`; `extraHeader` adds members such as `jwk` or `kid`.
    package static func sign(
        _ claims: JSON, type: DocumentType, by signer: any Signer, header extraHeader: [String: JSON] = [:]
    ) throws -> String {
        var header = extraHeader
        header["alg"] = "EdDSA"
        header["typ"] = .string(type.rawValue)
        let input = Base64URL.encode(JSON.object(header).encoded()) + "." + Base64URL.encode(claims.encoded())
        let signature = Base64URL.encode(try signer.signature(for: Array(input.utf8)))
        var text = ""
        // Documents are kept by the thousand: a text that grew by appending would keep room that it does not need.
        text.reserveCapacity(input.utf8.count + 1 + signature.utf8.count)
        text += input
        text += "."
        text += signature
        return text
    }

    /// Order of checks (DESIGN §4): `typ`, then key, then signature; times and the rest are the caller's document's.
    /// Errors: as `CompactJWS`, and `wrongType`, `algorithmNotAllowed`, `unknownKey`, `badSignature`, `malformed`.
    package static func verify(
        _ text: String, type: DocumentType, keys: [String: Ed25519PublicKey]
    ) throws(DocumentError) -> JSONMembers {
        let document = try CompactJWS(parsing: text)
        guard document.type == type.rawValue else { throw .wrongType }
        try document.refuseEmbeddedKeys()
        guard let keyID = document.keyID, let key = keys[keyID] else { throw .unknownKey }
        return try verify(document, by: key)
    }

    /// For a document already taken apart, whose key the caller has chosen.
    package static func verify(_ document: CompactJWS, by key: Ed25519PublicKey) throws(DocumentError) -> JSONMembers {
        guard document.algorithm == "EdDSA" else { throw .algorithmNotAllowed }
        guard key.isValidSignature(document.signature, for: document.signingInput) else { throw .badSignature }
        do { return try JSONMembers(parsing: document.payload) } catch { throw .malformed }
    }
}

/// Times in our documents: whole seconds since the epoch, checked with 60 s of skew.
package struct Validity: Hashable, Sendable {
    package static let skew = 60
    package let issuedAt: Int
    package let expiresAt: Int

    package init(issuedAt: Int, expiresAt: Int) {
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }

    /// Reads `iat` and `exp` and checks them against `now`. Errors: `claim`, `expired`, `notYetValid`.
    package init(checking claims: JSONMembers, now: Int) throws(DocumentError) {
        do {
            issuedAt = try claims.integer("iat")
            expiresAt = try claims.integer("exp")
        } catch { throw .claim("exp") }
        let latest = now.addingReportingOverflow(Self.skew)
        let earliest = now.subtractingReportingOverflow(Self.skew)
        guard !latest.overflow, !earliest.overflow, issuedAt <= latest.partialValue else { throw .notYetValid }
        guard expiresAt > earliest.partialValue else { throw .expired }
    }
}
