internal import CXMLSec

/// Makes the value of a parsed tree, in one pass, and finds IDs that occur twice.
struct TreeValue {
    /// The last few names of namespaces: a document uses few, and mostly the one before.
    private var namespaces: [(pointer: UnsafePointer<xmlChar>, text: String)] = []
    private static let remembered = 8
    private var identifiers: Set<String> = []

    static func root(of tree: borrowing ParsedTree) throws(SignedXMLError) -> XMLElement {
        var value = TreeValue()
        return try value.element(tree.root)
    }

    /// Recursion is as deep as the document, which `XMLLimits` bounds.
    private mutating func element(_ node: xmlNodePtr) throws(SignedXMLError) -> XMLElement {
        var element = XMLElement(name: try name(node.pointee.name, node.pointee.ns))
        var nextAttribute = node.pointee.properties
        while let attribute = nextAttribute {
            element.attributes.append(try self.attribute(attribute))
            nextAttribute = attribute.pointee.next
        }
        var text: String?
        var next = node.pointee.children
        while let child = next {
            next = child.pointee.next
            switch child.pointee.type {
            case XML_TEXT_NODE, XML_CDATA_SECTION_NODE:
                guard let content = child.pointee.content else { continue }
                if text == nil { text = String(cString: content) } else { text?.append(String(cString: content)) }
            case XML_ELEMENT_NODE:
                if let before = text {
                    element.content.append(.text(before))
                    text = nil
                }
                element.content.append(.element(try self.element(child)))
            case XML_COMMENT_NODE: continue
            default: throw .malformed
            }
        }
        if let text { element.content.append(.text(text)) }
        return element
    }

    private mutating func attribute(_ attribute: xmlAttrPtr) throws(SignedXMLError) -> XMLAttribute {
        let name = try name(attribute.pointee.name, attribute.pointee.ns)
        var value = ""
        var next = attribute.pointee.children
        while let part = next {
            guard part.pointee.type == XML_TEXT_NODE, let content = part.pointee.content else { throw .malformed }
            if value.isEmpty { value = String(cString: content) } else { value += String(cString: content) }
            next = part.pointee.next
        }
        if Self.isIdentifier(name), !identifiers.insert(value).inserted { throw .duplicateID }
        return XMLAttribute(name, value)
    }

    /// SAML signs by `ID`. The other spellings could mislead another reader, so they count too.
    private static func isIdentifier(_ name: XMLName) -> Bool {
        switch name.local {
        case "ID", "Id", "id", "iD": name.namespace.isEmpty || name.namespace == "http://www.w3.org/XML/1998/namespace"
        default: false
        }
    }

    private mutating func name(
        _ local: UnsafePointer<xmlChar>?, _ namespace: UnsafeMutablePointer<xmlNs>?
    ) throws(SignedXMLError) -> XMLName {
        guard let local else { throw .malformed }
        guard let namespace else { return XMLName(String(cString: local)) }
        guard let pointer = namespace.pointee.href else { throw .malformed }
        if let known = namespaces.last(where: { $0.pointer == pointer }) {
            return XMLName(String(cString: local), in: known.text)
        }
        let text = String(cString: pointer)
        if namespaces.count == Self.remembered { namespaces.removeFirst() }
        namespaces.append((pointer, text))
        return XMLName(String(cString: local), in: text)
    }
}
