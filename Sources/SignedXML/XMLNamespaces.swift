/// The namespaces of signatures and encryption, and the one of SAML whose Issuer comes before a signature.
package enum XMLNamespace {
    package static let assertion = "urn:oasis:names:tc:SAML:2.0:assertion"
    package static let signature = "http://www.w3.org/2000/09/xmldsig#"
    package static let encryption = "http://www.w3.org/2001/04/xmlenc#"
    package static let encryption11 = "http://www.w3.org/2009/xmlenc11#"
    package static let exclusiveCanonicalization = "http://www.w3.org/2001/10/xml-exc-c14n#"
}
