import Identity
import Sessions
import Testing

/// The way of a SAML response: posted without a cookie, then taken up by the browser that was sent.
@Suite struct `An answer posted without a cookie` {
    private func redirected() throws -> DeviceAuthorization {
        var login = Samples.login()
        try login.claim(by: Samples.browser(), now: 101)
        var redirect = Samples.redirect
        redirect.exchange = .saml
        try login.redirect(redirect, cookieHash: Samples.cookie, now: 102)
        return login
    }

    private func answered() throws -> DeviceAuthorization {
        var login = try redirected()
        let (_, cookieHash) = try login.takePostedRedirect(now: 103)
        try login.answer(Samples.signIn, handleHash: [5], cookieHash: cookieHash, now: 104)
        return login
    }

    @Test func `waits for the browser that was sent, and is taken up once`() throws {
        var login = try answered()
        #expect(login.signIn(for: Samples.cookie) == nil)
        try login.takeAnswer(cookieHash: Samples.cookie, now: 105)
        #expect(login.signIn(for: Samples.cookie) == Samples.signIn)
        #expect(login.signIn(for: Samples.otherCookie) == nil)
        #expect(throws: SignInRefusal.outOfOrder) { try login.takeAnswer(cookieHash: Samples.cookie, now: 105) }
    }

    /// Whoever sends their own request to another person's browser must not get the answer from them.
    @Test(arguments: [Samples.otherCookie, []])
    func `ends with the first browser that comes for it and is not the one that was sent`(_ cookie: [UInt8]) throws {
        var login = try answered()
        #expect(throws: SignInRefusal.anotherBrowser) { try login.takeAnswer(cookieHash: cookie, now: 105) }
        #expect(login.state == .denied(.anotherBrowser))
        #expect(throws: SignInRefusal.denied) { try login.takeAnswer(cookieHash: Samples.cookie, now: 105) }
        // What has not been answered yet is nobody's to end.
        var waiting = try redirected()
        #expect(throws: SignInRefusal.outOfOrder) { try waiting.takeAnswer(cookieHash: cookie, now: 105) }
        #expect(try waiting.takePostedRedirect(now: 106).cookieHash == Samples.cookie)
    }

    @Test func `uses its redirect up`() throws {
        var login = try redirected()
        _ = try login.takePostedRedirect(now: 103)
        #expect(throws: SignInRefusal.outOfOrder) { try login.takePostedRedirect(now: 103) }
    }

    @Test func `goes to nobody when another browser has taken the code over meanwhile`() throws {
        var login = try redirected()
        let (_, cookieHash) = try login.takePostedRedirect(now: 103)
        try login.claim(by: Samples.browser(cookie: Samples.otherCookie), now: 104)
        #expect(throws: SignInRefusal.anotherBrowser) {
            try login.answer(Samples.signIn, handleHash: [5], cookieHash: cookieHash, now: 105)
        }
    }

    @Test func `cannot be approved, or replaced by another browser, before it is taken up`() throws {
        var login = try answered()
        #expect(throws: SignInRefusal.outOfOrder) {
            try login.approve(
                session: Samples.session, person: Samples.person, number: 42, loopback: nil,
                cookieHash: Samples.cookie, now: 105)
        }
        #expect(throws: SignInRefusal.outOfOrder) {
            try login.claim(by: Samples.browser(cookie: Samples.otherCookie), now: 105)
        }
        #expect(throws: SignInRefusal.outOfOrder) {
            try login.redirect(Samples.redirect, cookieHash: Samples.cookie, now: 105)
        }
    }

    @Test func `comes too late after ten minutes or a denial`() throws {
        var late = try redirected()
        #expect(throws: SignInRefusal.expired) { try late.takePostedRedirect(now: 700) }
        try late.deny(cookieHash: Samples.cookie, now: 103)
        #expect(throws: SignInRefusal.denied) { try late.takePostedRedirect(now: 104) }
        var denied = try answered()
        #expect(throws: SignInRefusal.expired) { try denied.takeAnswer(cookieHash: Samples.cookie, now: 700) }
        try denied.deny(cookieHash: Samples.cookie, now: 105)
        #expect(throws: SignInRefusal.denied) { try denied.takeAnswer(cookieHash: Samples.cookie, now: 106) }
    }
}

@Suite struct `A session from SAML` {
    @Test(arguments: [(nil, 1100), (5000, 1100), (1050, 1050), (1, 1)])
    func `ends with its lifetime or with the provider's own session`(_ validUntil: Int?, _ expiresAt: Int) {
        var signIn = Samples.signIn
        signIn.validUntil = validUntil
        let session = Session(
            id: Samples.session, person: Samples.person, device: Samples.device, signIn: signIn, createdAt: 100,
            lifetime: 1000)
        #expect(session.expiresAt == expiresAt)
    }
}
