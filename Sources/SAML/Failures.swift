internal import Identity
package import SignedXML

// Each error names the rule broken. `explanation` is for the operator's log and the set-up check: what is wrong and what to
// do. `personExplanation` is all that a browser is told. Text that a provider chose is quoted, shortened, without controls.

/// Why a SAML message was refused.
package enum SAMLError: Error, Hashable, Sendable {
    /// The XML, its signature or its encryption.
    case xml(SignedXMLError)
    /// A part that is missing, repeated, or not of its type.
    case malformed(String)

    // The message
    case wrongRoot(String)
    case version(String?)
    case assertionCount(plain: Int, encrypted: Int)
    case unsigned
    case encryptionRequired
    case status(SAMLStatus)
    case responseIssuer(found: String?, expected: String)
    case destination(found: String?, expected: String)
    /// To another request than this browser's.
    case inResponseTo
    /// To no request at all.
    case unsolicited
    case issuedInFuture(seconds: Int)

    // The assertion
    case assertionIssuer(found: String?, expected: String)
    case noSubject
    /// Empty, oversized, encrypted, or with characters that do not show.
    case nameID
    case noBearerConfirmation
    case confirmationNotBefore
    case recipient(found: String?, expected: String)
    /// Nil: it does not say until when it may be used.
    case confirmationExpired(seconds: Int?)
    case noAudience
    case audience(found: [String], expected: String)
    case unknownCondition(String)
    case notYetValid(seconds: Int)
    case expired(seconds: Int)
    case noAuthnStatement
    case sessionExpired(seconds: Int)
    case authenticationTooOld(seconds: Int)
    case replayed

    // The person
    case wrongDomain(String?)
    case noStableID

    // Bindings
    case relayState
    case parameterMissing(String)
    case parameterRepeated(String)
    case parameter(String)
    /// Before its XML is looked at.
    case messageTooLarge
    /// The redirect binding has no signature, or one by no known key.
    case redirectUnsigned
    case redirectSignatureMethod(String)
    case redirectSignature
    case signing
    case noEndpoint(String)

    // Single logout
    case logoutExpired(seconds: Int)

    /// The rule's name: the case's, or that of the XML error.
    package var name: String {
        if case .xml(let error) = self { return "\(error)" }
        return String("\(self)".prefix { $0 != "(" })
    }

    package var explanation: String {
        switch self {
        case .xml(let error): error.explanation
        case .malformed(let part): "the message is not what SAML 2.0 prescribes: \(quoted(part))"
        case .wrongRoot(let name): "the message is \(quoted(name)), which has no business at this address"
        case .version(let version):
            "the message is of SAML version \(version.map(quoted) ?? "unknown"); only 2.0 is accepted"
        case .assertionCount(let plain, let encrypted):
            "the response holds \(plain) plain and \(encrypted) encrypted assertions; it must hold exactly one"
        case .unsigned:
            "neither the response nor its assertion is signed; switch signing of one of them on at the provider"
        case .encryptionRequired:
            "the assertion is not encrypted, but this provider's must be (encrypted_assertions); give our certificate to "
                + "the provider and switch encryption on there"
        case .status(let status): status.explanation
        case .responseIssuer(let found, let expected), .assertionIssuer(let found, let expected):
            issuerExplanation(found: found, expected: expected)
        case .destination(let found, let expected):
            "the message's Destination is \(found.map(quoted) ?? "missing"), ours is \(quoted(expected)); set the ACS "
                + "(or logout) URL at the provider to exactly that"
        case .inResponseTo: "the response answers another request than the one that this browser made"
        case .unsolicited:
            "the response answers no request (IdP-initiated sign-in); people must start here, with `ztna login`"
        case .issuedInFuture(let seconds):
            "the message was issued \(seconds) s in the future; set this server's clock (NTP), or the provider's"
        case .noSubject: "the assertion is about nobody (no Subject)"
        case .nameID:
            "the NameID is empty, longer than \(NameID.maximumBytes) bytes, encrypted, or holds characters that do not "
                + "show; choose what the provider sends as NameID"
        case .noBearerConfirmation: "the assertion has no bearer SubjectConfirmation with its data"
        case .confirmationNotBefore:
            "the bearer SubjectConfirmation has a NotBefore, which SAML Profiles §4.1.4.2 forbids"
        case .recipient(let found, let expected):
            "the assertion's Recipient is \(found.map(quoted) ?? "missing"), our ACS is \(quoted(expected)); set the ACS "
                + "URL at the provider to exactly that"
        case .confirmationExpired(let seconds?):
            "the assertion could be presented only until \(seconds) s ago; was the browser slow, or is a clock wrong?"
        case .confirmationExpired(nil): "the assertion does not say until when it may be presented (NotOnOrAfter)"
        case .noAudience: "the assertion does not say for whom it is (no AudienceRestriction)"
        case .audience(let found, let expected):
            "the assertion is for \(quoted(found.joined(separator: ", "))), we are \(quoted(expected)); set the audience "
                + "(entity ID) at the provider to exactly that"
        case .unknownCondition(let name): "the assertion sets the condition \(quoted(name)), which we cannot judge"
        case .notYetValid(let seconds):
            "the assertion is valid only in \(seconds) s; set this server's clock (NTP), or the provider's"
        case .expired(let seconds):
            "the assertion expired \(seconds) s ago; set this server's clock (NTP), or the provider's"
        case .noAuthnStatement: "the assertion does not say that the person authenticated (no AuthnStatement)"
        case .sessionExpired(let seconds): "the person's session at the provider ended \(seconds) s ago"
        case .authenticationTooOld(let seconds):
            "a new authentication was asked for (ForceAuthn), but the person's was \(seconds) s before the request"
        case .replayed: "the assertion was used before"
        case .wrongDomain(let domain?):
            "the person's domain \(quoted(domain)) is not among the provider's configured domains"
        case .wrongDomain(nil):
            "this provider is limited to certain domains, and the assertion has no e-mail address; have the provider "
                + "send one, or name its attribute in attributes.email"
        case .noStableID:
            "nothing names the person for ever: the NameID is transient or missing, and none of attributes.stable_id has "
                + "one value; have the provider send a persistent NameID or such an attribute"
        case .relayState: "the RelayState is missing, longer than 80 bytes, or not one of ours"
        case .parameterMissing(let name): "the message has no \(name)"
        case .parameterRepeated(let name): "the message has \(name) more than once"
        case .parameter(let name): "the message's \(name) cannot be decoded"
        case .messageTooLarge:
            "the message is larger than what is read of one ("
                + "\(RedirectBinding.maximumMessageBytes) bytes by redirect, once inflated)"
        case .redirectUnsigned: "the message is not signed; have the provider sign its logout messages"
        case .redirectSignatureMethod(let name):
            "the message is signed with \(quoted(name)); choose RSA or ECDSA with SHA-256 at the provider"
        case .redirectSignature: "the message's signature is that of none of the provider's keys"
        case .signing: "the message could not be signed with our key"
        case .noEndpoint(let service): "the provider's metadata has no usable \(service) endpoint"
        case .logoutExpired(let seconds): "the logout request expired \(seconds) s ago"
        }
    }
}

extension SignedXMLError {
    /// What the operator reads of a document, a signature or an encryption that was not accepted.
    package var explanation: String {
        switch self {
        case .tooLarge, .tooDeep, .tooManyElements, .tooManyAttributes, .tooManyNamespaces:
            "the XML is beyond our limits (\(self)); does the person have thousands of groups?"
        case .doctype, .processingInstruction:
            "the XML holds a \(self == .doctype ? "DOCTYPE" : "processing instruction"), which is never accepted"
        case .encoding: "the XML is not UTF-8"
        case .malformed: "the message is not well-formed XML"
        case .duplicateID: "two elements have the same ID: somebody may have rearranged the message"
        case .noSignature: "the signature that should be there is missing"
        case .misplacedSignature, .severalSignatures, .severalSignedInfos, .severalReferences, .referenceURI,
            .signatureShape:
            "the signature is not where or what SAML Core §5.4 prescribes (\(self)): somebody may have rearranged the message"
        case .canonicalizationMethod, .transform:
            "the signature does not use exclusive canonicalization and the enveloped signature alone (\(self))"
        case .signatureMethod, .digestMethod:
            "the signature's algorithm is not accepted; choose RSA or ECDSA with SHA-256 at the provider"
        case .sha1:
            "the signature uses SHA-1; choose SHA-256 at the provider (allow_sha1 is the way out, and a bad one)"
        case .unreadableKey: "a certificate cannot be read"
        case .weakKey: "a key is too weak: RSA needs 2,048 bits, or use P-256 or P-384"
        case .unknownKey:
            "the signature is that of none of the provider's keys; did the provider change its certificate? Fetch its "
                + "metadata again"
        case .digestValue: "the message was changed after it was signed"
        case .emptyCanonicalization: "there is nothing that the signature covers"
        case .encryptionMethod:
            "the encryption's algorithm is not accepted; choose AES-GCM with RSA-OAEP (SHA-1 as its digest) at the provider"
        case .undecryptable: "the assertion cannot be decrypted; does the provider have our present certificate?"
        case .unsignable: "a document could not be signed"
        }
    }
}

/// Why a provider's metadata was refused.
package enum IdPMetadataError: Error, Hashable, Sendable {
    case xml(SignedXMLError)
    case malformed(String)
    case wrongRoot(String)
    /// No such entity; these are there (at most 20 are named).
    case entity(wanted: String?, found: [String])
    case noIdentityProvider(String)
    case noSignOnEndpoint
    case noUsableKey([String])
    case expired(seconds: Int)

    package var explanation: String {
        switch self {
        case .xml(.tooLarge):
            "the metadata is larger than 4 MiB; use the provider's own metadata instead of a whole federation's"
        case .xml(let error): "the metadata is not acceptable: " + error.explanation
        case .malformed(let part): "the metadata is not what SAML Metadata 2.0 prescribes: \(quoted(part))"
        case .wrongRoot(let name):
            "the metadata is \(quoted(name)), not an EntityDescriptor; is it a login page, or a proxy's answer?"
        case .entity(let wanted?, let found):
            "the metadata does not describe \(quoted(wanted)), but \(found.map(quoted).joined(separator: ", "))"
        case .entity(nil, let found):
            "the metadata describes several entities; choose with entity_id: "
                + found.map(quoted).joined(separator: ", ")
        case .noIdentityProvider(let name):
            "the metadata of \(quoted(name)) describes no SAML 2.0 identity provider (IDPSSODescriptor)"
        case .noSignOnEndpoint:
            "the metadata has no SingleSignOnService by HTTP-Redirect or HTTP-POST at an https address"
        case .noUsableKey(let reasons):
            "the metadata has no usable certificate for verifying signatures"
                + (reasons.isEmpty ? "" : ": " + reasons.prefix(5).joined(separator: "; "))
        case .expired(let seconds): "the metadata expired \(seconds) s ago (validUntil)"
        }
    }
}

private func issuerExplanation(found: String?, expected: String) -> String {
    guard let found else { return "the message does not say who issued it; expected was \(quoted(expected))" }
    let isSlash = identical(found, expected + "/") || identical(found + "/", expected)
    return "the message is from \(quoted(found)), expected was \(quoted(expected)); is it another provider's?"
        + (isSlash ? " They differ in the last slash only." : "")
}
