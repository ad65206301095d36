internal import Compression
internal import Identity
package import SignedXML
internal import WebAddresses

/// Whether a message asks or answers; the name of its parameter.
package enum MessageKind: String, Hashable, Sendable {
    case request = "SAMLRequest"
    case response = "SAMLResponse"
}

/// Messages in a query: deflated, in base64, signed over the octets of the query as they are sent.
///
/// ```
/// //  SAMLRequest=…&RelayState=…&SigAlg=…&Signature=…      the signature covers all before "&Signature"
/// ```
/// Source: SAML Bindings 2.0 §3.4.4.1.
package enum RedirectBinding {
    package static let maximumQueryBytes = 16_384
    /// Of the inflated XML.
    package static let maximumMessageBytes = 65_536

    /// A message whose octets one of the provider's keys signed; its XML is not parsed yet.
    package struct Message: Hashable, Sendable {
        package let kind: MessageKind
        package let xml: [UInt8]
        /// As it came, perhaps not one of ours.
        package let relayState: String?
    }

    /// Errors: `signing`.
    static func url(
        _ kind: MessageKind, _ element: XMLElement, to endpoint: EndpointURL, relayState: String?, key: SigningKey
    ) throws(SAMLError) -> String {
        guard let deflated = Deflate.compress(try MessageWriter.bytes(of: element)) else { throw .signing }
        var items: [FormEncoding.Item] = [(kind.rawValue, Base64Text.encode(deflated))]
        if let relayState { items.append(("RelayState", relayState)) }
        items.append(("SigAlg", SignatureMethod.rsaSHA256.rawValue))
        let query = FormEncoding.encode(items)
        let signature: [UInt8]
        do throws(SignedXMLError) { signature = try key.signature(of: Array(query.utf8)) } catch { throw .signing }
        let separator =
            switch (endpoint.hasQuery, endpoint.text.utf8.last) {
            case (false, _): "?"
            case (true, UInt8(ascii: "?")), (true, UInt8(ascii: "&")): ""
            case (true, _): "&"
            }
        return endpoint.text + separator + query + "&"
            + FormEncoding.encode([("Signature", Base64Text.encode(signature))])
    }

    /// Reads a raw query, without its `?`, as it came over the wire. Other parameters are passed over.
    ///
    /// Errors: `parameterMissing`, `parameterRepeated`, `parameter`, `messageTooLarge`, `redirectUnsigned`,
    /// `redirectSignatureMethod`, `redirectSignature`, `xml(sha1)`.
    package static func message(
        parsing query: String, keys: [PinnedKey], policy: AlgorithmPolicy
    ) throws(SAMLError) -> Message {
        guard query.utf8.count <= maximumQueryBytes else { throw .messageTooLarge }
        let raw = try parameters(query)
        let kind: MessageKind
        switch (raw["SAMLRequest"], raw["SAMLResponse"]) {
        case (.some, nil): kind = .request
        case (nil, .some): kind = .response
        case (nil, nil): throw .parameterMissing("SAMLRequest")
        case (.some, .some): throw .parameterRepeated("SAMLRequest")
        }
        if let encoding = try value("SAMLEncoding", raw) {
            guard identical(encoding, "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE") else {
                throw .parameter("SAMLEncoding")
            }
        }
        // The signature comes first: nothing is inflated for strangers.
        try verify(raw, kind, keys: keys, policy: policy)
        guard let text = try value(kind.rawValue, raw), let deflated = Base64Text.decode(text) else {
            throw .parameter(kind.rawValue)
        }
        let xml: [UInt8]
        do throws(DeflateError) { xml = try Deflate.decompress(deflated, limit: maximumMessageBytes) } catch {
            throw error == .tooLarge ? .messageTooLarge : .parameter(kind.rawValue)
        }
        return Message(kind: kind, xml: xml, relayState: try value("RelayState", raw))
    }

    private static func verify(
        _ raw: [String: String], _ kind: MessageKind, keys: [PinnedKey], policy: AlgorithmPolicy
    ) throws(SAMLError) {
        guard let method = try value("SigAlg", raw), let text = try value("Signature", raw) else {
            throw .redirectUnsigned
        }
        guard let signature = Base64Text.decode(text), !signature.isEmpty else { throw .parameter("Signature") }
        // Exactly what was sent, in the order that the standard prescribes, whatever the order in the query.
        let octets = [kind.rawValue, "RelayState", "SigAlg"].compactMap { name in
            raw[name].map { "\(name)=\($0)" }
        }.joined(separator: "&")
        do throws(SignedXMLError) {
            _ = try keys.index(verifying: signature, of: Array(octets.utf8), method: method, policy: policy)
        } catch {
            switch error {
            case .signatureMethod: throw .redirectSignatureMethod(method)
            case .sha1: throw .xml(.sha1)
            default: throw .redirectSignature
            }
        }
    }

    private static let names: Set<String> = [
        "SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature", "SAMLEncoding",
    ]

    /// The parameters of ours by name, their values still escaped.
    private static func parameters(_ query: String) throws(SAMLError) -> [String: String] {
        var raw: [String: String] = [:]
        let parts = query.split(separator: "&")
        guard parts.count <= 64 else { throw .parameter("query") }
        for part in parts {
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(halves.first ?? "")
            // A name of ours in escapes would be another parameter to us than to a stricter reader.
            guard let decoded = FormEncoding.decode(name + "=")?.first?.name else { throw .parameter("query") }
            guard names.contains(decoded) else { continue }
            guard identical(name, decoded) else { throw .parameter(decoded) }
            guard raw.updateValue(String(halves.count == 2 ? halves[1] : ""), forKey: name) == nil else {
                throw .parameterRepeated(name)
            }
        }
        return raw
    }

    /// Nil when it is not there. Errors: `parameter`.
    private static func value(_ name: String, _ raw: [String: String]) throws(SAMLError) -> String? {
        guard let text = raw[name] else { return nil }
        guard let value = FormEncoding.decode("v=" + text)?.first?.value else { throw .parameter(name) }
        return value
    }
}
