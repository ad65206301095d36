package import Identity
package import SAML
package import SignedXML
package import WebAddresses

extension ServiceProvider {
    /// Our side of one connection. Each has addresses of its own, so that no answer fits two of them.
    ///
    /// `serverURL` is without a trailing slash. Errors: as `EndpointURL`.
    package init(serverURL: String, provider: ProviderID, key: SigningKey) throws(EndpointFault) {
        let base = "\(serverURL)/saml/\(provider.text)"
        self.init(
            entityID: base + "/metadata",
            acsURL: try EndpointURL(parsing: base + "/acs", allowPlainHTTPOnLoopback: true),
            sloURL: try EndpointURL(parsing: base + "/slo", allowPlainHTTPOnLoopback: true), key: key)
    }
}
