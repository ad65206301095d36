internal import SAML
internal import SignedXML

/// What is checked of a response, in the order in which it is, for administrators to read.
enum ResponseCheck: Int, CaseIterable {
    case document, message, status, shape, signature, issuer, destination, request, confirmation, times, audience
    case authentication, person, domain

    var title: String {
        switch self {
        case .document: "The document is within our limits, and holds no DTD, entity or processing instruction"
        case .message: "It is a SAML 2.0 response"
        case .status: "The provider says that the sign-in succeeded"
        case .shape: "It holds exactly one assertion, signed, and encrypted where that is required"
        case .signature: "One of the provider's keys signed it, by accepted algorithms, and we can decrypt it"
        case .issuer: "Response and assertion are the provider's own, and issued by now"
        case .destination: "It is sent to our address"
        case .request: "It answers the request of this browser"
        case .confirmation: "Its bearer may present it, to our address, now"
        case .times: "The assertion is valid now"
        case .audience: "The assertion is for us"
        case .authentication: "The person authenticated, and the provider's session lasts"
        case .person: "It names the person for ever"
        case .domain: "The person's domain is one of the provider's"
        }
    }

    /// Which check found this.
    init(_ error: SAMLError) {
        switch error {
        case .xml(let error): self.init(error)
        case .wrongRoot, .version, .malformed, .parameterMissing, .parameterRepeated, .parameter, .messageTooLarge,
            .relayState, .signing, .noEndpoint, .logoutExpired:
            self = .message
        case .status: self = .status
        case .assertionCount, .unsigned, .encryptionRequired: self = .shape
        case .redirectUnsigned, .redirectSignatureMethod, .redirectSignature: self = .signature
        case .responseIssuer, .assertionIssuer, .issuedInFuture: self = .issuer
        case .destination: self = .destination
        case .inResponseTo, .unsolicited, .replayed: self = .request
        case .noBearerConfirmation, .confirmationNotBefore, .recipient, .confirmationExpired: self = .confirmation
        case .notYetValid, .expired, .unknownCondition: self = .times
        case .noAudience, .audience: self = .audience
        case .noAuthnStatement, .sessionExpired, .authenticationTooOld: self = .authentication
        case .noSubject, .nameID, .noStableID: self = .person
        case .wrongDomain: self = .domain
        }
    }

    private init(_ error: SignedXMLError) {
        switch error {
        case .tooLarge, .tooDeep, .tooManyElements, .tooManyAttributes, .tooManyNamespaces, .doctype,
            .processingInstruction, .encoding, .malformed, .duplicateID:
            self = .document
        default: self = .signature
        }
    }
}
