internal import SignedXML

/// A response as administrators may see it on the test page: indented, what is long or secret shortened.
///
/// Nothing of it is verified; it is for reading only. With `masksPeople` the texts of NameID and attribute values keep
/// their first two characters. At most 512 KiB of text.
package enum RedactedResponse {
    package static let maximumBytes = 524_288

    /// Errors: `xml`, where the document is beyond our limits or no XML.
    package static func text(of bytes: [UInt8], masksPeople: Bool) throws(SAMLError) -> String {
        var lines: [String] = []
        write(try parsed(bytes, XMLLimits()).root, depth: 0, masksPeople: masksPeople, into: &lines)
        let text = lines.joined(separator: "\n") + "\n"
        guard text.utf8.count > maximumBytes else { return text }
        return String(decoding: text.utf8.prefix(maximumBytes), as: UTF8.self) + "…\n"
    }

    private static let prefixes = [
        Namespace.assertion: "saml:", Namespace.protocol: "samlp:", Namespace.signature: "ds:",
        Namespace.encryption: "xenc:", Namespace.schemaInstance: "xsi:", "": "",
    ]
    private static let shortened = [
        XMLName.ds("SignatureValue"), .ds("X509Certificate"), .xenc("CipherValue"), .ds("Modulus"),
    ]
    private static let personal = [XMLName.saml("NameID"), .saml("AttributeValue")]

    private static func write(_ element: XMLElement, depth: Int, masksPeople: Bool, into lines: inout [String]) {
        let indent = String(repeating: "  ", count: min(depth, 64))
        let name = qualified(element.name)
        let attributes = element.attributes.map { " \(qualified($0.name))=\"\(escaped($0.value))\"" }.joined()
        guard element.children.isEmpty else {
            lines.append("\(indent)<\(name)\(attributes)>")
            for child in element.children {
                write(child, depth: depth + 1, masksPeople: masksPeople, into: &lines)
            }
            lines.append("\(indent)</\(name)>")
            return
        }
        let text = shown(collapsed(element.text ?? ""), of: element.name, masksPeople: masksPeople)
        lines.append(
            text.isEmpty ? "\(indent)<\(name)\(attributes)/>" : "\(indent)<\(name)\(attributes)>\(text)</\(name)>")
    }

    private static func shown(_ text: String, of name: XMLName, masksPeople: Bool) -> String {
        if shortened.contains(where: name.isExactly), text.utf8.count > 24 {
            return escaped(String(text.prefix(16))) + "… (\(text.utf8.count) characters)"
        }
        if masksPeople, personal.contains(where: name.isExactly), !text.isEmpty {
            return escaped(String(text.prefix(2))) + "…"
        }
        return escaped(text)
    }

    /// A namespace that nobody expects is shown in full: it may be the mistake that is looked for.
    private static func qualified(_ name: XMLName) -> String {
        guard let prefix = prefixes[name.namespace] else { return "{\(escaped(name.namespace))}\(escaped(name.local))" }
        return prefix + escaped(name.local)
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default:
                result += NameID.isVisible(scalar) ? String(Character(scalar)) : scalar.escaped(asASCII: true)
            }
        }
        return result
    }
}
