internal import Identity
package import SignedXML
internal import WebAddresses

/// Reads a provider's metadata: one entity, or one of several.
///
/// At most 4 MiB (``XMLLimits/metadata``). Source: SAML Metadata 2.0 §2.3, §2.4.
package enum IdPMetadata {
    /// What the administrator says about it.
    package struct Options: Sendable {
        /// Which entity; nil takes the only identity provider there is.
        package var entityID: String?
        /// One of whose keys must have signed the root; empty: the signature is not asked for.
        package var signedBy: [PinnedKey]
        package var policy: AlgorithmPolicy
        package var allowPlainHTTPOnLoopback: Bool

        package init(
            entityID: String? = nil, signedBy: [PinnedKey] = [], policy: AlgorithmPolicy = AlgorithmPolicy(),
            allowPlainHTTPOnLoopback: Bool = false
        ) {
            self.entityID = entityID
            self.signedBy = signedBy
            self.policy = policy
            self.allowPlainHTTPOnLoopback = allowPlainHTTPOnLoopback
        }

        /// As a connection is configured. Errors: `xml`, for a certificate that is unusable.
        package init(_ configuration: SAMLProviderConfiguration) throws(IdPMetadataError) {
            do throws(SignedXMLError) {
                signedBy = []
                for der in configuration.metadataCertificates { signedBy.append(try PinnedKey(certificate: der)) }
            } catch { throw .xml(error) }
            entityID = configuration.entityID
            policy = AlgorithmPolicy(allowsSHA1: configuration.allowsSHA1)
            allowPlainHTTPOnLoopback = configuration.allowPlainHTTPOnLoopback
        }
    }

    package static func parse(
        _ bytes: [UInt8], options: Options, now: Int
    ) throws(IdPMetadataError) -> IdPDescription {
        let (root, usedSHA1) = try root(bytes, options)
        let entity = try FoundEntity.pick(from: root, wanted: options.entityID)
        if let end = entity.validUntil, now >= end { throw .expired(seconds: now - end) }
        let notes = usedSHA1 ? ["the metadata is signed with SHA-1, which allow_sha1 permits"] : []
        return try describe(entity, options: options, notes: notes, now: now)
    }

    /// The root, from what was signed when a signature is asked for.
    private static func root(_ bytes: [UInt8], _ options: Options) throws(IdPMetadataError) -> (
        XMLElement, usedSHA1: Bool
    ) {
        do throws(SignedXMLError) {
            let document = try XMLDocument(parsing: bytes, limits: .metadata)
            guard !options.signedBy.isEmpty else { return (document.root, false) }
            let signed = try document.verifiedBytes(of: .root, keys: options.signedBy, policy: options.policy)
            return (try XMLDocument(parsing: signed.bytes, limits: .metadata).root, signed.usedSHA1)
        } catch { throw .xml(error) }
    }

    private static func describe(
        _ entity: FoundEntity, options: Options, notes: [String], now: Int
    ) throws(IdPMetadataError) -> IdPDescription {
        let roles = entity.element.all(.md("IDPSSODescriptor")).filter(FoundEntity.speaksSAML2)
        guard let role = roles.first else { throw .noIdentityProvider(entity.entityID) }
        var notes = notes
        let signOn = endpoints(role.all(.md("SingleSignOnService")), options, notes: &notes)
        guard !signOn.isEmpty else { throw .noSignOnEndpoint }
        let logout = endpoints(role.all(.md("SingleLogoutService")), options, notes: &notes)
        let end = try FoundEntity.earlier(entity.validUntil, FoundEntity.time(role, "validUntil"))
        if let end, now >= end { throw .expired(seconds: now - end) }
        let wantsSigned = role.value("WantAuthnRequestsSigned").map(collapsed)
        return IdPDescription(
            entityID: entity.entityID, ssoEndpoints: signOn.mapValues(\.location), sloEndpoints: logout,
            signingKeys: try keys(role, now: now, notes: &notes),
            wantsSignedRequests: wantsSigned == "true" || wantsSigned == "1",
            nameIDFormats: role.all(.md("NameIDFormat")).compactMap(\.address), validUntil: end,
            cacheDuration: try FoundEntity.earlier(entity.cacheDuration, FoundEntity.duration(role)), notes: notes)
    }

    /// The first usable one of each binding that we speak.
    private static func endpoints(
        _ services: [XMLElement], _ options: Options, notes: inout [String]
    ) -> [Binding: IdPDescription.LogoutEndpoint] {
        var found: [Binding: IdPDescription.LogoutEndpoint] = [:]
        for service in services {
            guard let binding = service.value("Binding").map(collapsed).flatMap(Binding.init), found[binding] == nil,
                let text = service.value("Location").map(collapsed)
            else { continue }
            do throws(EndpointFault) {
                let url = { (text: String) throws(EndpointFault) in
                    try EndpointURL(parsing: text, allowPlainHTTPOnLoopback: options.allowPlainHTTPOnLoopback)
                }
                let response = service.value("ResponseLocation").map(collapsed)
                var answers: EndpointURL?
                if let response { answers = try url(response) }
                found[binding] = IdPDescription.LogoutEndpoint(location: try url(text), responseLocation: answers)
            } catch { notes.append("the \(service.name.local) \(quoted(text)) \(error.explanation); it is not used") }
        }
        return found
    }

    /// Certificates for signing, or for either purpose. Source: SAML Metadata 2.0 §2.4.1.1.
    private static func keys(
        _ role: XMLElement, now: Int, notes: inout [String]
    ) throws(IdPMetadataError) -> [PinnedKey] {
        var certificates: [[UInt8]] = []
        var withoutCertificate = 0
        for descriptor in role.all(.md("KeyDescriptor")) {
            guard descriptor.value("use").map({ collapsed($0) == "signing" }) ?? true else { continue }
            let texts = descriptor.all(.ds("KeyInfo")).flatMap { $0.all(.ds("X509Data")) }
                .flatMap { $0.all(.ds("X509Certificate")) }
            if texts.isEmpty { withoutCertificate += 1 }
            // What is not base64 becomes a certificate that cannot be read, and is noted as such.
            certificates += texts.map { $0.text.flatMap(Base64Text.decode) ?? [] }
        }
        if withoutCertificate > 0 {
            notes.append("\(withoutCertificate) keys come without a certificate; they are not used")
        }
        guard certificates.count <= 32 else { throw .malformed("more than 32 certificates") }
        return try IdPDescription.keys(certificates, now: now, notes: &notes)
    }
}
