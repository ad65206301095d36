internal import SignedXML
internal import WebAddresses

/// What a logout message from a provider must fit.
package struct LogoutExpectation: Sendable {
    package let provider: SAMLProviderConfiguration
    package let idp: IdPDescription
    package let serviceProvider: ServiceProvider
    package let now: Int
    /// How far clocks may differ, in seconds.
    package let skew: Int
    /// How old a message may be, in seconds.
    package let maximumAge: Int

    package init(
        provider: SAMLProviderConfiguration, idp: IdPDescription, serviceProvider: ServiceProvider, now: Int,
        skew: Int = 60, maximumAge: Int = 300
    ) {
        self.provider = provider
        self.idp = idp
        self.serviceProvider = serviceProvider
        self.now = now
        self.skew = skew
        self.maximumAge = maximumAge
    }

    var policy: AlgorithmPolicy { AlgorithmPolicy(allowsSHA1: provider.allowsSHA1) }

    /// Issuer, Destination and times: the same for both messages, which are always signed.
    func header(of root: XMLElement, is name: XMLName) throws(SAMLError) -> MessageHeader {
        let header = try MessageHeader(root, is: name)
        guard let issuer = header.issuer, issuer.isEntity(idp.entityID) else {
            throw .responseIssuer(found: header.issuer?.text, expected: idp.entityID)
        }
        try header.requireDestination(serviceProvider.sloURL.text, isSigned: true)
        try header.requireIssuedBy(now: now, skew: skew)
        guard header.issueInstant > now - maximumAge - skew else {
            throw .logoutExpired(seconds: now - header.issueInstant)
        }
        return header
    }
}

/// A logout message from a provider: signed by one of its keys, for us, in time. Its replay is for the caller to refuse.
package enum LogoutMessage: Hashable, Sendable {
    case request(LogoutRequest, relayState: String?)
    case response(LogoutResponse, relayState: String?)

    /// Reads the raw query of HTTP-Redirect.
    package init(redirect query: String, against expectation: LogoutExpectation) throws(SAMLError) {
        let message = try RedirectBinding.message(
            parsing: query, keys: expectation.idp.signingKeys, policy: expectation.policy)
        try self.init(
            message.kind, try parsed(message.xml, XMLLimits()).root, relayState: message.relayState, expectation)
    }

    /// Reads a form's message, which is signed inside. Source: SAML Bindings 2.0 §3.5.4.
    package init(posted message: PostedMessage, against expectation: LogoutExpectation) throws(SAMLError) {
        let root: XMLElement
        do throws(SignedXMLError) {
            let document = try XMLDocument(parsing: message.xml)
            guard document.root.hasSignatureInPlace else { throw .misplacedSignature }
            let signed = try document.verifiedBytes(
                of: .root, keys: expectation.idp.signingKeys, policy: expectation.policy)
            root = try XMLDocument(parsing: signed.bytes).root
        } catch { throw .xml(error) }
        try self.init(message.kind, root, relayState: message.relayState, expectation)
    }

    private init(
        _ kind: MessageKind, _ verified: XMLElement, relayState: String?, _ expectation: LogoutExpectation
    ) throws(SAMLError) {
        switch kind {
        case .request:
            self = .request(try LogoutRequest(verified, against: expectation), relayState: relayState)
        case .response:
            self = .response(try LogoutResponse(verified, against: expectation), relayState: relayState)
        }
    }
}
