/// Encrypted data and the one key to it, of the shape that SAML gives them; the algorithms are allowed ones.
///
/// Everything is in the document: CipherReference and KeyName lead nowhere, RetrievalMethod only to the key beside.
/// Source: SAML Core §6; XML Encryption 1.1 §3.
struct EncryptionShape {
    let dataMethod: DataMethod
    let data: [UInt8]
    let keyMethod: KeyTransport
    let key: [UInt8]

    /// `container` is a saml:EncryptedAssertion, EncryptedID or EncryptedAttribute.
    init(parsing container: XMLElement, policy: AlgorithmPolicy) throws(SignedXMLError) {
        let parts = container.children
        guard let data = parts.first, data.name == Self.name("EncryptedData"),
            parts.dropFirst().allSatisfy({ $0.name == Self.name("EncryptedKey") })
        else { throw .undecryptable }
        // XML Encryption 1.1 §3.1: what is inside is one element.
        guard [nil, XMLNamespace.encryption + "Element"].contains(data.attribute("Type")) else { throw .undecryptable }
        let information = data.children(Self.signatureName("KeyInfo"))
        guard information.count <= 1 else { throw .undecryptable }
        let keys = (information.first?.children(Self.name("EncryptedKey")) ?? []) + parts.dropFirst()
        guard keys.count == 1, let key = keys.first else { throw .undecryptable }
        for method in information.first?.children(Self.signatureName("RetrievalMethod")) ?? [] {
            // OpenSAML puts the key beside the data and refers to it so.
            guard let identifier = key.attribute("Id"), method.attribute("URI") == "#" + identifier,
                method.children.isEmpty
            else { throw .undecryptable }
        }
        dataMethod = try DataMethod(data, policy: policy)
        keyMethod = try KeyTransport(key)
        self.data = try Self.cipherValue(data)
        self.key = try Self.cipherValue(key)
    }

    private static func name(_ local: String) -> XMLName { XMLName(local, in: XMLNamespace.encryption) }
    private static func signatureName(_ local: String) -> XMLName { XMLName(local, in: XMLNamespace.signature) }

    /// A CipherValue, the only thing that CipherData may hold here.
    private static func cipherValue(_ encrypted: XMLElement) throws(SignedXMLError) -> [UInt8] {
        let cipher = encrypted.children(name("CipherData"))
        guard cipher.count == 1, cipher[0].children.map(\.name) == [name("CipherValue")],
            let value = cipher[0].children[0].text.flatMap(Base64Text.decode), !value.isEmpty
        else { throw .undecryptable }
        return value
    }

    static func method(of encrypted: XMLElement) throws(SignedXMLError) -> XMLElement {
        let methods = encrypted.children(name("EncryptionMethod"))
        guard methods.count == 1 else { throw .encryptionMethod }
        return methods[0]
    }
}

/// AES, by its identifier. Source: XML Encryption 1.1 §5.2.
enum DataMethod: String, CaseIterable {
    case aes128GCM = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
    case aes192GCM = "http://www.w3.org/2009/xmlenc11#aes192-gcm"
    case aes256GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
    case aes128CBC = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
    case aes192CBC = "http://www.w3.org/2001/04/xmlenc#aes192-cbc"
    case aes256CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"

    init(_ encrypted: XMLElement, policy: AlgorithmPolicy) throws(SignedXMLError) {
        let method = try EncryptionShape.method(of: encrypted)
        guard let identifier = method.attribute("Algorithm"), let known = Self(rawValue: identifier),
            policy.allowsCBC || !known.isCBC
        else { throw .encryptionMethod }
        self = known
    }

    var isCBC: Bool { rawValue.hasSuffix("-cbc") }

    var keyLength: Int {
        switch self {
        case .aes128GCM, .aes128CBC: 16
        case .aes192GCM, .aes192CBC: 24
        case .aes256GCM, .aes256CBC: 32
        }
    }
}

/// RSA-OAEP with its two digests. RSA 1.5 is not among them. Source: XML Encryption 1.1 §5.5.2.
struct KeyTransport {
    let digest: DigestMethod
    let maskDigest: DigestMethod

    init(_ encryptedKey: XMLElement) throws(SignedXMLError) {
        let method = try EncryptionShape.method(of: encryptedKey)
        let digests = method.children(XMLName("DigestMethod", in: XMLNamespace.signature))
        let masks = method.children(XMLName("MGF", in: XMLNamespace.encryption11))
        guard digests.count <= 1, masks.count <= 1, method.children.count == digests.count + masks.count else {
            throw .encryptionMethod
        }
        // Without collisions to fear, SHA-1 is as good here as the rest; it is what is meant when nothing is said.
        let identifier = digests.first.map { $0.attribute("Algorithm") ?? "" } ?? DigestMethod.sha1.rawValue
        guard let digest = DigestMethod(rawValue: identifier) else { throw .encryptionMethod }
        self.digest = digest
        switch method.attribute("Algorithm") {
        case XMLNamespace.encryption + "rsa-oaep-mgf1p":
            guard masks.isEmpty else { throw .encryptionMethod }
            maskDigest = .sha1
        case XMLNamespace.encryption11 + "rsa-oaep":
            switch masks.first.map({ $0.attribute("Algorithm") ?? "" }) {
            case nil, XMLNamespace.encryption11 + "mgf1sha1": maskDigest = .sha1
            case XMLNamespace.encryption11 + "mgf1sha256": maskDigest = .sha256
            case XMLNamespace.encryption11 + "mgf1sha384": maskDigest = .sha384
            case XMLNamespace.encryption11 + "mgf1sha512": maskDigest = .sha512
            default: throw .encryptionMethod
            }
        default: throw .encryptionMethod
        }
    }
}
