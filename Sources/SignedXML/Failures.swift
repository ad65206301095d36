/// Why a document, a signature or an encryption was not accepted: the rule that it broke.
package enum SignedXMLError: Error, Hashable, Sendable {
    // Before parsing
    case tooLarge
    case tooDeep
    case tooManyElements
    case tooManyAttributes
    case tooManyNamespaces
    /// Any document type declaration, and so any entity.
    case doctype
    case processingInstruction
    /// Anything but UTF-8, or an XML declaration that says so.
    case encoding

    // Parsing
    case malformed
    case duplicateID

    // The shape of a signature
    case noSignature
    case misplacedSignature
    case severalSignatures
    case severalSignedInfos
    case severalReferences
    /// Not a same-document reference, or not to exactly the element that holds the signature.
    case referenceURI
    case canonicalizationMethod
    case transform
    case signatureMethod
    case digestMethod
    /// SHA-1, where the provider's settings do not allow it.
    case sha1
    /// Something in the signature that has no business there, or a part that is missing.
    case signatureShape

    // Keys and values
    /// Not a certificate or key that can be read.
    case unreadableKey
    /// RSA under 2048 bits, or a kind of key or a curve outside the list.
    case weakKey
    /// SignatureValue is that of no pinned key.
    case unknownKey
    case digestValue
    case emptyCanonicalization

    // Encryption
    case encryptionMethod
    /// Says nothing about the reason, which a forger could learn from.
    case undecryptable
    case unsignable
}

/// Why work on documents was not taken in.
package enum XMLWorkersError: Error, Hashable, Sendable {
    case busy
    case stopped
}
