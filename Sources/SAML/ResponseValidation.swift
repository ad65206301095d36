internal import Identity
internal import WebAddresses

/// Decides about a response posted to our assertion consumer service.
///
/// First the shape, then signatures by the pinned keys, then, in what they cover, the rules of SAML Profiles 2.0 §4.1.4.3
/// and SAML Core 2.0 §2.5. The first rule broken is the error. All comparisons are byte for byte, all times in seconds.
/// A person is told of no error but the status: see `SAMLError.personExplanation`.
package enum ResponseValidation {
    /// `bytes` is the XML, decoded from the form's `SAMLResponse`. Not checked here: replay, RelayState.
    package static func validate(
        _ bytes: [UInt8], against expectation: ResponseExpectation
    ) throws(SAMLError) -> ValidatedAssertion {
        let opened = try OpenedResponse(bytes, against: expectation)
        let (assertion, until) = try check(opened, against: expectation, requestID: expectation.requestID)
        return ValidatedAssertion(
            id: assertion.id, issuer: expectation.idp.entityID, nameID: assertion.nameID,
            attributes: assertion.attributes, authnInstant: assertion.authnInstant,
            authnContexts: assertion.authnContexts, sessionIndex: assertion.sessionIndex,
            sessionNotOnOrAfter: assertion.sessionNotOnOrAfter, requestID: expectation.requestID,
            replayKey: ReplayKey(issuer: expectation.idp.entityID, assertionID: assertion.id, until: until),
            evidence: opened.evidence, responseWasSigned: opened.responseIsSigned,
            assertionWasSigned: opened.assertionIsSigned, wasEncrypted: opened.wasEncrypted,
            usedSHA1: opened.usedSHA1)
    }

    /// A response that answers no request, where the administrator lets such people be greeted; the expectation's request
    /// is not looked at. Errors: `unsolicited` where they are not, `inResponseTo` where it answers a request after all.
    package static func validateUnsolicited(
        _ bytes: [UInt8], against expectation: ResponseExpectation
    ) throws(SAMLError) -> UnsolicitedAssertion {
        guard expectation.provider.greetsUnsolicited else { throw .unsolicited }
        let opened = try OpenedResponse(bytes, against: expectation)
        let (assertion, until) = try check(opened, against: expectation, requestID: nil)
        return UnsolicitedAssertion(
            issuer: expectation.idp.entityID,
            replayKey: ReplayKey(issuer: expectation.idp.entityID, assertionID: assertion.id, until: until),
            usedSHA1: opened.usedSHA1)
    }

    /// The assertion, and until when it could be presented again.
    private static func check(
        _ opened: OpenedResponse, against expectation: ResponseExpectation, requestID: String?
    ) throws(SAMLError) -> (Assertion, until: Int) {
        try check(opened.header, isSigned: opened.responseIsSigned || opened.wasEncrypted, expectation)
        try opened.header.requireDestination(expectation.acsURL.text, isSigned: opened.responseIsSigned)
        try check(inResponseTo: opened.header.inResponseTo, requestID)

        let assertion = try Assertion(opened.assertion)
        guard let issuer = assertion.issuer, issuer.isEntity(expectation.idp.entityID) else {
            throw .assertionIssuer(found: assertion.issuer?.text, expected: expectation.idp.entityID)
        }
        guard assertion.issueInstant <= expectation.now + expectation.skew else {
            throw .issuedInFuture(seconds: assertion.issueInstant - expectation.now)
        }
        let until = try checkBearers(assertion.bearers, against: expectation, requestID: requestID)
        try checkConditions(assertion, against: expectation)
        try checkAuthentication(assertion, against: expectation, isSolicited: requestID != nil)
        return (assertion, until + expectation.skew)
    }

    /// SAML Profiles §4.1.4.2: a signed response, or one with an encrypted assertion, MUST name its issuer.
    private static func check(
        _ header: MessageHeader, isSigned: Bool, _ expectation: ResponseExpectation
    ) throws(SAMLError) {
        let isExpected = header.issuer.map { $0.isEntity(expectation.idp.entityID) } ?? !isSigned
        guard isExpected else { throw .responseIssuer(found: header.issuer?.text, expected: expectation.idp.entityID) }
        try header.requireIssuedBy(now: expectation.now, skew: expectation.skew)
    }

    private static func check(inResponseTo found: String?, _ requestID: String?) throws(SAMLError) {
        switch (found, requestID) {
        case (nil, nil): return
        case (nil, .some): throw .unsolicited
        case (.some, nil): throw .inResponseTo
        case (let found?, let requestID?):
            guard identical(found, requestID) else { throw .inResponseTo }
        }
    }

    /// SAML Profiles §4.1.4.3: one bearer confirmation must hold; returns until when. The error is the first one's.
    private static func checkBearers(
        _ bearers: [Assertion.BearerConfirmation], against expectation: ResponseExpectation, requestID: String?
    ) throws(SAMLError) -> Int {
        var firstError: SAMLError?
        var until: Int?
        for bearer in bearers {
            do throws(SAMLError) {
                let end = try check(bearer, against: expectation, requestID: requestID)
                until = max(until ?? end, end)
            } catch { firstError = firstError ?? error }
        }
        guard let until else { throw firstError ?? .noBearerConfirmation }
        return until
    }

    private static func check(
        _ bearer: Assertion.BearerConfirmation, against expectation: ResponseExpectation, requestID: String?
    ) throws(SAMLError) -> Int {
        guard bearer.notBefore == nil else { throw .confirmationNotBefore }
        guard let recipient = bearer.recipient, identical(recipient, expectation.acsURL.text) else {
            throw .recipient(found: bearer.recipient, expected: expectation.acsURL.text)
        }
        guard let end = bearer.notOnOrAfter else { throw .confirmationExpired(seconds: nil) }
        guard expectation.now - expectation.skew < end else {
            throw .confirmationExpired(seconds: expectation.now - end)
        }
        // The response says that it answers a request; the part that is always signed must say the same.
        guard bearer.inResponseTo != nil || requestID == nil else { throw .inResponseTo }
        try check(inResponseTo: bearer.inResponseTo, requestID)
        return end
    }

    /// SAML Core §2.5.1.2, §2.5.1.4.
    private static func checkConditions(
        _ assertion: Assertion, against expectation: ResponseExpectation
    ) throws(SAMLError) {
        let now = expectation.now
        if let start = assertion.notBefore, now + expectation.skew < start {
            throw .notYetValid(seconds: start - now)
        }
        if let end = assertion.notOnOrAfter {
            guard now - expectation.skew < end else { throw .expired(seconds: now - end) }
            if let start = assertion.notBefore, start >= end { throw .malformed("Conditions end before they begin") }
        }
        guard !assertion.audienceRestrictions.isEmpty else { throw .noAudience }
        for audiences in assertion.audienceRestrictions {
            guard audiences.contains(where: { identical($0, expectation.spEntityID) }) else {
                throw .audience(found: audiences, expected: expectation.spEntityID)
            }
        }
    }

    private static func checkAuthentication(
        _ assertion: Assertion, against expectation: ResponseExpectation, isSolicited: Bool
    ) throws(SAMLError) {
        guard assertion.authnInstant <= expectation.now + expectation.skew else {
            throw .issuedInFuture(seconds: assertion.authnInstant - expectation.now)
        }
        if let end = assertion.sessionNotOnOrAfter, expectation.now - expectation.skew >= end {
            throw .sessionExpired(seconds: expectation.now - end)
        }
        // SAML Core §3.4.1: with ForceAuthn the provider MUST authenticate anew.
        if isSolicited, expectation.forcedAuthentication,
            assertion.authnInstant < expectation.requestedAt - expectation.skew
        {
            throw .authenticationTooOld(seconds: expectation.requestedAt - assertion.authnInstant)
        }
    }
}
