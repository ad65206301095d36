package import SignedXML
package import WebAddresses

/// What we know of an identity provider: who it is, where to send people, whose signatures to believe.
///
/// Made from metadata by ``IdPMetadata``, or from the configuration alone.
package struct IdPDescription: Sendable {
    /// Where logout messages go; answers may go elsewhere than requests. Source: SAML Metadata 2.0 §2.2.2.
    package struct LogoutEndpoint: Hashable, Sendable {
        package let location: EndpointURL
        package let responseLocation: EndpointURL

        package init(location: EndpointURL, responseLocation: EndpointURL? = nil) {
            self.location = location
            self.responseLocation = responseLocation ?? location
        }
    }

    package let entityID: String
    /// Never empty.
    package let ssoEndpoints: [Binding: EndpointURL]
    package let sloEndpoints: [Binding: LogoutEndpoint]
    /// Never empty; several while the provider changes its key. All are believed, whatever their dates say.
    package let signingKeys: [PinnedKey]
    package let wantsSignedRequests: Bool
    package let nameIDFormats: [String]
    /// After it this description must not be used; seconds since the epoch.
    package let validUntil: Int?
    /// How long until it should be fetched again, in seconds.
    package let cacheDuration: Int?
    /// What was left out and why, for the operator's log.
    package let notes: [String]

    init(
        entityID: String, ssoEndpoints: [Binding: EndpointURL], sloEndpoints: [Binding: LogoutEndpoint],
        signingKeys: [PinnedKey], wantsSignedRequests: Bool, nameIDFormats: [String], validUntil: Int?,
        cacheDuration: Int?, notes: [String]
    ) {
        self.entityID = entityID
        self.ssoEndpoints = ssoEndpoints
        self.sloEndpoints = sloEndpoints
        self.signingKeys = signingKeys
        self.wantsSignedRequests = wantsSignedRequests
        self.nameIDFormats = nameIDFormats
        self.validUntil = validUntil
        self.cacheDuration = cacheDuration
        self.notes = notes
    }

    /// From the configuration alone: an address by HTTP-Redirect, and DER certificates. Errors: `noUsableKey`.
    package init(
        entityID: String, ssoURL: EndpointURL, sloURL: EndpointURL?, certificates: [[UInt8]], now: Int
    ) throws(IdPMetadataError) {
        var notes: [String] = []
        let keys = try Self.keys(certificates, now: now, notes: &notes)
        self.init(
            entityID: entityID, ssoEndpoints: [.redirect: ssoURL],
            sloEndpoints: sloURL.map { [.redirect: LogoutEndpoint(location: $0)] } ?? [:], signingKeys: keys,
            wantsSignedRequests: true, nameIDFormats: [], validUntil: nil, cacheDuration: nil, notes: notes)
    }

    /// Where to send people: by redirect where the provider takes that, since it needs no script.
    package var signOn: (binding: Binding, endpoint: EndpointURL)? {
        for binding in [Binding.redirect, .post] {
            if let endpoint = ssoEndpoints[binding] { return (binding, endpoint) }
        }
        return nil
    }

    package var logout: (binding: Binding, endpoint: LogoutEndpoint)? {
        for binding in [Binding.redirect, .post] {
            if let endpoint = sloEndpoints[binding] { return (binding, endpoint) }
        }
        return nil
    }

    package func isExpired(at now: Int) -> Bool { validUntil.map { now >= $0 } ?? false }

    /// Whether it is time to fetch it again: when `cacheDuration` is over (a day where there is none; between five minutes
    /// and a day), or half of what is left until `validUntil`. Source: SAML Metadata 2.0 §2.3.1.
    package func shouldRefresh(fetchedAt: Int, now: Int) -> Bool {
        let wanted = min(max(cacheDuration ?? 86_400, 300), 86_400)
        let half = validUntil.map { max(($0 - fetchedAt) / 2, 300) } ?? wanted
        return now - fetchedAt >= min(wanted, half) || now < fetchedAt
    }

    /// Each certificate once, the unusable ones noted. Errors: `noUsableKey`.
    static func keys(
        _ certificates: [[UInt8]], now: Int, notes: inout [String]
    ) throws(IdPMetadataError) -> [PinnedKey] {
        var keys: [PinnedKey] = []
        var reasons: [String] = []
        for (index, der) in certificates.enumerated() where !certificates[..<index].contains(der) {
            do throws(SignedXMLError) {
                let key = try PinnedKey(certificate: der)
                if key.notAfter < now {
                    notes.append(
                        "certificate \(key.fingerprint) expired on \(SAMLTime.format(key.notAfter)); its key is still "
                            + "believed")
                }
                keys.append(key)
            } catch { reasons.append("certificate \(index + 1): \(error.explanation)") }
        }
        guard !keys.isEmpty else { throw .noUsableKey(reasons) }
        notes += reasons
        return keys
    }
}
