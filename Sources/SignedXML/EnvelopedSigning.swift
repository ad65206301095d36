extension SigningKey {
    /// `document` in canonical form, its root signed and the signature in its place: after a saml:Issuer that comes
    /// first, else before everything.
    ///
    /// The root must have an `ID`. Comments are lost. RSA-SHA256, SHA-256, exclusive canonicalization, and a KeyInfo with
    /// the certificate. What it returns has been verified. Source: SAML Core §5.4.
    package func signed(_ document: [UInt8], limits: XMLLimits = XMLLimits()) throws(SignedXMLError) -> [UInt8] {
        let parsed = try XMLDocument(parsing: document, limits: limits)
        guard let identifier = parsed.root.attribute("ID"), !identifier.isEmpty else { throw .unsignable }
        let canonical = try parsed.tree.canonicalBytes(of: .root)
        guard let digest = DigestMethod.sha256.digest(canonical),
            let place = Self.place(in: canonical, root: parsed.root)
        else { throw .unsignable }

        // Written as exclusive canonicalization leaves it, so that these are the bytes to sign.
        let reference = XMLWriter.escaped("#" + identifier, inAttribute: true)
        let signedInfo = """
            <ds:SignedInfo xmlns:ds="\(XMLNamespace.signature)">\
            <ds:CanonicalizationMethod Algorithm="\(TransformMethod.exclusive)"></ds:CanonicalizationMethod>\
            <ds:SignatureMethod Algorithm="\(SignatureMethod.rsaSHA256.rawValue)"></ds:SignatureMethod>\
            <ds:Reference URI="\(reference)"><ds:Transforms>\
            <ds:Transform Algorithm="\(TransformMethod.enveloped)"></ds:Transform>\
            <ds:Transform Algorithm="\(TransformMethod.exclusive)"></ds:Transform></ds:Transforms>\
            <ds:DigestMethod Algorithm="\(DigestMethod.sha256.rawValue)"></ds:DigestMethod>\
            <ds:DigestValue>\(Base64Text.encode(digest))</ds:DigestValue></ds:Reference></ds:SignedInfo>
            """
        let value = Base64Text.encode(try signature(of: Array(signedInfo.utf8)))
        let element = """
            <ds:Signature xmlns:ds="\(XMLNamespace.signature)">\(signedInfo)\
            <ds:SignatureValue>\(value)</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\
            \(Base64Text.encode(certificate.certificate))\
            </ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>
            """
        let result = Array(canonical[..<place]) + Array(element.utf8) + Array(canonical[place...])

        var roomier = limits
        roomier.maximumBytes = max(limits.maximumBytes, result.count)
        let verified = try XMLDocument(parsing: result, limits: roomier)
            .verifiedBytes(of: .root, keys: [certificate], policy: AlgorithmPolicy())
        guard verified.bytes == canonical else { throw .unsignable }
        return result
    }

    /// The offset behind the root's start tag, or behind its Issuer. In canonical form nothing but tags holds `<`, and
    /// `>` outside of tags is escaped.
    private static func place(in canonical: [UInt8], root: XMLElement) -> Int? {
        guard var position = endOfTag(in: canonical, from: 0) else { return nil }
        guard let first = root.children.first, first.name == XMLName("Issuer", in: XMLNamespace.assertion),
            first.text != nil
        else { return position }
        // White space, its start tag, its text, its end tag.
        for _ in 0..<2 {
            guard let tag = canonical[position...].firstIndex(of: UInt8(ascii: "<")),
                let end = endOfTag(in: canonical, from: tag)
            else { return nil }
            position = end
        }
        return position
    }

    private static func endOfTag(in canonical: [UInt8], from start: Int) -> Int? {
        var isQuoted = false
        for position in start..<canonical.count {
            // Canonical form writes every attribute in double quotes.
            if canonical[position] == UInt8(ascii: "\"") { isQuoted.toggle() }
            if canonical[position] == UInt8(ascii: ">"), !isQuoted { return position + 1 }
        }
        return nil
    }
}
