package import SignedXML
package import WebAddresses

/// Our side of one SAML connection: what we are called, where answers go, and the key that signs and decrypts.
///
/// Each connection is a service provider of its own, so that a response for one cannot be used at another.
package struct ServiceProvider: Sendable {
    /// The address of our metadata: `…/saml/<id>/metadata`.
    package let entityID: String
    /// Where responses are posted.
    package let acsURL: EndpointURL
    /// Where logout messages go, by either binding.
    package let sloURL: EndpointURL
    package let key: SigningKey

    package init(entityID: String, acsURL: EndpointURL, sloURL: EndpointURL, key: SigningKey) {
        self.entityID = entityID
        self.acsURL = acsURL
        self.sloURL = sloURL
        self.key = key
    }
}

/// Writes our messages with the prefixes that everyone uses.
enum MessageWriter {
    private static let writer = XMLWriter(prefixes: [
        Namespace.assertion: "saml", Namespace.protocol: "samlp", Namespace.metadata: "md", Namespace.signature: "ds",
        Namespace.encryption: "xenc",
    ])

    /// Errors: `signing`, when a text holds what XML cannot.
    static func bytes(of element: XMLElement) throws(SAMLError) -> [UInt8] {
        do throws(SignedXMLError) { return try writer.bytes(of: element) } catch { throw .signing }
    }

    static func signedBytes(
        of element: XMLElement, key: SigningKey
    ) throws(SAMLError) -> [UInt8] {
        do throws(SignedXMLError) { return try key.signed(try writer.bytes(of: element)) } catch { throw .signing }
    }
}

extension XMLElement {
    /// An element of ours: attributes in no namespace, those that are nil left out.
    init(_ name: XMLName, _ attributes: [(String, String?)] = [], text: String) {
        self.init(name, attributes, content: [.text(text)])
    }

    init(_ name: XMLName, _ attributes: [(String, String?)] = [], _ children: [XMLElement] = []) {
        self.init(name, attributes, content: children.map { .element($0) })
    }

    private init(_ name: XMLName, _ attributes: [(String, String?)], content: [Content]) {
        self.init(
            name: name,
            attributes: attributes.compactMap { local, value in value.map { XMLAttribute(XMLName(local), $0) } },
            content: content)
    }
}
