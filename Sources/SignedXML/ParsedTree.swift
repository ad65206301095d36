internal import CXMLSec

/// A document as libxml2 parsed it. No pointer leaves this file and the two that read it: `TreeValue`, `Canonical`.
struct ParsedTree: ~Copyable {
    let document: xmlDocPtr
    let root: xmlNodePtr

    /// `bytes` have passed `MarkupScan`. No network, no entities but the five, CDATA as text, libxml2's own limits kept.
    init(_ bytes: [UInt8]) throws(SignedXMLError) {
        try XMLSecurity.enter()
        guard let count = Int32(exactly: bytes.count), let context = xmlNewParserCtxt() else { throw .malformed }
        defer { xmlFreeParserCtxt(context) }
        let options =
            XML_PARSE_NONET.rawValue | XML_PARSE_NOCDATA.rawValue | XML_PARSE_NOERROR.rawValue
            | XML_PARSE_NOWARNING.rawValue | XML_PARSE_COMPACT.rawValue
        let parsed = bytes.withUnsafeBytes { buffer in
            xmlCtxtReadMemory(
                context, buffer.bindMemory(to: CChar.self).baseAddress, count, nil, nil, Int32(options))
        }
        guard let parsed else { throw .malformed }
        // A prefix without a namespace is no error to the parser, which then takes it into the name.
        guard context.pointee.wellFormed == 1, context.pointee.nsWellFormed == 1, parsed.pointee.intSubset == nil,
            parsed.pointee.extSubset == nil, let root = xmlDocGetRootElement(parsed)
        else {
            xmlFreeDoc(parsed)
            throw .malformed
        }
        document = parsed
        self.root = root
    }

    deinit { xmlFreeDoc(document) }
}

extension UnsafeMutablePointer<xmlNode> {
    /// The child element of that index among child elements.
    func childElement(_ index: Int) -> xmlNodePtr? {
        var left = index
        var next = pointee.children
        while let node = next {
            if node.pointee.type == XML_ELEMENT_NODE {
                if left == 0 { return node }
                left -= 1
            }
            next = node.pointee.next
        }
        return nil
    }

    func element(at path: ElementPath) -> xmlNodePtr? {
        var node: xmlNodePtr = self
        for index in path.indices {
            guard let child = node.childElement(index) else { return nil }
            node = child
        }
        return node
    }
}
