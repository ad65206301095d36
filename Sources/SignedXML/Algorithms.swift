/// What else than the usual algorithms a provider may use: only what an administrator asked for.
package struct AlgorithmPolicy: Hashable, Sendable {
    package var allowsSHA1: Bool
    package var allowsCBC: Bool

    package init(allowsSHA1: Bool = false, allowsCBC: Bool = true) {
        self.allowsSHA1 = allowsSHA1
        self.allowsCBC = allowsCBC
    }
}

/// Signature methods that are known at all. Source: RFC 9231 §2.3; XML Signature 1.1 §6.4.
package enum SignatureMethod: String, CaseIterable, Sendable {
    case rsaSHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
    case rsaSHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    case rsaSHA384 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
    case rsaSHA512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
    case ecdsaSHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    case ecdsaSHA384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
    case ecdsaSHA512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"

    package init(_ identifier: String?, policy: AlgorithmPolicy) throws(SignedXMLError) {
        guard let identifier, let method = Self(rawValue: identifier) else { throw .signatureMethod }
        guard method != .rsaSHA1 || policy.allowsSHA1 else { throw .sha1 }
        self = method
    }

    var family: KeyFamily {
        switch self {
        case .rsaSHA1, .rsaSHA256, .rsaSHA384, .rsaSHA512: .rsa
        case .ecdsaSHA256, .ecdsaSHA384, .ecdsaSHA512: .ec
        }
    }
}

enum KeyFamily: Sendable { case rsa, ec }

/// Source: XML Signature 1.1 §6.2.
enum DigestMethod: String, CaseIterable, Sendable {
    case sha1 = "http://www.w3.org/2000/09/xmldsig#sha1"
    case sha256 = "http://www.w3.org/2001/04/xmlenc#sha256"
    case sha384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
    case sha512 = "http://www.w3.org/2001/04/xmlenc#sha512"

    init(_ identifier: String?, policy: AlgorithmPolicy) throws(SignedXMLError) {
        guard let identifier, let method = Self(rawValue: identifier) else { throw .digestMethod }
        guard method != .sha1 || policy.allowsSHA1 else { throw .sha1 }
        self = method
    }
}

/// The transforms of a reference and the canonicalization, all that there may be.
enum TransformMethod {
    static let enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
    static let exclusive = XMLNamespace.exclusiveCanonicalization
}
