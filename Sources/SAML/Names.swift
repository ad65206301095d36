internal import Identity
internal import SignedXML

/// The namespaces of SAML and of what it is built on. Source: SAML Core 2.0 §1.1; SAML Metadata 2.0 §1.1.
enum Namespace {
    static let assertion = "urn:oasis:names:tc:SAML:2.0:assertion"
    static let `protocol` = "urn:oasis:names:tc:SAML:2.0:protocol"
    static let metadata = "urn:oasis:names:tc:SAML:2.0:metadata"
    static let signature = "http://www.w3.org/2000/09/xmldsig#"
    static let encryption = "http://www.w3.org/2001/04/xmlenc#"
    static let schemaInstance = "http://www.w3.org/2001/XMLSchema-instance"
}

extension XMLName {
    static func saml(_ local: String) -> XMLName { XMLName(local, in: Namespace.assertion) }
    static func samlp(_ local: String) -> XMLName { XMLName(local, in: Namespace.protocol) }
    static func md(_ local: String) -> XMLName { XMLName(local, in: Namespace.metadata) }
    static func ds(_ local: String) -> XMLName { XMLName(local, in: Namespace.signature) }
    static func xenc(_ local: String) -> XMLName { XMLName(local, in: Namespace.encryption) }

    /// Byte for byte: strings of Swift's are equal when Unicode calls them equivalent.
    func isExactly(_ other: XMLName) -> Bool { identical(local, other.local) && identical(namespace, other.namespace) }
}

extension XMLElement {
    /// Children of exactly this name.
    func all(_ name: XMLName) -> [XMLElement] { children.filter { $0.name.isExactly(name) } }

    /// The one child of this name, nil when there is none. Errors: `malformed`, when there are several.
    func one(_ name: XMLName) throws(SAMLError) -> XMLElement? {
        let found = all(name)
        guard found.count <= 1 else { throw .malformed("several \(name.local)") }
        return found.first
    }

    /// The value of an attribute in no namespace, compared byte for byte.
    func value(_ local: String) -> String? {
        attributes.first { $0.name.isExactly(XMLName(local)) }?.value
    }

    /// How many elements of these names there are, this one included, at any depth.
    func count(_ names: [XMLName]) -> Int {
        var count = 0
        var left = [self]
        while let next = left.popLast() {
            if names.contains(where: next.name.isExactly) { count += 1 }
            left += next.children
        }
        return count
    }

    /// An address as an element's content: white space around it says nothing. Source: XML Schema Part 2 §3.2.17.
    var address: String? { text.map(collapsed) }
}

/// Without XML's white space at either end.
func collapsed(_ text: String) -> String {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
    let bytes = text.utf8.drop(while: isSpace)
    guard let last = bytes.lastIndex(where: { !isSpace($0) }) else { return "" }
    return String(decoding: bytes[...last], as: UTF8.self)
}

/// Identifiers that SAML gives to formats and methods. Source: SAML Core 2.0 §8.3; SAML Profiles 2.0 §3.3.
package enum NameIDFormat {
    package static let unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
    package static let emailAddress = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    package static let persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    package static let transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
    static let entity = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
}

/// How a message travels. Source: SAML Bindings 2.0 §3.4, §3.5.
package enum Binding: String, Hashable, Sendable, CaseIterable {
    case redirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
    case post = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
}
