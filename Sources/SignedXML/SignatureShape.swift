/// A ds:Signature that has exactly the shape that SAML gives it, and algorithms that are allowed. Not verified yet.
///
/// Source: SAML Core §5.4; XML Signature 1.1 §4.
struct SignatureShape {
    let method: SignatureMethod
    let digestMethod: DigestMethod
    let value: [UInt8]
    let digest: [UInt8]
    /// InclusiveNamespaces of SignedInfo and of the reference.
    let signedInfoPrefixes: [String]
    let referencePrefixes: [String]

    /// `identifier` is the ID of the element that holds the signature.
    init(parsing signature: XMLElement, signing identifier: String, policy: AlgorithmPolicy) throws(SignedXMLError) {
        let parts = try signature.parts()
        guard parts.filter({ $0.name == Self.name("SignedInfo") }).count <= 1 else { throw .severalSignedInfos }
        // An Object or anything else is refused; KeyInfo may be there and is never read.
        guard parts.count == 2 || parts.count == 3 && parts[2].name == Self.name("KeyInfo"),
            parts[0].name == Self.name("SignedInfo"), parts[1].name == Self.name("SignatureValue")
        else { throw .signatureShape }

        let information = try parts[0].parts()
        guard information.filter({ $0.name == Self.name("Reference") }).count <= 1 else { throw .severalReferences }
        guard information.map(\.name) == ["CanonicalizationMethod", "SignatureMethod", "Reference"].map(Self.name)
        else { throw .signatureShape }
        let canonicalization = information[0]
        guard canonicalization.attribute("Algorithm") == TransformMethod.exclusive else {
            throw .canonicalizationMethod
        }
        signedInfoPrefixes = try Self.prefixes(canonicalization)
        method = try SignatureMethod(information[1].attribute("Algorithm"), policy: policy)
        // HMACOutputLength and its like would be in here.
        guard try information[1].parts().isEmpty else { throw .signatureMethod }

        let reference = information[2]
        // SAML Core §5.4.2: a same-document reference to the ID of the root of what is signed.
        guard reference.attribute("URI") == "#" + identifier else { throw .referenceURI }
        let described = try reference.parts()
        guard described.map(\.name) == ["Transforms", "DigestMethod", "DigestValue"].map(Self.name) else {
            throw described.first?.name == Self.name("Transforms") ? .signatureShape : .transform
        }
        let transforms = try described[0].parts()
        // SAML Core §5.4.4: enveloped-signature and exclusive canonicalization, and nothing else.
        guard transforms.allSatisfy({ $0.name == Self.name("Transform") }),
            transforms.map({ $0.attribute("Algorithm") }) == [TransformMethod.enveloped, TransformMethod.exclusive],
            try transforms[0].parts().isEmpty
        else { throw .transform }
        referencePrefixes = try Self.prefixes(transforms[1])
        digestMethod = try DigestMethod(described[1].attribute("Algorithm"), policy: policy)
        guard try described[1].parts().isEmpty else { throw .digestMethod }
        guard let value = parts[1].text.flatMap(Base64Text.decode), !value.isEmpty,
            let digest = described[2].text.flatMap(Base64Text.decode), !digest.isEmpty
        else { throw .signatureShape }
        self.value = value
        self.digest = digest
    }

    private static func name(_ local: String) -> XMLName { XMLName(local, in: XMLNamespace.signature) }

    private static let maximumPrefixes = 32

    /// The PrefixList in an algorithm's element. Source: Exclusive XML Canonicalization 1.0 §4.
    private static func prefixes(_ algorithm: XMLElement) throws(SignedXMLError) -> [String] {
        let parts = try algorithm.parts()
        guard let list = parts.first else { return [] }
        guard parts.count == 1, list.content.isEmpty,
            list.name == XMLName("InclusiveNamespaces", in: XMLNamespace.exclusiveCanonicalization),
            let text = list.attribute("PrefixList"), text.utf8.count <= 1_024
        else { throw .transform }
        let prefixes = text.split { $0 == " " || $0 == "\n" || $0 == "\t" || $0 == "\r" }.map(String.init)
        guard prefixes.count <= maximumPrefixes else { throw .transform }
        return prefixes
    }
}

extension XMLElement {
    /// The child elements of one that holds no text but white space.
    func parts() throws(SignedXMLError) -> [XMLElement] {
        var parts: [XMLElement] = []
        for part in content {
            switch part {
            case .element(let element): parts.append(element)
            case .text(let text):
                for byte in text.utf8 where byte != 0x20 && byte != 0x0A && byte != 0x09 && byte != 0x0D {
                    throw .signatureShape
                }
            }
        }
        return parts
    }
}
