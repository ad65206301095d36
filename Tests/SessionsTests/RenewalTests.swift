import Identity
import Sessions
import Testing

@Suite struct `A renewal` {
    private static let former = RecordID(String(repeating: "f", count: 22)).unsafelyUnwrapped
    private static let renewal = Renewal(
        session: former, person: Samples.person, provider: Samples.provider, label: "alice@example.com")

    private static func atProvider() throws -> DeviceAuthorization {
        var login = Samples.login(renewal: renewal)
        try login.claim(by: Samples.browser(), now: 101)
        try login.redirect(Samples.redirect, cookieHash: Samples.cookie, now: 102)
        _ = try login.takeRedirect(cookieHash: Samples.cookie, now: 103)
        return login
    }

    @Test func `is approved for the session that it renews, and no other`() throws {
        var login = try Self.atProvider()
        try login.authenticate(Samples.signIn, cookieHash: Samples.cookie, now: 104)
        try login.approve(
            session: Samples.session, person: Samples.person, number: 42, loopback: nil, cookieHash: Samples.cookie,
            now: 105)
        #expect(try login.redeem(by: Samples.device, loopbackCodeHash: nil, now: 106).session == Self.former)
    }

    @Test func `goes to the session's own provider only`() throws {
        var login = Samples.login(renewal: Self.renewal)
        try login.claim(by: Samples.browser(), now: 101)
        var other = Samples.redirect
        other.provider = try #require(ProviderID("other"))
        #expect(throws: SignInRefusal.outOfOrder) { try login.redirect(other, cookieHash: Samples.cookie, now: 102) }
    }

    @Test func `fails for another person, and says so once it is asked for`() throws {
        var login = try Self.atProvider()
        try login.authenticate(Samples.signIn, cookieHash: Samples.cookie, now: 104)
        #expect(throws: SignInRefusal.renewal(.anotherPerson)) {
            try login.approve(
                session: Samples.session, person: Samples.session, number: 42, loopback: nil,
                cookieHash: Samples.cookie, now: 105)
        }
        #expect(login.state == .failed(reason: "another-person"))
        #expect(throws: SignInRefusal.renewal(.anotherPerson)) {
            try login.redeem(by: Samples.device, loopbackCodeHash: nil, now: 106)
        }
    }

    @Test(arguments: RenewalRefusal.allCases)
    func `that failed tells the device why`(_ refusal: RenewalRefusal) throws {
        var login = try Self.atProvider()
        #expect(throws: SignInRefusal.anotherBrowser) {
            try login.fail(refusal, cookieHash: Samples.otherCookie, now: 104)
        }
        try login.fail(refusal, cookieHash: Samples.cookie, now: 104)
        #expect(throws: SignInRefusal.renewal(refusal)) {
            try login.redeem(by: Samples.device, loopbackCodeHash: nil, now: 105)
        }
    }

    @Test func `takes over what the newer sign-in says, and never lengthens the session`() {
        var session = Session(
            id: Self.former, person: Samples.person, device: Samples.device, signIn: Samples.signIn, createdAt: 100,
            lifetime: 1000)
        var signIn = Samples.signIn
        (signIn.authTime, signIn.acr, signIn.amr, signIn.validUntil) = (500, "urn:mfa", ["otp"], 5000)
        session.renew(by: signIn)
        #expect(session.mfaAt == 500 && session.authTime == 500 && session.acr == "urn:mfa" && session.amr == ["otp"])
        #expect(session.expiresAt == 1100 && session.createdAt == 100)
        signIn.validUntil = 900
        signIn.isMultiFactor = false
        session.renew(by: signIn)
        #expect(session.expiresAt == 900 && session.mfaAt == nil)
        (signIn.isMultiFactor, signIn.authTime) = (true, nil)
        session.renew(by: signIn)
        #expect(session.mfaAt == nil && session.authTime == 500)
    }

    @Test func `is the newer one of two at once, whichever comes in last`() {
        var session = Session(
            id: Self.former, person: Samples.person, device: Samples.device, signIn: Samples.signIn, createdAt: 100,
            lifetime: 1000)
        var (older, newer) = (Samples.signIn, Samples.signIn)
        (older.authTime, older.acr, older.amr, older.validUntil) = (400, "urn:older", ["otp"], 700)
        (newer.authTime, newer.acr, newer.amr, newer.validUntil) = (500, "urn:newer", ["hwk"], 800)
        for isMultiFactor in [true, false] {
            newer.isMultiFactor = isMultiFactor
            var results: [Session] = []
            for order in [[older, newer], [newer, older]] {
                var renewed = session
                for signIn in order { renewed.renew(by: signIn) }
                results.append(renewed)
            }
            #expect(results[0] == results[1])
            #expect(results[0].authTime == 500 && results[0].mfaAt == (isMultiFactor ? 500 : nil))
            #expect(results[0].acr == "urn:newer" && results[0].amr == ["hwk"] && results[0].expiresAt == 700)
        }
        // One that does not say when it was is no newer one.
        session.renew(by: newer)
        older.authTime = nil
        session.renew(by: older)
        #expect(session.authTime == 500 && session.acr == "urn:newer")
    }
}
