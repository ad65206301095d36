/// Writes an element as text, with a prefix for every namespace, declared where it is first needed.
package struct XMLWriter: Sendable {
    private let prefixes: [String: String]

    /// `prefixes` by namespace; a namespace that is not among them gets one made up.
    package init(prefixes: [String: String]) { self.prefixes = prefixes }

    /// UTF-8, without an XML declaration. Refuses names and characters that XML cannot hold, as `malformed`.
    package func bytes(of element: XMLElement) throws(SignedXMLError) -> [UInt8] {
        var text = ""
        try write(element, declared: ["http://www.w3.org/XML/1998/namespace": "xml"], into: &text)
        return Array(text.utf8)
    }

    private func write(
        _ element: XMLElement, declared: [String: String], into text: inout String
    ) throws(SignedXMLError) {
        var declared = declared
        var declarations = ""
        let name = try qualified(element.name, declared: &declared, declarations: &declarations)
        var attributes = ""
        for attribute in element.attributes {
            let name = try qualified(attribute.name, declared: &declared, declarations: &declarations)
            try Self.check(attribute.value)
            attributes += " \(name)=\"\(Self.escaped(attribute.value, inAttribute: true))\""
        }
        text += "<\(name)\(declarations)\(attributes)>"
        for part in element.content {
            switch part {
            case .element(let child): try write(child, declared: declared, into: &text)
            case .text(let content):
                try Self.check(content)
                text += Self.escaped(content, inAttribute: false)
            }
        }
        text += "</\(name)>"
    }

    private func qualified(
        _ name: XMLName, declared: inout [String: String], declarations: inout String
    ) throws(SignedXMLError) -> String {
        guard Self.isName(name.local) else { throw .malformed }
        guard !name.namespace.isEmpty else { return name.local }
        if let prefix = declared[name.namespace] { return "\(prefix):\(name.local)" }
        var prefix = prefixes[name.namespace] ?? "ns\(declared.count)"
        while declared.values.contains(prefix) { prefix += "x" }
        guard Self.isName(prefix) else { throw .malformed }
        try Self.check(name.namespace)
        declared[name.namespace] = prefix
        declarations += " xmlns:\(prefix)=\"\(Self.escaped(name.namespace, inAttribute: true))\""
        return "\(prefix):\(name.local)"
    }

    /// ASCII only: all that we ever write. Source: Namespaces in XML 1.0 §3, NCName.
    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first), first != 0x2D,
            first != 0x2E
        else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
    }

    /// Source: XML 1.0 §2.2.
    private static func check(_ text: String) throws(SignedXMLError) {
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09, 0x0A, 0x0D, 0x20...0xFFFD, 0x10000...: continue
            default: throw .malformed
            }
        }
    }

    /// As canonical XML has it, so that a parser reads back what was given. Source: Canonical XML 1.0 §2.3.
    static func escaped(_ text: String, inAttribute: Bool) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">" where !inAttribute: result += "&gt;"
            case "\r": result += "&#xD;"
            case "\"" where inAttribute: result += "&quot;"
            case "\t" where inAttribute: result += "&#x9;"
            case "\n" where inAttribute: result += "&#xA;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
