internal import SignedXML
internal import WebAddresses

/// Our metadata for one connection, signed: what an administrator gives to the provider.
///
/// Source: SAML Metadata 2.0 §2.4.2, §2.4.4; SAML V2.0 Metadata Profile for Algorithm Support 1.0 (encryption methods).
package enum ServiceProviderMetadata {
    /// `validUntil` in seconds since the epoch. Errors: `signing`.
    package static func signed(
        for serviceProvider: ServiceProvider, nameIDFormats: [String] = usualNameIDFormats, id: String,
        validUntil: Int? = nil
    ) throws(SAMLError) -> [UInt8] {
        try MessageWriter.signedBytes(
            of: element(for: serviceProvider, nameIDFormats: nameIDFormats, id: id, validUntil: validUntil),
            key: serviceProvider.key)
    }

    package static let contentType = "application/samlmetadata+xml"

    package static let usualNameIDFormats = [
        NameIDFormat.persistent, NameIDFormat.emailAddress, NameIDFormat.unspecified,
    ]

    private static let encryptionMethods = [
        "http://www.w3.org/2009/xmlenc11#aes128-gcm", "http://www.w3.org/2009/xmlenc11#aes256-gcm",
        "http://www.w3.org/2001/04/xmlenc#aes128-cbc", "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
        "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
    ]

    private static func element(
        for serviceProvider: ServiceProvider, nameIDFormats: [String], id: String, validUntil: Int?
    ) -> XMLElement {
        let certificate = Base64Text.encode(serviceProvider.key.certificate.certificate)
        let keyInfo = XMLElement(
            .ds("KeyInfo"), [],
            [XMLElement(.ds("X509Data"), [], [XMLElement(.ds("X509Certificate"), text: certificate)])])
        let methods = encryptionMethods.map { XMLElement(.md("EncryptionMethod"), [("Algorithm", $0)]) }
        let logout = [Binding.redirect, .post].map { binding in
            XMLElement(
                .md("SingleLogoutService"),
                [("Binding", binding.rawValue), ("Location", serviceProvider.sloURL.text)])
        }
        let role = XMLElement(
            .md("SPSSODescriptor"),
            [
                ("AuthnRequestsSigned", "true"), ("WantAssertionsSigned", "true"),
                ("protocolSupportEnumeration", Namespace.protocol),
            ],
            [
                XMLElement(.md("KeyDescriptor"), [("use", "signing")], [keyInfo]),
                XMLElement(.md("KeyDescriptor"), [("use", "encryption")], [keyInfo] + methods),
            ] + logout + nameIDFormats.map { XMLElement(.md("NameIDFormat"), text: $0) } + [
                XMLElement(
                    .md("AssertionConsumerService"),
                    [
                        ("Binding", Binding.post.rawValue), ("Location", serviceProvider.acsURL.text), ("index", "0"),
                        ("isDefault", "true"),
                    ])
            ])
        return XMLElement(
            .md("EntityDescriptor"),
            [
                ("ID", id), ("entityID", serviceProvider.entityID),
                ("validUntil", validUntil.map(SAMLTime.format)),
            ], [role])
    }
}
