package import SignedDocuments

/// Why a message or document of ours was refused by its reader.
package enum WireError: Error, Hashable, Sendable {
    case document(DocumentError)
    /// Not the message that belongs here; names the member at fault.
    case malformed(String)
    /// The document is for or from somebody else: names the claim.
    case mismatch(String)

    package var explanation: String {
        switch self {
        case .document(let error): "a signed document was refused: \(error)"
        case .malformed(let member): "a message has no usable \(member)"
        case .mismatch(let claim): "a signed document is not ours: \(claim) differs"
        }
    }
}
