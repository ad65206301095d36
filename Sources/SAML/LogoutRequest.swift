internal import Identity
internal import SignedXML
internal import WebAddresses

/// Ends a person's sessions at the other side: ours to the provider, or the provider's to us.
///
/// Source: SAML Core 2.0 §3.7.1; SAML Profiles 2.0 §4.4.
package struct LogoutRequest: Hashable, Sendable {
    package let id: String
    package let nameID: NameID
    /// Which of the person's sessions; empty means all. Source: SAML Core 2.0 §3.7.3.2.
    package let sessionIndexes: [String]

    package init(id: String, nameID: NameID, sessionIndexes: [String]) {
        self.id = id
        self.nameID = nameID
        self.sessionIndexes = sessionIndexes
    }

    /// Whether it means the session that was made with this NameID and index.
    package func ends(nameID other: NameID, sessionIndex: String?) -> Bool {
        guard nameID.matches(other) else { return false }
        return sessionIndexes.isEmpty || sessionIndexes.contains { identical($0, sessionIndex ?? "") }
    }

    /// Ours, signed, by the binding that the provider takes; it is to be answered within five minutes.
    /// Errors: `noEndpoint`, `signing`.
    package func outgoing(
        from serviceProvider: ServiceProvider, to idp: IdPDescription, relayState: RelayState?, now: Int
    ) throws(SAMLError) -> OutgoingMessage {
        guard let (binding, endpoint) = idp.logout else { throw .noEndpoint("SingleLogoutService") }
        let element = XMLElement(
            .samlp("LogoutRequest"),
            [
                ("ID", id), ("Version", "2.0"), ("IssueInstant", SAMLTime.format(now)),
                ("Destination", endpoint.location.text), ("NotOnOrAfter", SAMLTime.format(now + 300)),
            ],
            [XMLElement(.saml("Issuer"), text: serviceProvider.entityID), nameID.element]
                + sessionIndexes.map { XMLElement(.samlp("SessionIndex"), text: $0) })
        return try OutgoingMessage(
            .request, element, by: binding, to: endpoint.location, relayState: relayState?.text,
            key: serviceProvider.key)
    }

    /// One of the provider's, its signature verified.
    init(_ verified: XMLElement, against expectation: LogoutExpectation) throws(SAMLError) {
        let header = try expectation.header(of: verified, is: .samlp("LogoutRequest"))
        id = header.id
        if let text = verified.value("NotOnOrAfter") {
            guard let end = SAMLTime.parse(collapsed(text)) else { throw .malformed("NotOnOrAfter") }
            guard expectation.now - expectation.skew < end else {
                throw .logoutExpired(seconds: expectation.now - end)
            }
        }
        guard let name = try verified.one(.saml("NameID")) else { throw .nameID }
        nameID = try NameID(name)
        let indexes = verified.all(.samlp("SessionIndex"))
        guard indexes.count <= 64 else { throw .malformed("more than 64 SessionIndex") }
        sessionIndexes = indexes.compactMap(\.text)
        // An index that cannot be read must not turn one session into all.
        guard sessionIndexes.count == indexes.count else { throw .malformed("SessionIndex") }
    }
}

/// A message on its way through the browser.
package enum OutgoingMessage: Hashable, Sendable {
    case redirect(url: String)
    case post(PostForm)

    init(
        _ kind: MessageKind, _ element: XMLElement, by binding: Binding, to endpoint: EndpointURL,
        relayState: String?, key: SigningKey
    ) throws(SAMLError) {
        switch binding {
        case .redirect:
            self = .redirect(
                url: try RedirectBinding.url(kind, element, to: endpoint, relayState: relayState, key: key))
        case .post: self = .post(try PostForm(kind, element, to: endpoint, relayState: relayState, key: key))
        }
    }
}
