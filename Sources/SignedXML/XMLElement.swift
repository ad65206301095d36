/// One element of a parsed document, as a value: no pointer into any library, safe to keep and to send.
///
/// Comments are not part of it, and neighbouring texts (plain, CDATA, either side of a comment) are one text, so that
/// nothing can cut a value short. Namespace declarations are resolved into names. Source: XML Infoset §2.2, §2.6.
package struct XMLElement: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        case element(XMLElement)
        case text(String)
    }

    package var name: XMLName
    /// In document order, without namespace declarations; a name occurs once.
    package var attributes: [XMLAttribute]
    package var content: [Content]

    package init(name: XMLName, attributes: [XMLAttribute] = [], content: [Content] = []) {
        self.name = name
        self.attributes = attributes
        self.content = content
    }

    package var children: [XMLElement] {
        content.compactMap { if case .element(let element) = $0 { element } else { nil } }
    }

    package func children(_ name: XMLName) -> [XMLElement] { children.filter { $0.name == name } }

    /// The value of an attribute in no namespace.
    package func attribute(_ local: String) -> String? { attribute(XMLName(local)) }

    package func attribute(_ name: XMLName) -> String? { attributes.first { $0.name == name }?.value }

    /// All that the element says, when it says only text; nil when it holds an element.
    package var text: String? {
        var result = ""
        for part in content {
            guard case .text(let text) = part else { return nil }
            result += text
        }
        return result
    }
}

/// An expanded name. The empty namespace is none. Source: Namespaces in XML 1.0 §2.1.
package struct XMLName: Hashable, Sendable {
    package var namespace: String
    package var local: String

    package init(_ local: String, in namespace: String = "") {
        self.namespace = namespace
        self.local = local
    }
}

package struct XMLAttribute: Hashable, Sendable {
    package var name: XMLName
    package var value: String

    package init(_ name: XMLName, _ value: String) {
        self.name = name
        self.value = value
    }
}
