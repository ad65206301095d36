/// What one client may connect to, and whom it trusts; fixed for the client's life.
package struct HTTPClientPolicy: Sendable {
    package enum Addresses: Sendable {
        case any
        /// The public Internet, and those addresses (numeric text) for which `permitting` answers true.
        case publicOnly(permitting: @Sendable (String) -> Bool)
    }

    /// Looked at after DNS, for each connection: a name that comes to mean a private address is refused then.
    /// With a proxy it is the proxy's address that is looked at.
    package var addresses: Addresses
    /// Plain http to `localhost` and loopback literals, and then only where the connection really goes to loopback.
    /// The address must be permitted as well.
    package var allowPlainHTTPOnLoopback: Bool
    /// PEM file of trust roots, in addition to the system's. Verification itself has no switch.
    package var caFile: String?
    /// Honours `https_proxy` and `no_proxy`; never for plain http.
    package var useEnvironmentProxy: Bool

    package init(
        addresses: Addresses = .publicOnly(permitting: { _ in false }), allowPlainHTTPOnLoopback: Bool = false,
        caFile: String? = nil, useEnvironmentProxy: Bool = false
    ) {
        self.addresses = addresses
        self.allowPlainHTTPOnLoopback = allowPlainHTTPOnLoopback
        self.caFile = caFile
        self.useEnvironmentProxy = useEnvironmentProxy
    }
}
