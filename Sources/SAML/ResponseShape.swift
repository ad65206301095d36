internal import SignedXML

/// Where the one assertion of a response is, and what is signed: seen before any signature is checked.
///
/// Every assertion anywhere counts, whatever it hides in; every signature must be a direct child of the response or of the
/// assertion. So nothing can be wrapped: there is nothing that could be mistaken for another thing.
/// Source: SAML Core 2.0 §3.3.3, §5.4; Somorovsky et al., On Breaking SAML (2012).
struct ResponseShape {
    enum Assertion {
        case plain(ElementPath, isSigned: Bool)
        case encrypted(ElementPath)
    }

    let assertion: Assertion
    let responseIsSigned: Bool

    /// `root` is known to be a Response. Errors: `assertionCount`, `xml(misplacedSignature)`, `xml(severalSignatures)`.
    init(_ root: XMLElement) throws(SAMLError) {
        let plain = root.count([.saml("Assertion")])
        let encrypted = root.count([.saml("EncryptedAssertion")])
        // Asked for once: a hostile response has two thousand children, and each time costs as much.
        let children = root.children
        let places = children.indices.filter { index in
            let name = children[index].name
            return name.isExactly(.saml("Assertion")) || name.isExactly(.saml("EncryptedAssertion"))
        }
        guard plain + encrypted == 1, let place = places.first else {
            throw .assertionCount(plain: plain, encrypted: encrypted)
        }
        let element = children[place]
        let ofResponse = root.all(.ds("Signature")).count
        let ofAssertion = plain == 1 ? element.all(.ds("Signature")).count : 0
        guard ofResponse <= 1, ofAssertion <= 1 else { throw .xml(.severalSignatures) }
        guard root.count([.ds("Signature")]) == ofResponse + ofAssertion, root.hasSignatureInPlace,
            plain == 0 || element.hasSignatureInPlace
        else { throw .xml(.misplacedSignature) }
        responseIsSigned = ofResponse == 1
        let path = ElementPath.root.child(place)
        assertion = plain == 1 ? .plain(path, isSigned: ofAssertion == 1) : .encrypted(path)
    }

    /// A decrypted assertion by itself; whether it is signed. Errors: `wrongRoot`, and as above.
    static func isSigned(decrypted root: XMLElement) throws(SAMLError) -> Bool {
        guard root.name.isExactly(.saml("Assertion")) else { throw .wrongRoot(root.name.local) }
        let plain = root.count([.saml("Assertion")])
        let encrypted = root.count([.saml("EncryptedAssertion")])
        guard plain == 1, encrypted == 0 else { throw .assertionCount(plain: plain, encrypted: encrypted) }
        let own = root.all(.ds("Signature")).count
        guard own <= 1 else { throw .xml(.severalSignatures) }
        guard root.count([.ds("Signature")]) == own, root.hasSignatureInPlace else { throw .xml(.misplacedSignature) }
        return own == 1
    }
}

extension XMLElement {
    /// Directly behind the Issuer, or first where there is none; true without a signature too.
    ///
    /// Source: SAML Core 2.0 §2.3.3, §3.2.1 (the schemas' sequences).
    var hasSignatureInPlace: Bool {
        let names = children.map(\.name)
        guard let place = names.firstIndex(where: { $0.isExactly(.ds("Signature")) }) else { return true }
        guard let issuer = names.firstIndex(where: { $0.isExactly(.saml("Issuer")) }) else { return place == 0 }
        return issuer == 0 && place == 1
    }
}
