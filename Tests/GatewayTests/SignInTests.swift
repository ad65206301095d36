import Cryptography
import Identity
import Sessions
import SignedDocuments
import Store
import StoreSQLite
import StrictJSON
import Testing
import Walkthrough

@Suite struct `A sign-in` {
    @Test func `ends in tokens bound to the device key`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let answer = try await harness.signedIn(&device)
        #expect(answer.status == 200)
        #expect(answer.string("token_type") == "DPoP")
        let token = try AccessToken(
            verifying: try #require(answer.string("access_token")), issuer: GatewayHarness.server,
            keys: [harness.control.publicKey.thumbprint: harness.control.publicKey], now: harness.clock.now)
        #expect(token.device.thumbprint == device.key.publicKey.thumbprint)
        let session = try #require(try await harness.store.read { try $0.session(token.session) })
        #expect(session.isActive(at: harness.clock.now))
        #expect(session.mfaAt == harness.clock.now)
        let groups = try await harness.store.read { try $0.memberships(of: session.person) }
        #expect(groups.keys.map(\.text) == ["engineering"])
    }

    /// The person's session at the provider may be older than the sign-in here, and than any session here.
    @Test(arguments: [(nil, nil), (0, nil), (-3 * 86_400, -3 * 86_400)] as [(Int?, Int?)])
    func `with a second factor counts from when the provider says it was, and is none of an unknown time`(
        _ authTime: Int?, _ expected: Int?
    ) async throws {
        let harness = try await GatewayHarness()
        let now = harness.clock.now
        let told = authTime.map { JSON.integer($0 == 0 ? 0 : now + $0) }
        harness.provider.alter { _, claims in claims["auth_time"] = told }
        var device = try harness.device()
        #expect(try await harness.signedIn(&device).status == 200)
        let session = try #require(try await harness.store.read { try $0.openSessions().first })
        #expect(session.amr.contains("mfa"))
        #expect(session.mfaAt == expected.map { now + $0 } && session.authTime == session.mfaAt)
        let isMissed = harness.log.text.contains("does not say when the person authenticated (auth_time)")
        #expect(isMissed == (expected == nil))
    }

    @Test func `keeps evidence whose nonce commits to the device key`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        let session = try #require(try await harness.store.read { try $0.openSessions().first })
        guard case .idToken(let idToken) = session.evidence.statement else {
            Issue.record("the evidence is no ID token")
            return
        }
        let claims = try #require(idToken.split(separator: ".").dropFirst().first)
        let nonce = try JSONMembers(parsing: try #require(Base64URL.decode(claims))).string("nonce")
        let expected = Digest.sha256(
            Array("ztna-login-v1".utf8) + Array(device.key.publicKey.thumbprint.utf8) + session.evidence.randomBytes)
        #expect(nonce == Base64URL.encode(expected))
    }

    @Test func `shows code, device and fingerprint before anything is approved`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        var browser = harness.browser()
        let first = try await browser.open(try #require(begun.string("verification_uri_complete")))
        #expect(first.text.contains(try #require(begun.string("user_code"))))
        let request = try await browser.submit(first)
        #expect(request.text.contains("laptop"))
        #expect(request.text.contains("192.0.2.7"))
        let hash = try #require(Base64URL.decode(device.key.publicKey.thumbprint))
        for word in FingerprintWords.words(of: hash) { #expect(request.text.contains(word)) }
        let poll = try await device.poll(try #require(begun.string("device_code")))
        #expect(poll.error == "authorization_pending")
    }

    @Test func `finishes at the loopback listener when the browser is on the device`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let begun = try await device.beginSignIn(loopbackPort: 43_210)
        let code = try #require(begun.string("device_code"))
        var browser = harness.browser()
        browser.stopsAt = "http://127.0.0.1:43210/"
        let walk = SignInWalk(user: "alice", password: "", number: nil)
        let page = try await walk.walk(try #require(begun.string("verification_uri_local")), in: &browser)
        let carried = try #require(page.url.split(separator: "=").last.map(String.init))
        harness.clock.advance(3)
        #expect(try await device.poll(code).error == "authorization_pending")
        harness.clock.advance(3)
        #expect(
            try await device.poll(code, loopbackCode: (carried.hasPrefix("x") ? "y" : "x") + carried.dropFirst()).error
                == "invalid_grant")
        harness.clock.advance(10)
        #expect(try await device.poll(code, loopbackCode: carried).status == 200)
    }

    @Test func `of another person on the same device ends the former session`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let first = try await harness.signedIn(&device)
        harness.provider.use(.init(subject: "bob", email: "bob@example.com", groups: ["interns"]))
        let second = try await harness.signedIn(&device)
        let former = try #require(first.string("session_id").flatMap { SessionID($0) })
        #expect(try await harness.store.read { try $0.session(former)?.end } == .replaced)
        #expect(try await harness.store.read { try $0.openSessions().map(\.id.text) } == [second.string("session_id")])
    }

    @Test func `survives a restart of the server between any two steps`() async throws {
        let clock = HandClock(1_800_000_000)
        let first = try await GatewayHarness(clock: clock)
        var device = try first.device()
        let begun = try await device.beginSignIn()
        let code = try #require(begun.string("device_code"))
        // Each restart: a new gateway, with new nonces and empty memory, over the same records.
        let second = try await GatewayHarness(store: first.store, clock: clock)
        var browser = second.browser()
        let walk = SignInWalk(user: "alice", password: "", number: begun.integer("number"))
        let page = try await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
        #expect(page.outcome == "allowed")
        let third = try await GatewayHarness(store: first.store, clock: clock)
        var returned = try third.device(device.key)
        let answer = try await returned.poll(code)
        #expect(answer.status == 200)
        let fourth = try await GatewayHarness(store: first.store, clock: clock)
        var again = try fourth.device(device.key)
        let token = try #require(answer.string("refresh_token"))
        #expect(try await again.poll(code).string("refresh_token") == token)
        #expect(try await again.refresh(token).status == 200)
        clock.advance(10)
        #expect(try await again.poll(code).error == "invalid_grant")
    }
}

@Suite struct `A poll` {
    @Test func `by a foreign key gets nothing`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let code = try await harness.approved(&device)
        var thief = try harness.device()
        #expect(try await thief.poll(code).error == "invalid_grant")
        #expect(harness.log.text.contains("foreign key"))
        #expect(try await device.poll(code).status == 200)
    }

    @Test func `too early is told to slow down`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let code = try #require(try await device.beginSignIn().string("device_code"))
        #expect(try await device.poll(code).error == "authorization_pending")
        harness.clock.advance(1)
        #expect(try await device.poll(code).error == "slow_down")
        harness.clock.advance(6)
        #expect(try await device.poll(code).error == "slow_down")
        harness.clock.advance(13)
        #expect(try await device.poll(code).error == "authorization_pending")
    }

    @Test func `after redemption gets the lost answer again, for a minute and until it was heard`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let code = try await harness.approved(&device)
        let first = try await device.poll(code)
        harness.clock.advance(RefreshState.retrySeconds - 1)
        let second = try await device.poll(code)
        #expect(second.string("refresh_token") == first.string("refresh_token"))
        #expect(second.string("session_id") == first.string("session_id"))
        #expect(try await harness.store.read { try $0.openSessions() }.count == 1)
        #expect(harness.log.text.contains("asks again"))
        var thief = try harness.device()
        #expect(try await thief.poll(code).error == "invalid_grant")
        #expect(try await device.refresh(try #require(first.string("refresh_token"))).status == 200)
        #expect(try await device.poll(code).error == "invalid_grant")

        let late = try await harness.approved(&device)
        #expect(try await device.poll(late).status == 200)
        harness.clock.advance(RefreshState.retrySeconds)
        #expect(try await device.poll(late).error == "invalid_grant")
        #expect(harness.log.text.contains("invalid_grant: this device code is not known, or was used already"))
    }

    @Test func `that its device has withdrawn finds nothing, nor does a browser`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        let code = try #require(begun.string("device_code"))
        var thief = try harness.device()
        #expect(try await thief.withdraw(code).status == 200)
        #expect(try await device.poll(code).error == "authorization_pending")
        #expect(try await device.withdraw(code).status == 200)
        #expect(try await device.poll(code).error == "invalid_grant")
        var browser = harness.browser()
        let page = try await browser.open(try #require(begun.string("verification_uri_complete")))
        #expect(try await browser.submit(page).text.contains("No sign-in is waiting for this code"))

        let approved = try await harness.approved(&device)
        #expect(try await device.withdraw(approved).status == 200)
        #expect(try await device.poll(approved).error == "invalid_grant")
        #expect(try await harness.store.read { try $0.openSessions() }.isEmpty)
        #expect(harness.log.text.contains("withdrawn by its device"))
    }

    @Test func `whose answer was lost and is withdrawn leaves no session`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let code = try await harness.approved(&device)
        let lost = try await device.poll(code)
        #expect(try await device.withdraw(code).status == 200)
        #expect(try await harness.store.read { try $0.openSessions() }.isEmpty)
        #expect(try await device.refresh(try #require(lost.string("refresh_token"))).error == "invalid_grant")

        let heard = try await harness.approved(&device)
        let token = try #require(try await device.poll(heard).string("refresh_token"))
        #expect(try await device.refresh(token).status == 200)
        #expect(try await device.withdraw(heard).status == 200)
        #expect(try await harness.store.read { try $0.openSessions() }.count == 1)
    }

    @Test func `that is refused leaves a line with its reason, its address and its device`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let code = try #require(try await device.beginSignIn().string("device_code"))
        for _ in 0..<5 { _ = try await device.poll(code) }
        let lines = harness.log.text.split(separator: "\n").filter { $0.contains("polls too fast") }
        #expect(lines.count == 1 && lines.allSatisfy { $0.contains(device.key.publicKey.thumbprint) })
        _ = try await device.poll("unknown")
        let refused = harness.log.text.split(separator: "\n").last { $0.contains("device call refused") } ?? ""
        for fact in ["/oauth2/token", "invalid_grant", GatewayHarness.address, device.key.publicKey.thumbprint] {
            #expect(refused.contains(fact), "\(refused)")
        }
    }

    @Test func `after ten minutes is told that the code has expired`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let code = try #require(try await device.beginSignIn().string("device_code"))
        harness.clock.advance(600)
        #expect(try await device.poll(code).error == "expired_token")
    }

    @Test func `after a denial is told so`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        var browser = harness.browser()
        let walk = SignInWalk(user: "alice", password: "", number: begun.integer("number"), allows: false)
        let page = try await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
        #expect(page.outcome == "denied")
        #expect(try await device.poll(try #require(begun.string("device_code"))).error == "access_denied")
        #expect(try await harness.store.read { try $0.people() }.isEmpty)
    }

    @Test func `after the wrong number is told that the sign-in was refused`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        var browser = harness.browser()
        let number = try #require(begun.integer("number"))
        let walk = SignInWalk(user: "alice", password: "", number: number == 99 ? 98 : number + 1)
        let page = try await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
        #expect(page.outcome == "denied")
        #expect(try await device.poll(try #require(begun.string("device_code"))).error == "access_denied")
    }
}

@Suite struct `A refresh token` {
    @Test func `rotates, and an old one ends the session`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let first = try #require(try await harness.signedIn(&device).string("refresh_token"))
        let second = try #require(try await device.refresh(first).string("refresh_token"))
        #expect(first != second)
        #expect(try await device.refresh(first).error == "invalid_grant")
        #expect(harness.log.text.contains("an old refresh token was used again"))
        #expect(try await device.refresh(second).error == "invalid_grant")
        #expect(try await harness.store.read { try $0.openSessions() }.isEmpty)
    }

    @Test func `is given again to the same attempt within a minute`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let first = try #require(try await harness.signedIn(&device).string("refresh_token"))
        let second = try #require(try await device.refresh(first, attempt: "a1").string("refresh_token"))
        #expect(try await device.refresh(first, attempt: "a1").string("refresh_token") == second)
        harness.clock.advance(61)
        #expect(try await device.refresh(first, attempt: "a1").error == "invalid_grant")
    }

    @Test func `is worth nothing to another key, and ends nothing there`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let token = try #require(try await harness.signedIn(&device).string("refresh_token"))
        var thief = try harness.device()
        #expect(try await thief.refresh(token).error == "invalid_grant")
        _ = try await thief.revoke(token)
        #expect(try await device.refresh(token).status == 200)
    }

    @Test func `is revoked by log-out`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let token = try #require(try await harness.signedIn(&device).string("refresh_token"))
        #expect(try await device.revoke(token).status == 200)
        #expect(try await device.refresh(token).error == "invalid_grant")
        #expect(try await harness.store.read { try $0.openSessions() }.isEmpty)
    }

    @Test func `of a person who is no longer active is refused`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let token = try #require(try await harness.signedIn(&device).string("refresh_token"))
        try await harness.store.write { records in
            for var person in try records.people() {
                person.isActive = false
                try records.save(person)
            }
        }
        #expect(try await device.refresh(token).error == "invalid_grant")
    }

    @Test func `ends with the session's lifetime`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let token = try #require(try await harness.signedIn(&device).string("refresh_token"))
        harness.clock.advance(86_400)
        #expect(try await device.refresh(token).error == "invalid_grant")
    }
}
