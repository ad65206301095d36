package import SignedXML
package import WebAddresses

/// Asks a provider to sign a person in: SP-initiated Web Browser SSO, answered by HTTP-POST.
///
/// Source: SAML Core 2.0 §3.4.1; SAML Profiles 2.0 §4.1.4.1.
package struct AuthnRequest: Hashable, Sendable {
    /// How the contexts asked for compare with the one used. Source: SAML Core 2.0 §3.3.2.2.1.
    package enum Comparison: String, Hashable, Sendable { case exact, minimum, maximum, better }

    package struct RequestedContext: Hashable, Sendable {
        package let comparison: Comparison
        package let classes: [String]

        /// Nil without classes: the standard asks for one at least.
        package init?(_ classes: [String], comparison: Comparison = .exact) {
            guard !classes.isEmpty else { return nil }
            self.classes = classes
            self.comparison = comparison
        }
    }

    package let id: String
    package let issueInstant: Int
    /// The provider's endpoint that it is sent to.
    package let destination: EndpointURL
    package let issuer: String
    package let acsURL: EndpointURL
    package let nameIDFormat: String?
    /// The person must authenticate anew (step-up).
    package let forceAuthn: Bool
    /// The provider must not show anything.
    package let isPassive: Bool
    package let requestedContext: RequestedContext?

    /// `id` is a ``CommittingRequestID``'s text; for the administrators' test, which signs nobody in, a ``MessageID``.
    package init(
        id: String, issueInstant: Int, destination: EndpointURL, serviceProvider: ServiceProvider,
        nameIDFormat: String? = nil, forceAuthn: Bool = false, isPassive: Bool = false,
        requestedContext: RequestedContext? = nil
    ) {
        self.id = id
        self.issueInstant = issueInstant
        self.destination = destination
        issuer = serviceProvider.entityID
        acsURL = serviceProvider.acsURL
        self.nameIDFormat = nameIDFormat
        self.forceAuthn = forceAuthn
        self.isPassive = isPassive
        self.requestedContext = requestedContext
    }

    package var element: XMLElement {
        var children = [XMLElement(.saml("Issuer"), text: issuer)]
        // AllowCreate says: make an identifier for us if there is none yet. Source: SAML Core 2.0 §3.4.1.1.
        children.append(XMLElement(.samlp("NameIDPolicy"), [("Format", nameIDFormat), ("AllowCreate", "true")]))
        if let requestedContext {
            children.append(
                XMLElement(
                    .samlp("RequestedAuthnContext"), [("Comparison", requestedContext.comparison.rawValue)],
                    requestedContext.classes.map { XMLElement(.saml("AuthnContextClassRef"), text: $0) }))
        }
        return XMLElement(
            .samlp("AuthnRequest"),
            [
                ("ID", id), ("Version", "2.0"), ("IssueInstant", SAMLTime.format(issueInstant)),
                ("Destination", destination.text), ("AssertionConsumerServiceURL", acsURL.text),
                ("ProtocolBinding", Binding.post.rawValue), ("ForceAuthn", forceAuthn ? "true" : nil),
                ("IsPassive", isPassive ? "true" : nil),
            ], children)
    }

    /// Where the browser is sent, signed. Errors: `signing`.
    package func redirectURL(
        signedBy key: SigningKey, relayState: RelayState?
    ) throws(SAMLError) -> String {
        try RedirectBinding.url(.request, element, to: destination, relayState: relayState?.text, key: key)
    }

    /// What a form posts there by itself, signed. Errors: `signing`.
    package func postForm(
        signedBy key: SigningKey, relayState: RelayState?
    ) throws(SAMLError) -> PostForm {
        try PostForm(.request, element, to: destination, relayState: relayState?.text, key: key)
    }
}
