internal import CXMLSec

extension ParsedTree {
    /// The exclusive canonical form, without comments, of the element at `path`, less one of its child elements.
    ///
    /// For the time of the call the element is made to look like the only one of its document, with its ancestors still
    /// above it for prefixes to be found: so the cost is that of the element, not of the document.
    /// Source: Exclusive XML Canonicalization 1.0 §3.
    borrowing func canonicalBytes(
        of path: ElementPath, without childIndex: Int? = nil, prefixes: [String] = []
    ) throws(SignedXMLError) -> [UInt8] {
        try XMLSecurity.enter()
        guard let element = root.element(at: path) else { throw .malformed }
        let first = document.pointee.children
        let after = element.pointee.next
        document.pointee.children = element
        element.pointee.next = nil
        defer {
            document.pointee.children = first
            element.pointee.next = after
        }
        guard let childIndex else { return try canonicalDocument(prefixes) }
        guard let left = element.childElement(childIndex) else { throw .malformed }
        let previous = left.pointee.prev
        if let previous {
            previous.pointee.next = left.pointee.next
        } else {
            element.pointee.children = left.pointee.next
        }
        defer {
            if let previous { previous.pointee.next = left } else { element.pointee.children = left }
        }
        return try canonicalDocument(prefixes)
    }

    private borrowing func canonicalDocument(_ prefixes: [String]) throws(SignedXMLError) -> [UInt8] {
        guard let output = xmlAllocOutputBuffer(nil) else { throw .emptyCanonicalization }
        defer { xmlOutputBufferClose(output) }
        var list: [UnsafeMutablePointer<xmlChar>?] = prefixes.map { xmlStrdup($0) } + [nil]
        defer { for prefix in list { ztna_xml_free(prefix) } }
        let status = list.withUnsafeMutableBufferPointer { list in
            xmlC14NExecute(
                document, nil, nil, Int32(XML_C14N_EXCLUSIVE_1_0.rawValue), prefixes.isEmpty ? nil : list.baseAddress,
                0, output)
        }
        let count = xmlOutputBufferGetSize(output)
        guard status >= 0, count > 0, let content = xmlOutputBufferGetContent(output) else {
            throw .emptyCanonicalization
        }
        return Array(UnsafeBufferPointer(start: content, count: count))
    }
}
