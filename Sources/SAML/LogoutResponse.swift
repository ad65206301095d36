internal import SignedXML
internal import WebAddresses

/// Answers a LogoutRequest. Source: SAML Core 2.0 §3.7.2.
package struct LogoutResponse: Hashable, Sendable {
    package let inResponseTo: String
    package let status: SAMLStatus

    package init(inResponseTo: String, status: SAMLStatus = SAMLStatus(code: SAMLStatus.success)) {
        self.inResponseTo = inResponseTo
        self.status = status
    }

    /// Ours, signed, by the binding that the provider takes. Errors: `noEndpoint`, `signing`.
    package func outgoing(
        id: String, from serviceProvider: ServiceProvider, to idp: IdPDescription, relayState: String?, now: Int
    ) throws(SAMLError) -> OutgoingMessage {
        guard let (binding, endpoint) = idp.logout else { throw .noEndpoint("SingleLogoutService") }
        let second = status.secondCode.map { XMLElement(.samlp("StatusCode"), [("Value", $0)]) }
        let code = XMLElement(.samlp("StatusCode"), [("Value", status.code)], second.map { [$0] } ?? [])
        let element = XMLElement(
            .samlp("LogoutResponse"),
            [
                ("ID", id), ("Version", "2.0"), ("IssueInstant", SAMLTime.format(now)),
                ("Destination", endpoint.responseLocation.text), ("InResponseTo", inResponseTo),
            ],
            [
                XMLElement(.saml("Issuer"), text: serviceProvider.entityID),
                XMLElement(.samlp("Status"), [], [code]),
            ])
        return try OutgoingMessage(
            .response, element, by: binding, to: endpoint.responseLocation, relayState: relayState,
            key: serviceProvider.key)
    }

    /// One of the provider's, its signature verified.
    init(_ verified: XMLElement, against expectation: LogoutExpectation) throws(SAMLError) {
        let header = try expectation.header(of: verified, is: .samlp("LogoutResponse"))
        guard let request = header.inResponseTo else { throw .unsolicited }
        inResponseTo = request
        status = try MessageHeader.status(verified)
    }
}
