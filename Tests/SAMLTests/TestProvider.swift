import Cryptography
import Identity
import SAML
import SignedXML
import WebAddresses

/// An identity provider of our own making, and what is expected of it: signs whatever text a test gives it.
struct TestProvider {
    enum Signing { case none, response, assertion, both }

    static let now = 1_800_000_000
    static let entityID = "https://idp.example.com/saml"
    static let requestID = "_5e8b6a"

    static let shared = Result { try TestProvider() }
    static func make() throws -> TestProvider { try shared.get() }

    let key: SigningKey
    let stranger: SigningKey
    let serviceProvider: ServiceProvider
    let idp: IdPDescription

    private init() throws {
        key = try Self.newKey("idp")
        stranger = try Self.newKey("stranger")
        serviceProvider = ServiceProvider(
            entityID: "https://ztna.example.com/saml/corp/metadata",
            acsURL: try EndpointURL(parsing: "https://ztna.example.com/saml/corp/acs"),
            sloURL: try EndpointURL(parsing: "https://ztna.example.com/saml/corp/slo"), key: try Self.newKey("sp"))
        idp = try IdPDescription(
            entityID: Self.entityID, ssoURL: try EndpointURL(parsing: "https://idp.example.com/sso"),
            sloURL: try EndpointURL(parsing: "https://idp.example.com/slo?x=1"),
            certificates: [key.certificate.certificate], now: Self.now)
    }

    private static func newKey(_ name: String) throws -> SigningKey {
        let key = try RSAPrivateKey()
        let certificate = try key.selfSignedCertificate(
            commonName: name, now: now - 1_000, lifetime: 86_400, randomness: .system)
        return try key.withPEM { pem in
            try SigningKey(privateKey: Array(pem), certificate: Array(certificate.pem.utf8))
        }
    }

    static func configuration(_ change: (inout SAMLProviderConfiguration) -> Void = { _ in }) throws
        -> SAMLProviderConfiguration
    {
        guard let id = ProviderID("corp") else { throw TestError.constant }
        var made = SAMLProviderConfiguration(id: id, name: "Corp", source: .file(path: "metadata.xml"))
        change(&made)
        return made
    }

    func expectation(_ change: (inout ResponseExpectation) -> Void = { _ in }) throws -> ResponseExpectation {
        var made = ResponseExpectation(
            provider: try Self.configuration(), idp: idp, spEntityID: serviceProvider.entityID,
            acsURL: serviceProvider.acsURL, requestID: Self.requestID, requestedAt: Self.now - 20, now: Self.now)
        change(&made)
        return made
    }

    /// The usual response with the first occurrence of `old` replaced, before anything is signed.
    func response(
        _ signing: Signing = .assertion, replacing old: String = "", with new: String = "",
        signedBy key: SigningKey? = nil
    ) throws -> [UInt8] {
        let key = key ?? self.key
        guard old.isEmpty || Self.assertion.contains(old) || Self.response.contains(old) else {
            throw TestError.nothingToReplace(old)
        }
        var assertion = Self.replaced(Self.assertion, old, new)
        var response = Self.assertion.contains(old) ? Self.response : Self.replaced(Self.response, old, new)
        if signing == .assertion || signing == .both { assertion = try Self.signed(assertion, key) }
        response = Self.replaced(response, "ASSERTION", assertion)
        if signing == .response || signing == .both { response = try Self.signed(response, key) }
        return Array(response.utf8)
    }

    func validate(
        _ bytes: [UInt8], _ change: (inout ResponseExpectation) -> Void = { _ in }
    ) throws -> ValidatedAssertion {
        try ResponseValidation.validate(bytes, against: expectation(change))
    }

    private static func signed(_ text: String, _ key: SigningKey) throws -> String {
        String(decoding: try key.signed(Array(text.utf8)), as: UTF8.self)
    }

    private static func replaced(_ text: String, _ old: String, _ new: String) -> String {
        guard !old.isEmpty, let range = text.firstRange(of: old) else { return text }
        return text.replacingCharacters(in: range, with: new)
    }

    /// 2027-01-15T08:00:00Z is `now`.
    static let assertion = """
        <saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0" \
        IssueInstant="2027-01-15T07:59:55Z"><saml:Issuer>https://idp.example.com/saml</saml:Issuer>\
        <saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">alice-1</saml:NameID>\
        <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">\
        <saml:SubjectConfirmationData Recipient="https://ztna.example.com/saml/corp/acs" \
        NotOnOrAfter="2027-01-15T08:05:00Z" InResponseTo="_5e8b6a"></saml:SubjectConfirmationData>\
        </saml:SubjectConfirmation></saml:Subject>\
        <saml:Conditions NotBefore="2027-01-15T07:59:50Z" NotOnOrAfter="2027-01-15T08:05:30Z">\
        <saml:AudienceRestriction><saml:Audience>https://ztna.example.com/saml/corp/metadata</saml:Audience>\
        </saml:AudienceRestriction></saml:Conditions>\
        <saml:AuthnStatement AuthnInstant="2027-01-15T07:59:54Z" SessionIndex="_s1" \
        SessionNotOnOrAfter="2027-01-15T16:00:00Z"><saml:AuthnContext><saml:AuthnContextClassRef>\
        urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext>\
        </saml:AuthnStatement><saml:AttributeStatement>\
        <saml:Attribute Name="mail"><saml:AttributeValue>Alice@Example.com</saml:AttributeValue></saml:Attribute>\
        </saml:AttributeStatement></saml:Assertion>
        """

    static let response = """
        <samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r1" Version="2.0" \
        IssueInstant="2027-01-15T07:59:56Z" Destination="https://ztna.example.com/saml/corp/acs" \
        InResponseTo="_5e8b6a"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">\
        https://idp.example.com/saml</saml:Issuer>\
        <samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"></samlp:StatusCode>\
        </samlp:Status>ASSERTION</samlp:Response>
        """
}

enum TestError: Error {
    case constant
    case nothingToReplace(String)
}

extension String {
    fileprivate func replacingCharacters(in range: Range<String.Index>, with new: String) -> String {
        String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
    }
}
