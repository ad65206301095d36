internal import Cryptography
package import Identity

/// Why a step of a sign-in was refused; nothing has changed then, except where a case says so.
package enum SignInRefusal: Error, Hashable, Sendable {
    case expired
    /// The step belongs to another moment: already decided, not begun, or done twice.
    case outOfOrder
    /// Another browser than the one that entered the code.
    case anotherBrowser
    /// The wrong number was picked: the sign-in is now denied.
    case wrongNumber
    /// The person said no, earlier or now.
    case denied
    /// The account is switched off here.
    case inactive
    /// The provider vouches for the person, but the directory that it provisions here has no such user.
    case unknownToDirectory
    /// A session was to be renewed, and is not.
    case renewal(RenewalRefusal)
}

/// The steps in the order of the protocol. Each takes the moment as an argument and either moves on or refuses.
extension DeviceAuthorization {
    /// A browser enters the user code. A second browser may take over until somebody has signed in.
    package mutating func claim(by browser: BrowserBinding, now: Int) throws(SignInRefusal) {
        try requireUnexpired(now)
        // Only a command that listens can have opened a browser beside it.
        guard loopback != nil || !browser.isLocal else { throw .outOfOrder }
        switch state {
        case .pending, .claimed, .redirected: state = .claimed(browser)
        case .denied: throw .denied
        case .answered, .authenticated, .approved, .redeemed, .failed: throw .outOfOrder
        }
    }

    /// The browser is sent to an identity provider; pressing "back" and choosing again starts a new redirect. A session is
    /// renewed where it was made.
    package mutating func redirect(_ redirect: ProviderRedirect, cookieHash: [UInt8], now: Int) throws(SignInRefusal) {
        try requireUnexpired(now)
        let browser = try requireBrowser(cookieHash)
        guard renewal.map({ $0.provider == redirect.provider }) ?? true else { throw .outOfOrder }
        switch state {
        case .claimed, .redirected: state = .redirected(browser, redirect)
        default: throw .outOfOrder
        }
    }

    /// The `state` of a callback is used up, whatever comes of it: the caller gets what was sent along, once. Another
    /// browser that comes with it denies the sign-in (that change must be kept), as in `takeAnswer`.
    package mutating func takeRedirect(cookieHash: [UInt8], now: Int) throws(SignInRefusal) -> ProviderRedirect {
        try requireUnexpired(now)
        guard case .redirected(let browser, let redirect) = state else {
            _ = try requireBrowser(cookieHash)
            throw .outOfOrder
        }
        guard constantTimeEqual(browser.cookieHash, cookieHash) else {
            state = .denied(.anotherBrowser)
            throw .anotherBrowser
        }
        state = .claimed(browser)
        return redirect
    }

    /// The same for an answer that the browser posts from the provider's site, which shows no cookie: whose it is is
    /// found out when the browser comes for it. What is then kept is bound to the browser that was sent.
    package mutating func takePostedRedirect(now: Int) throws(SignInRefusal) -> (ProviderRedirect, cookieHash: [UInt8])
    {
        try requireUnexpired(now)
        guard case .redirected(let browser, let redirect) = state else {
            if case .denied = state { throw .denied }
            throw .outOfOrder
        }
        state = .claimed(browser)
        return (redirect, browser.cookieHash)
    }

    /// Keeps a verified sign-in until the browser that was sent comes for it.
    package mutating func answer(
        _ signIn: SignIn, handleHash: [UInt8], cookieHash: [UInt8], now: Int
    ) throws(SignInRefusal) {
        try requireUnexpired(now)
        let browser = try requireBrowser(cookieHash)
        guard case .claimed = state else { throw .outOfOrder }
        state = .answered(browser, signIn, handleHash: handleHash)
    }

    /// The browser comes for its answer, once. Another one that comes with the handle denies the sign-in (that change must
    /// be kept): its person was sent here by somebody else, who must not get the handle from them and go on.
    package mutating func takeAnswer(cookieHash: [UInt8], now: Int) throws(SignInRefusal) {
        try requireUnexpired(now)
        guard case .answered(let browser, let signIn, _) = state else {
            if case .denied = state { throw .denied }
            throw .outOfOrder
        }
        guard constantTimeEqual(browser.cookieHash, cookieHash) else {
            state = .denied(.anotherBrowser)
            throw .anotherBrowser
        }
        state = .authenticated(browser, signIn)
    }

    package mutating func authenticate(_ signIn: SignIn, cookieHash: [UInt8], now: Int) throws(SignInRefusal) {
        try requireUnexpired(now)
        let browser = try requireBrowser(cookieHash)
        guard case .claimed = state else { throw .outOfOrder }
        state = .authenticated(browser, signIn)
    }

    /// The person confirms the device. Elsewhere than on the device itself, only with the number its terminal shows:
    /// one try, and a wrong one denies the sign-in (that change must be kept). A session that is renewed stays that session,
    /// and its person that person.
    package mutating func approve(
        session: SessionID, person: PersonID, number picked: Int?, loopback code: LoopbackCode?, cookieHash: [UInt8],
        now: Int
    ) throws(SignInRefusal) {
        try requireUnexpired(now)
        let browser = try requireBrowser(cookieHash)
        guard case .authenticated(_, let signIn) = state else { throw .outOfOrder }
        guard renewal.map({ $0.person == person }) ?? true else {
            state = .failed(reason: RenewalRefusal.anotherPerson.rawValue)
            throw .renewal(.anotherPerson)
        }
        guard browser.isLocal || picked == number else {
            state = .denied(.wrongNumber)
            throw .wrongNumber
        }
        // A browser on the device skips the number because the device must see its code: without one, no approval.
        guard !browser.isLocal || code != nil else { throw .outOfOrder }
        state = .approved(
            Approval(
                session: renewal?.session ?? session, person: person, signIn: signIn,
                loopback: browser.isLocal ? code : nil))
    }

    /// The provider's answer does not renew the session: the sign-in has failed, and the device is told why.
    package mutating func fail(_ refusal: RenewalRefusal, cookieHash: [UInt8], now: Int) throws(SignInRefusal) {
        try requireUnexpired(now)
        _ = try requireBrowser(cookieHash)
        state = .failed(reason: refusal.rawValue)
    }

    package mutating func deny(
        _ denial: Denial = .person, cookieHash: [UInt8], now: Int
    ) throws(SignInRefusal) {
        try requireUnexpired(now)
        _ = try requireBrowser(cookieHash)
        state = .denied(denial)
    }

    /// The device waits no more.
    package mutating func withdraw(by key: DeviceID, now: Int) throws(SignInRefusal) {
        try requireUnexpired(now)
        guard key == device else { throw .outOfOrder }
        switch state {
        case .pending, .claimed, .redirected, .answered, .authenticated, .approved:
            state = .denied(.withdrawn)
        case .denied: throw .denied
        case .redeemed, .failed: throw .outOfOrder
        }
    }

    /// The device takes what was approved, once. RFC 8628 §3.5; RFC 6749 §5.2 for what cannot be redeemed.
    package mutating func redeem(by key: DeviceID, loopbackCodeHash: [UInt8]?, now: Int) throws(SignInRefusal)
        -> Approval
    {
        try requireUnexpired(now)
        switch state {
        case .approved(let approval):
            guard key == device else { throw .outOfOrder }
            if let loopback = approval.loopback {
                guard let loopbackCodeHash, constantTimeEqual(loopback.hash, loopbackCodeHash) else {
                    throw .outOfOrder
                }
            }
            state = .redeemed(approval.session)
            return approval
        case .denied: throw .denied
        case .failed(let reason):
            guard let refusal = RenewalRefusal(rawValue: reason) else { throw .outOfOrder }
            throw .renewal(refusal)
        default: throw .outOfOrder
        }
    }

    /// The verified sign-in that waits for the person's word; only for its own browser.
    package func signIn(for cookieHash: [UInt8]) -> SignIn? {
        guard case .authenticated(let browser, let signIn) = state,
            constantTimeEqual(browser.cookieHash, cookieHash)
        else { return nil }
        return signIn
    }

    /// The browser that holds this sign-in now, if one does.
    package var browser: BrowserBinding? {
        switch state {
        case .claimed(let browser), .redirected(let browser, _), .answered(let browser, _, _),
            .authenticated(let browser, _):
            browser
        case .pending, .approved, .redeemed, .denied, .failed: nil
        }
    }

    private func requireUnexpired(_ now: Int) throws(SignInRefusal) {
        guard !isExpired(at: now) else { throw .expired }
    }

    private func requireBrowser(_ cookieHash: [UInt8]) throws(SignInRefusal) -> BrowserBinding {
        if case .denied = state { throw .denied }
        guard let browser else { throw .outOfOrder }
        guard constantTimeEqual(browser.cookieHash, cookieHash) else { throw .anotherBrowser }
        return browser
    }
}
