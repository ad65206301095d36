/// What a pinned key signed: the bytes that were digested, and nothing around them.
///
/// Parse them again, from zero, and read from that alone.
package struct SignedBytes: Hashable, Sendable {
    /// The exclusive canonical form of the element, without its signature.
    package let bytes: [UInt8]
    /// An administrator allowed it; to be warned about at each use.
    package let usedSHA1: Bool
    /// Which of the keys it was.
    package let keyIndex: Int
}

extension XMLDocument {
    /// Proves that one of `keys` signed the element at `path`, by a signature that is its direct child.
    ///
    /// The signature is the element's first child, or the one after a saml:Issuer that is. It is verified before
    /// anything is digested; KeyInfo is not read. Source: SAML Core §5.4; XML Signature 1.1 §3.2.
    package borrowing func verifiedBytes(
        of path: ElementPath, keys: [PinnedKey], policy: AlgorithmPolicy
    ) throws(SignedXMLError) -> SignedBytes {
        guard let element = root.element(at: path) else { throw .noSignature }
        let index = try Self.signatureIndex(in: element)
        guard let identifier = element.attribute("ID"), !identifier.isEmpty else { throw .referenceURI }
        let shape = try SignatureShape(
            parsing: element.children[index], signing: identifier, policy: policy)

        let signedInfo = try tree.canonicalBytes(of: path.child(index).child(0), prefixes: shape.signedInfoPrefixes)
        guard
            let keyIndex = keys.firstIndex(where: {
                $0.key.isSignature(shape.value, of: signedInfo, by: shape.method)
            })
        else { throw .unknownKey }

        let bytes = try tree.canonicalBytes(of: path, without: index, prefixes: shape.referencePrefixes)
        guard let digest = shape.digestMethod.digest(bytes), isEqualInConstantTime(digest, shape.digest) else {
            throw .digestValue
        }
        return SignedBytes(
            bytes: bytes, usedSHA1: shape.method == .rsaSHA1 || shape.digestMethod == .sha1, keyIndex: keyIndex)
    }

    /// Which child is the element's signature. Source: SAML Core §2.3.3, §3.2.1: after Issuer, before all else.
    private static func signatureIndex(in element: XMLElement) throws(SignedXMLError) -> Int {
        let names = element.children.map(\.name)
        let places = names.indices.filter { names[$0] == XMLName("Signature", in: XMLNamespace.signature) }
        guard let index = places.first else { throw .noSignature }
        guard places.count == 1 else { throw .severalSignatures }
        let isAfterIssuer = index == 1 && names[0] == XMLName("Issuer", in: XMLNamespace.assertion)
        guard index == 0 || isAfterIssuer else { throw .misplacedSignature }
        return index
    }
}
