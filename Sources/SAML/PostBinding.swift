internal import SignedXML
package import WebAddresses

/// A form that the browser posts by itself: where to, and its hidden fields.
///
/// Source: SAML Bindings 2.0 §3.5.4.
package struct PostForm: Hashable, Sendable {
    package let action: EndpointURL
    package let kind: MessageKind
    /// Base64 of the signed XML.
    package let message: String
    package let relayState: String?

    package var fields: [FormEncoding.Item] {
        [(kind.rawValue, message)] + (relayState.map { [("RelayState", $0)] } ?? [])
    }

    /// Errors: `signing`.
    init(
        _ kind: MessageKind, _ element: XMLElement, to endpoint: EndpointURL, relayState: String?, key: SigningKey
    ) throws(SAMLError) {
        action = endpoint
        self.kind = kind
        message = Base64Text.encode(try MessageWriter.signedBytes(of: element, key: key))
        self.relayState = relayState
    }
}

/// What a browser posts to us: one message, not verified, and the RelayState as it came.
package struct PostedMessage: Hashable, Sendable {
    /// Of the base64 text: what a document of 256 KiB needs, with line ends.
    package static let maximumBytes = 393_216

    package let kind: MessageKind
    package let xml: [UInt8]
    package let relayState: String?

    /// Reads decoded form items; other names are passed over. Errors: `parameterMissing`, `parameterRepeated`,
    /// `parameter`, `messageTooLarge`.
    package init(items: [FormEncoding.Item]) throws(SAMLError) {
        var values: [String: String] = [:]
        for item in items where ["SAMLRequest", "SAMLResponse", "RelayState"].contains(item.name) {
            guard values.updateValue(item.value, forKey: item.name) == nil else {
                throw .parameterRepeated(item.name)
            }
        }
        let text: String
        switch (values["SAMLRequest"], values["SAMLResponse"]) {
        case (let request?, nil): (kind, text) = (.request, request)
        case (nil, let response?): (kind, text) = (.response, response)
        case (nil, nil): throw .parameterMissing("SAMLResponse")
        case (.some, .some): throw .parameterRepeated("SAMLResponse")
        }
        guard text.utf8.count <= Self.maximumBytes else { throw .messageTooLarge }
        guard let xml = Base64Text.decode(text), !xml.isEmpty else { throw .parameter(kind.rawValue) }
        self.xml = xml
        relayState = values["RelayState"]
    }
}
