import Cryptography
import Sessions
import Store
import StoreSQLite
import Testing
import Walkthrough

/// What a stranger can do to keep others from signing in: as little as possible.
@Suite struct `A stranger` {
    /// Enters codes that nobody has until the common budget is spent.
    private func spendGuesses(_ harness: GatewayHarness) async throws {
        for number in 0..<10 {
            var browser = harness.browser(from: "203.0.113.\(number)")
            var page = try await browser.open(GatewayHarness.server + "/device")
            for _ in 0..<10 { page = try await browser.submit(page, ["user_code": "BCDF-BCDF"]) }
            #expect(page.response.status == 400)
        }
    }

    @Test func `who has used up all guesses stops those who type a code, not those on their own device`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let begun = try await device.beginSignIn(loopbackPort: 43_210)
        try await spendGuesses(harness)

        var typing = harness.browser()
        let typed = try await typing.open(try #require(begun.string("verification_uri_complete")))
        #expect(try await typing.submit(typed).response.status == 429)

        var foreign = harness.browser(from: "198.51.100.1")
        let local = try #require(begun.string("verification_uri_local"))
        let forged = try await foreign.open(String(local.dropLast(4)) + "AAAA")
        #expect(try await foreign.submit(forged).response.status == 429)

        var own = harness.browser()
        own.stopsAt = "http://127.0.0.1:43210/"
        let walk = SignInWalk(user: "alice", password: "", number: nil)
        #expect(try await walk.walk(local, in: &own).url.hasPrefix("http://127.0.0.1:43210/?code="))
    }

    @Test func `with an IPv6 network has no more tries than with one address`() async throws {
        let harness = try await GatewayHarness()
        for number in 1...20 {
            var device = try harness.device(from: "2001:db8::\(number)")
            #expect(try await device.beginSignIn().status == 200)
        }
        var same = try harness.device(from: "2001:db8::ffff:1")
        #expect(try await same.beginSignIn().status == 429)
        var other = try harness.device(from: "2001:db8:0:1::1")
        #expect(try await other.beginSignIn().status == 200)
    }

    @Test func `with IPv4 addresses on a socket for both families is told apart`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device(from: "::ffff:192.0.2.1")
        for _ in 0..<20 { #expect(try await device.beginSignIn().status == 200) }
        #expect(try await device.beginSignIn().status == 429)
        var other = try harness.device(from: "::ffff:192.0.2.2")
        #expect(try await other.beginSignIn().status == 200)
        let open = try await harness.store.read { try $0.openDeviceAuthorizations(now: 0) }
        #expect(Set(open.map(\.asking.address)) == ["192.0.2.1", "192.0.2.2"])
    }

    @Test func `cannot hold all sign-ins open from one network`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        var begun = 0
        while begun < 101, try await device.beginSignIn().status == 200 {
            begun += 1
            harness.clock.advance(3)
        }
        #expect(begun == 100)
        var other = try harness.device(from: "198.51.100.1")
        #expect(try await other.beginSignIn().status == 200)
    }
}

@Suite struct `A page over TLS` {
    @Test(arguments: ["/", "/device", "/oauth2/jwks"])
    func `tells browsers to stay with TLS`(_ path: String) async throws {
        let harness = try await GatewayHarness()
        let answer = try await harness.transport.send(WebRequest(url: GatewayHarness.server + path))
        #expect(answer.header("Strict-Transport-Security") == "max-age=31536000")
    }
}
