internal import Identity
internal import StrictJSON
package import WebAddresses

/// What a provider publishes about itself, checked against the issuer that the administrator configured.
///
/// Source: OpenID Connect Discovery 1.0 §3, §4.3; RFC 8414 §2; RFC 9207 §3.
package struct ProviderMetadata: Sendable {
    package static let maximumBytes = 256 * 1_024

    package let issuer: String
    package let authorizationEndpoint: EndpointURL
    package let tokenEndpoint: EndpointURL
    package let jwksURI: EndpointURL
    package let userinfoEndpoint: EndpointURL?
    package let endSessionEndpoint: EndpointURL?
    /// RFC 9207 §3: then every authorization response must carry `iss`.
    package let authorizationResponseIssParameterSupported: Bool
    /// Nil where the provider does not say; we send S256 either way, unknown parameters being ignored.
    package let codeChallengeMethodsSupported: [String]?
    /// Absent means `client_secret_basic` alone (Discovery §3).
    package let tokenEndpointAuthMethodsSupported: [String]
    /// Those of the provider's algorithms that we verify; never empty.
    package let idTokenSigningAlgorithms: [SignatureAlgorithm]

    /// Where the metadata of `issuer` is. Source: OpenID Connect Discovery 1.0 §4: a terminating `/` is removed first.
    package static func location(
        issuer: String, allowPlainHTTPOnLoopback: Bool = false
    ) throws(DiscoveryError) -> EndpointURL {
        let url = try issuerURL(issuer, allowPlainHTTPOnLoopback: allowPlainHTTPOnLoopback)
        let base = url.text.utf8.last == UInt8(ascii: "/") ? String(url.text.dropLast()) : url.text
        do {
            return try EndpointURL(
                parsing: base + "/.well-known/openid-configuration", allowPlainHTTPOnLoopback: allowPlainHTTPOnLoopback)
        } catch { throw .endpoint("issuer", error) }
    }

    package init(
        parsing bytes: [UInt8], expectedIssuer: String, allowPlainHTTPOnLoopback: Bool = false
    ) throws(DiscoveryError) {
        _ = try Self.issuerURL(expectedIssuer, allowPlainHTTPOnLoopback: allowPlainHTTPOnLoopback)
        let members: JSONMembers
        do { members = try JSONMembers(parsing: bytes, maximumBytes: Self.maximumBytes) } catch {
            throw .notJSON(error)
        }
        let read = MetadataReader(members: members, allowPlainHTTPOnLoopback: allowPlainHTTPOnLoopback)
        issuer = try read.string("issuer")
        // Discovery §4.3: MUST be identical to the issuer that the document was asked for.
        guard identical(issuer, expectedIssuer) else { throw .wrongIssuer(found: issuer, expected: expectedIssuer) }
        authorizationEndpoint = try read.endpoint("authorization_endpoint")
        tokenEndpoint = try read.endpoint("token_endpoint")
        jwksURI = try read.endpoint("jwks_uri")
        userinfoEndpoint = try read.optionalEndpoint("userinfo_endpoint")
        endSessionEndpoint = try read.optionalEndpoint("end_session_endpoint")
        guard try read.strings("response_types_supported").contains("code") else { throw .codeFlowNotSupported }
        guard try !read.strings("subject_types_supported").isEmpty else { throw .member("subject_types_supported") }
        idTokenSigningAlgorithms = try read.strings("id_token_signing_alg_values_supported")
            .compactMap(SignatureAlgorithm.init)
        guard !idTokenSigningAlgorithms.isEmpty else { throw .noUsableAlgorithm }
        authorizationResponseIssParameterSupported =
            try read.optionalBool("authorization_response_iss_parameter_supported") ?? false
        codeChallengeMethodsSupported = try read.optionalStrings("code_challenge_methods_supported")
        tokenEndpointAuthMethodsSupported =
            try read.optionalStrings("token_endpoint_auth_methods_supported") ?? ["client_secret_basic"]
    }

    /// Discovery §3: an issuer has no query and no fragment.
    private static func issuerURL(
        _ issuer: String, allowPlainHTTPOnLoopback: Bool
    ) throws(DiscoveryError) -> EndpointURL {
        let url: EndpointURL
        do {
            url = try EndpointURL(parsing: issuer, allowPlainHTTPOnLoopback: allowPlainHTTPOnLoopback)
        } catch { throw .endpoint("issuer", error) }
        guard !url.hasQuery else { throw .endpoint("issuer", .query) }
        return url
    }
}

/// Reads members with the module's error; a wrong type is refused where absence is not.
private struct MetadataReader {
    let members: JSONMembers
    let allowPlainHTTPOnLoopback: Bool

    func string(_ name: String) throws(DiscoveryError) -> String {
        do { return try members.string(name) } catch { throw .member(name) }
    }

    func strings(_ name: String) throws(DiscoveryError) -> [String] {
        do { return try members.strings(name) } catch { throw .member(name) }
    }

    func optionalStrings(_ name: String) throws(DiscoveryError) -> [String]? {
        do { return try members.optionalStrings(name) } catch { throw .member(name) }
    }

    func optionalBool(_ name: String) throws(DiscoveryError) -> Bool? {
        do { return try members.optionalBool(name) } catch { throw .member(name) }
    }

    func endpoint(_ name: String) throws(DiscoveryError) -> EndpointURL {
        let text = try string(name)
        do { return try EndpointURL(parsing: text, allowPlainHTTPOnLoopback: allowPlainHTTPOnLoopback) } catch {
            throw .endpoint(name, error)
        }
    }

    func optionalEndpoint(_ name: String) throws(DiscoveryError) -> EndpointURL? {
        do { guard try members.optionalString(name) != nil else { return nil } } catch { throw .member(name) }
        return try endpoint(name)
    }
}
