import SAML
import WebAddresses

@testable import SignedXML

/// What a provider of long ago sends; `SigningKey` itself signs by SHA-256 only.
extension SigningKey {
    /// A document that this key signed, its SignedInfo signed again by RSA-SHA1.
    func signedBySHA1(_ document: [UInt8]) throws -> [UInt8] {
        var text = String(decoding: document, as: UTF8.self)
        text = text.replacing(SignatureMethod.rsaSHA256.rawValue, with: SignatureMethod.rsaSHA1.rawValue)
        let (start, end) = ("<ds:SignedInfo", "</ds:SignedInfo>")
        guard let first = text.firstRange(of: start), let last = text.firstRange(of: end) else {
            throw TestError.nothingToReplace(start)
        }
        // Written as canonicalization leaves it, its namespace declared on itself.
        let information = text[first.lowerBound..<last.upperBound]
        let value = try pair.signature(of: Array(information.utf8), by: .rsaSHA1)
        guard let before = text.firstRange(of: "<ds:SignatureValue>"),
            let after = text.firstRange(of: "</ds:SignatureValue>")
        else { throw TestError.nothingToReplace("SignatureValue") }
        text.replaceSubrange(before.upperBound..<after.lowerBound, with: Base64Text.encode(value))
        return Array(text.utf8)
    }
}
