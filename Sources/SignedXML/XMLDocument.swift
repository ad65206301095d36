/// Received bytes that passed every limit and were parsed. Nothing in it is proved to come from anyone.
///
/// It owns what libxml2 made of them, so it cannot be copied or sent: parse, verify and forget it in one go.
package struct XMLDocument: ~Copyable {
    /// The whole document as a value.
    package let root: XMLElement
    let tree: ParsedTree

    package init(parsing bytes: [UInt8], limits: XMLLimits = XMLLimits()) throws(SignedXMLError) {
        // XML 1.0 §4.3.3, §F: a mark of three bytes may come first; it says UTF-8, which everything must be anyway.
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        try MarkupScan.check(text, limits: limits)
        let tree = try ParsedTree(text)
        root = try TreeValue.root(of: tree)
        self.tree = tree
    }
}
