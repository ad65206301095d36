internal import SAML
package import SignedXML

/// A response before it is signed: every field can be spoiled.
package struct SAMLResponseDraft: Sendable {
    package var id: String
    package var assertionID: String
    package var issuer: String
    package var destination: String
    package var recipient: String
    package var audience: String
    /// Nil: unsolicited.
    package var inResponseTo: String?
    package var status = SAMLStatus.success
    package var secondStatus: String?
    package var nameID: String
    package var nameIDFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    package var sessionIndex: String?
    package var attributes: [(name: String, values: [String])]
    package var context = "https://refeds.org/profile/mfa"
    /// Seconds since the epoch, as all times here.
    package var issuedAt: Int
    /// When the person authenticated; nil: when it was issued.
    package var authnInstant: Int?
    package var notOnOrAfter: Int
    package var sessionNotOnOrAfter: Int?
    package var signsResponse = false
    package var signsAssertion = true

    /// The XML, signed. Errors: of the signing.
    package func document(signedBy key: SigningKey) throws(SignedXMLError) -> [UInt8] {
        var inner = status == SAMLStatus.success ? assertion : ""
        if signsAssertion, !inner.isEmpty { inner = String(decoding: try key.signed(Array(inner.utf8)), as: UTF8.self) }
        let second = secondStatus.map { "<samlp:StatusCode Value=\"\(Self.escaped($0))\"/>" } ?? ""
        let response = """
            <samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="\(id)" Version="2.0" \
            IssueInstant="\(SAMLTime.format(issuedAt))" Destination="\(Self.escaped(destination))"\(answer)>\
            \(issuerElement)<samlp:Status><samlp:StatusCode Value="\(Self.escaped(status))">\(second)\
            </samlp:StatusCode></samlp:Status>\(inner)</samlp:Response>
            """
        guard signsResponse else { return Array(response.utf8) }
        return try key.signed(Array(response.utf8))
    }

    private var answer: String { inResponseTo.map { " InResponseTo=\"\($0)\"" } ?? "" }

    private var issuerElement: String {
        "<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">\(Self.escaped(issuer))</saml:Issuer>"
    }

    private var assertion: String {
        let end = SAMLTime.format(notOnOrAfter)
        let session =
            (sessionIndex.map { " SessionIndex=\"\(Self.escaped($0))\"" } ?? "")
            + (sessionNotOnOrAfter.map { " SessionNotOnOrAfter=\"\(SAMLTime.format($0))\"" } ?? "")
        let statements = attributes.map { attribute in
            "<saml:Attribute Name=\"\(Self.escaped(attribute.name))\">"
                + attribute.values.map { "<saml:AttributeValue>\(Self.escaped($0))</saml:AttributeValue>" }.joined()
                + "</saml:Attribute>"
        }.joined()
        return """
            <saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="\(assertionID)" Version="2.0" \
            IssueInstant="\(SAMLTime.format(issuedAt))">\(issuerElement)<saml:Subject>\
            <saml:NameID Format="\(nameIDFormat)">\(Self.escaped(nameID))</saml:NameID>\
            <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData \
            Recipient="\(Self.escaped(recipient))" NotOnOrAfter="\(end)"\(answer)/></saml:SubjectConfirmation>\
            </saml:Subject><saml:Conditions NotBefore="\(SAMLTime.format(issuedAt))" NotOnOrAfter="\(end)">\
            <saml:AudienceRestriction><saml:Audience>\(Self.escaped(audience))</saml:Audience>\
            </saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement \
            AuthnInstant="\(SAMLTime.format(authnInstant ?? issuedAt))"\(session)><saml:AuthnContext><saml:AuthnContextClassRef>\
            \(Self.escaped(context))</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>\
            <saml:AttributeStatement>\(statements)</saml:AttributeStatement></saml:Assertion>
            """
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
    }
}
