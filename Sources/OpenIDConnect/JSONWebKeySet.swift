internal import Identity
internal import StrictJSON

/// A provider's published keys, reduced to those that may verify an ID token.
///
/// A key that we cannot use is left out, and why is remembered for the log. Source: RFC 7517 §5; OpenID Connect
/// Core 1.0 §10.1.
package struct JSONWebKeySet: Sendable {
    package static let maximumBytes = 512 * 1_024
    package static let maximumKeys = 100

    package struct Skipped: Hashable, Sendable {
        package let keyID: String?
        package let reason: JSONWebKey.Unusable
    }

    package let keys: [JSONWebKey]
    package let skipped: [Skipped]

    /// Errors: not a JWK set, too large, or nothing in it is usable.
    package init(parsing bytes: [UInt8]) throws(JSONWebKeySetError) {
        let elements: [JSON]
        do {
            let members = try JSONMembers(parsing: bytes, maximumBytes: Self.maximumBytes)
            elements = try members.array("keys")
        } catch { throw .notAKeySet(error) }
        guard elements.count <= Self.maximumKeys else { throw .tooManyKeys(elements.count) }
        var usable: [JSONWebKey] = []
        var skipped: [Skipped] = []
        for element in elements {
            do { usable.append(try JSONWebKey(element)) } catch {
                skipped.append(Skipped(keyID: element.objectValue?["kid"]?.stringValue, reason: error))
            }
        }
        // Two keys of one name: which of them is meant would be a guess, so neither is used.
        var uses: [[UInt8]: Int] = [:]
        for key in usable { if let keyID = key.keyID { uses[Array(keyID.utf8), default: 0] += 1 } }
        var kept: [JSONWebKey] = []
        for key in usable {
            if let keyID = key.keyID, uses[Array(keyID.utf8), default: 0] > 1 {
                skipped.append(Skipped(keyID: keyID, reason: .duplicateKeyID(keyID)))
            } else {
                kept.append(key)
            }
        }
        guard !kept.isEmpty else { throw .noUsableKey(skipped.map(\.reason)) }
        keys = kept
        self.skipped = skipped
    }

    /// The key that `token` names. Errors: `unknownKey`, `keyAmbiguous`, `keyDoesNotFit`.
    ///
    /// Without a `kid`, Core §10.1 allows only a set of one key; we count only the keys that the algorithm fits, and
    /// with two of them refuse.
    package func key(for token: UnverifiedIDToken) throws(IDTokenError) -> JSONWebKey {
        guard let keyID = token.keyID else {
            let candidates = keys.filter { $0.fits(token.algorithm) }
            guard let only = candidates.first else { throw .unknownKey(nil) }
            guard candidates.count == 1 else { throw .keyAmbiguous }
            return only
        }
        guard let key = keys.first(where: { $0.keyID.map { identical($0, keyID) } == true }) else {
            throw .unknownKey(keyID)
        }
        guard key.fits(token.algorithm) else { throw .keyDoesNotFit(keyID, token.algorithm) }
        return key
    }
}
