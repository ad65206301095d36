internal import SignedXML

/// A response whose assertion one of the provider's keys signed, by itself or with the response around it.
///
/// `assertion`, and `header` when the response is signed, come from the bytes that the signature's digest covered, parsed
/// again from zero. Of an unsigned response only `header` and the status are read, and only to refuse.
struct OpenedResponse {
    let header: MessageHeader
    let responseIsSigned: Bool
    let assertionIsSigned: Bool
    let wasEncrypted: Bool
    let assertion: XMLElement
    let evidence: SignInEvidence
    let usedSHA1: Bool

    init(_ bytes: [UInt8], against expectation: ResponseExpectation) throws(SAMLError) {
        let received = try parsed(bytes, expectation.limits)
        let shape = try Self.check(received.root)
        guard shape.responseIsSigned else {
            self = try Self.unsigned(received, shape, bytes: bytes, against: expectation)
            return
        }
        let signed = try signedBytes(of: .root, in: received, against: expectation)
        let response = try parsed(signed.bytes, expectation.limits)
        // The signature itself is no part of what it signs; all else is as it was.
        let inner = try Self.check(response.root)
        guard !inner.responseIsSigned else { throw .xml(.severalSignatures) }
        let part = try AssertionPart(in: response, inner, outerIsSigned: true, against: expectation)
        header = try MessageHeader(response.root, is: .samlp("Response"))
        responseIsSigned = true
        assertionIsSigned = part.isSigned
        wasEncrypted = part.wasEncrypted
        assertion = part.element
        evidence = part.decryptedSigned.map(SignInEvidence.assertion) ?? .response(bytes, isSealed: part.wasEncrypted)
        usedSHA1 = signed.usedSHA1 || part.usedSHA1
    }

    private init(
        header: MessageHeader, part: AssertionPart, evidence: SignInEvidence
    ) {
        self.header = header
        responseIsSigned = false
        assertionIsSigned = part.isSigned
        wasEncrypted = part.wasEncrypted
        assertion = part.element
        self.evidence = evidence
        usedSHA1 = part.usedSHA1
    }

    private static func unsigned(
        _ received: borrowing XMLDocument, _ shape: ResponseShape, bytes: [UInt8],
        against expectation: ResponseExpectation
    ) throws(SAMLError) -> OpenedResponse {
        let part = try AssertionPart(in: received, shape, outerIsSigned: false, against: expectation)
        return OpenedResponse(
            header: try MessageHeader(received.root, is: .samlp("Response")), part: part,
            evidence: part.decryptedSigned.map(SignInEvidence.assertion) ?? .response(bytes, isSealed: false))
    }

    /// Errors: `wrongRoot`, `version`, `malformed`, `status`, and as ``ResponseShape``.
    private static func check(_ root: XMLElement) throws(SAMLError) -> ResponseShape {
        _ = try MessageHeader(root, is: .samlp("Response"))
        let status = try MessageHeader.status(root)
        guard status.isSuccess else { throw .status(status) }
        return try ResponseShape(root)
    }
}

/// The assertion of a response, decrypted where it was encrypted, its own signature verified where it has one.
private struct AssertionPart {
    let element: XMLElement
    let isSigned: Bool
    let wasEncrypted: Bool
    let usedSHA1: Bool
    /// The decrypted assertion with its own signature.
    let decryptedSigned: [UInt8]?

    init(
        in document: borrowing XMLDocument, _ shape: ResponseShape, outerIsSigned: Bool,
        against expectation: ResponseExpectation
    ) throws(SAMLError) {
        switch shape.assertion {
        case .plain(let path, let isSigned):
            guard !expectation.provider.requiresEncryptedAssertions else { throw .encryptionRequired }
            guard isSigned || outerIsSigned, let inPlace = document.root.element(at: path) else { throw .unsigned }
            (wasEncrypted, decryptedSigned) = (false, nil)
            self.isSigned = isSigned
            (element, usedSHA1) =
                isSigned ? try Self.verified(path, in: document, against: expectation) : (inPlace, false)
        case .encrypted(let path):
            let bytes: [UInt8]
            do throws(SignedXMLError) {
                bytes = try document.decryptedBytes(
                    of: path, keys: expectation.decryptionKeys, policy: expectation.policy, limits: expectation.limits)
            } catch { throw .xml(error) }
            let decrypted = try parsed(bytes, expectation.limits)
            let isSigned = try ResponseShape.isSigned(decrypted: decrypted.root)
            guard isSigned || outerIsSigned else { throw .unsigned }
            wasEncrypted = true
            self.isSigned = isSigned
            decryptedSigned = isSigned ? bytes : nil
            (element, usedSHA1) =
                isSigned ? try Self.verified(.root, in: decrypted, against: expectation) : (decrypted.root, false)
        }
    }

    private static func verified(
        _ path: ElementPath, in document: borrowing XMLDocument, against expectation: ResponseExpectation
    ) throws(SAMLError) -> (XMLElement, Bool) {
        let signed = try signedBytes(of: path, in: document, against: expectation)
        let assertion = try parsed(signed.bytes, expectation.limits)
        // Without its own signature now, and still one assertion.
        guard try !ResponseShape.isSigned(decrypted: assertion.root) else { throw .xml(.severalSignatures) }
        return (assertion.root, signed.usedSHA1)
    }
}

func parsed(_ bytes: [UInt8], _ limits: XMLLimits) throws(SAMLError) -> XMLDocument {
    do throws(SignedXMLError) { return try XMLDocument(parsing: bytes, limits: limits) } catch { throw .xml(error) }
}

private func signedBytes(
    of path: ElementPath, in document: borrowing XMLDocument, against expectation: ResponseExpectation
) throws(SAMLError) -> SignedBytes {
    do throws(SignedXMLError) {
        return try document.verifiedBytes(of: path, keys: expectation.idp.signingKeys, policy: expectation.policy)
    } catch { throw .xml(error) }
}
