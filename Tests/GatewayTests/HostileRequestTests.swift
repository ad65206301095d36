import Cryptography
import Identity
import Sessions
import SignedDocuments
import Store
import StoreSQLite
import StrictJSON
import Synchronization
import Testing
import Walkthrough

@Suite struct `A device call` {
    private static let path = "/oauth2/device_authorization"
    private static let form = Array("client_id=ztna-agent&device_name=laptop&device_os=Debian".utf8)

    private func proof(
        _ device: DeviceClient, _ harness: GatewayHarness, method: String = "POST", path: String = path,
        nonce: String? = nil, skew: Int = 0, id: String = "identifier-1", token: String? = nil
    ) throws -> String {
        try DPoPProofMaking.proof(
            method: method, url: GatewayHarness.server + path, nonce: nonce ?? device.currentNonce, accessToken: token,
            id: id, now: harness.clock.now + skew, by: device.key)
    }

    private func send(_ device: inout DeviceClient, proof: String) async throws -> DeviceClient.Answer {
        try await device.call(
            "POST", Self.path, body: Self.form, type: "application/x-www-form-urlencoded", proof: proof)
    }

    @Test func `is refused when its proof is replayed, or is for something else`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        _ = try await device.beginSignIn()
        let once = try proof(device, harness)
        #expect(try await send(&device, proof: once).status == 200)
        #expect(try await send(&device, proof: once).error == "invalid_dpop_proof")
        #expect(harness.log.text.contains("was used before"))
        let others = [
            try proof(device, harness, method: "GET", id: "identifier-2"),
            try proof(device, harness, path: "/oauth2/token", id: "identifier-3"),
            "not a proof", "e30.e30.e30",
        ]
        for other in others { #expect(try await send(&device, proof: other).error == "invalid_dpop_proof") }
    }

    @Test func `is asked for a nonce when it has none, a stale or a foreign one`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        _ = try await device.beginSignIn()
        #expect(try await send(&device, proof: try proof(device, harness, nonce: "guess")).error == "use_dpop_nonce")
        let old = device.currentNonce
        harness.clock.advance(241)
        #expect(try await send(&device, proof: try proof(device, harness, nonce: old)).error == "use_dpop_nonce")
    }

    @Test(arguments: [3600, -3600])
    func `with a clock wrong by an hour is told so`(_ skew: Int) async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        _ = try await device.beginSignIn()
        let answer = try await send(&device, proof: try proof(device, harness, skew: skew))
        #expect(answer.error == "invalid_dpop_proof")
        let words = try #require(answer.string("error_description"))
        #expect(words.contains("3600 s") && words.contains(skew > 0 ? "ahead" : "behind"))
    }

    @Test(arguments: [
        ("client_id=ztna-agent&device_name=a%00b&device_os=x", "invalid_request"),
        ("client_id=ztna-agent&device_name=a%1B%5B2J&device_os=x", "invalid_request"),
        ("client_id=ztna-agent&device_name=&device_os=x", "invalid_request"),
        ("client_id=ztna-agent&device_name=%ff&device_os=x", "invalid_request"),
        ("client_id=ztna-agent&device_name=a&device_name=b&device_os=x", "invalid_request"),
        ("client_id=ztna-agent&device_name=a&device_os=x&loopback_port=80", "invalid_request"),
        ("client_id=other&device_name=a&device_os=x", "invalid_client"),
    ])
    func `with a bad form is refused by name`(_ form: String, _ error: String) async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let answer = try await device.call(
            "POST", Self.path, body: Array(form.utf8), type: "application/x-www-form-urlencoded")
        #expect(answer.error == error)
        #expect(try await harness.store.read { try $0.openDeviceAuthorizations(now: 0) }.isEmpty)
    }

    @Test func `is limited per address`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        for _ in 0..<20 { #expect(try await device.beginSignIn().status == 200) }
        #expect(try await device.beginSignIn().status == 429)
        harness.clock.advance(3)
        #expect(try await device.beginSignIn().status == 200)
    }

    @Test func `with a bearer token, another device's token or none is refused`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let token = try #require(try await harness.signedIn(&device).string("access_token"))
        var thief = try harness.device()
        #expect(try await thief.register("x", accessToken: token).error == "invalid_token")
        #expect(try await device.register("x", accessToken: "").error == "invalid_token")
        harness.clock.advance(361)
        #expect(try await device.register("x", accessToken: token).error == "invalid_token")
    }
}

@Suite struct `A browser` {
    @Test func `that did not enter the code cannot go on`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        var victim = harness.browser()
        let first = try await victim.open(try #require(begun.string("verification_uri_complete")))
        _ = try await victim.submit(first)
        var other = harness.browser()
        _ = try await other.open(GatewayHarness.server + "/device")
        #expect(try await other.open(GatewayHarness.server + "/device/request").outcome == "failed")
        #expect(try await other.open(GatewayHarness.server + "/device/confirm").outcome == "failed")
    }

    @Test func `cannot replay a callback, nor bring another browser's`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        var browser = harness.browser()
        var page = try await browser.submit(
            try await browser.open(try #require(begun.string("verification_uri_complete"))))
        page = try await browser.submit(page, button: ("provider", nil))
        let callback = try #require(browser.history.first { $0.contains("/oidc/callback/") }?.split(separator: " ")[1])
        #expect(try await browser.open(String(callback)).outcome == "failed")
        var other = harness.browser()
        _ = try await other.open(GatewayHarness.server + "/device")
        #expect(try await other.open(String(callback)).outcome == "failed")
    }

    /// Whoever talked somebody into signing in for their device must not get the address from them and go on.
    @Test(arguments: [true, false])
    func `ends the sign-in when it comes with another browser's callback`(_ hasCookie: Bool) async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        let kept = Mutex<String?>(nil)
        let transport = harness.transport
        var browser = Browser(
            transport: WebTransport { request in
                guard request.url.contains("/oidc/callback/") else { return try await transport.send(request) }
                kept.withLock { $0 = request.url }
                return WebResponse(status: 200, headers: [], body: [])
            })
        let page = try await browser.submit(
            try await browser.open(try #require(begun.string("verification_uri_complete"))))
        _ = try await browser.submit(page, button: ("provider", nil))
        let callback = try #require(kept.withLock { $0 })
        var other = harness.browser()
        if hasCookie { _ = try await other.open(GatewayHarness.server + "/device") }
        #expect(try await other.open(callback).outcome == "failed")
        harness.clock.advance(10)
        let poll = try await device.poll(try #require(begun.string("device_code")))
        #expect(poll.string("error") == "access_denied", "\(poll.json)")
    }

    @Test(arguments: ["/device", "/device/sign-in", "/device/confirm"])
    func `is refused a form without its CSRF token or from another site`(_ path: String) async throws {
        let harness = try await GatewayHarness()
        let hostile: [[(name: String, value: String)]] = [
            [], [("Sec-Fetch-Site", "cross-site")], [("Origin", "https://evil.example")],
        ]
        for headers in hostile {
            let answer = try await harness.transport.send(
                WebRequest(
                    method: "POST", url: GatewayHarness.server + path, headers: headers,
                    body: Array("csrf=AAAA&user_code=BCDFGHJK&decision=allow".utf8)))
            #expect(answer.status == 403)
        }
    }

    @Test func `is refused a form over 64 KiB`() async throws {
        let harness = try await GatewayHarness()
        let answer = try await harness.transport.send(
            WebRequest(
                method: "POST", url: GatewayHarness.server + "/device", body: [UInt8](repeating: 0x61, count: 65_537)))
        #expect(answer.status == 413)
    }

    @Test func `is stopped when it enters many codes`() async throws {
        let harness = try await GatewayHarness()
        var browser = harness.browser()
        let first = try await browser.open(GatewayHarness.server + "/device")
        for _ in 0..<10 {
            let page = try await browser.submit(first, ["user_code": "bcdf-ghjk"])
            #expect(page.text.contains("No sign-in is waiting"))
        }
        let page = try await browser.submit(first, ["user_code": "bcdf-ghjk"])
        #expect(page.response.status == 429)
    }

    @Test func `gets every page under a strict policy`() async throws {
        let harness = try await GatewayHarness()
        for path in ["/", "/device", "/device/request", "/device/confirm", "/device/done"] {
            let answer = try await harness.transport.send(WebRequest(url: GatewayHarness.server + path))
            let policy = try #require(answer.header("Content-Security-Policy"))
            #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
            #expect(answer.header("X-Frame-Options") == "DENY")
            #expect(answer.header("Cache-Control") == "no-store")
            for header in answer.headers where header.name.lowercased() == "set-cookie" {
                #expect(header.value.hasPrefix("__Host-") && header.value.contains("; Secure; HttpOnly"))
            }
        }
    }
}

@Suite struct `A provider's answer` {
    private func outcome(
        _ alter: @escaping @Sendable (inout [String: JSON], inout [String: JSON]) -> Void
    ) async throws -> (String?, String, Int) {
        let harness = try await GatewayHarness()
        harness.provider.alter(alter)
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        var browser = harness.browser()
        let walk = SignInWalk(user: "alice", password: "", number: begun.integer("number"))
        let page = try await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
        let people = try await harness.store.read { try $0.people() }
        return (page.outcome, harness.log.text, people.count)
    }

    private static let wrongClaims: [(String, JSON, String)] = [
        ("iss", "https://evil.example", "the ID token is from \"https://evil.example\", expected was"),
        ("aud", "someone-else", "the ID token is for \"someone-else\", not for our client_id"),
        ("aud", .array([]), "the ID token is for nobody, not for our client_id"),
        ("nonce", "wrong", "the ID token's nonce is another sign-in's"),
        ("exp", 1, "the ID token expired 1799999999 s ago"),
        ("iat", 4_000_000_000, "the provider's clock is 2200000000 s ahead of ours"),
        ("azp", "someone-else", "the ID token was issued to \"someone-else\", not to us (azp)"),
        ("sub", "", "the ID token's sub is missing or not acceptable"),
        ("email", "alice@elsewhere.example", "the person's domain \"elsewhere.example\" is not among"),
    ]

    @Test(arguments: wrongClaims)
    func `with a wrong claim signs nobody in, and the log says which`(
        _ claim: String, _ value: JSON, _ words: String
    ) async throws {
        let (outcome, log, people) = try await outcome { _, claims in claims[claim] = value }
        #expect(outcome == "failed")
        #expect(log.contains("sign-in at provider failed") && log.contains(words), "\(log)")
        #expect(people == 0)
    }

    @Test(arguments: [
        ("alg", JSON.string("none"), "the ID token is not signed (alg none)"),
        ("alg", "HS256", "the ID token is signed with \"HS256\", a shared secret"),
        ("kid", "other", "the ID token names the key \"other\", which the provider does not publish"),
        ("jku", "https://evil.example", "the ID token's header has \"jku\", which is never accepted"),
    ])
    func `with a wrong header signs nobody in, and the log says which`(
        _ name: String, _ value: JSON, _ words: String
    ) async throws {
        let (outcome, log, people) = try await outcome { header, _ in header[name] = value }
        #expect(outcome == "failed")
        #expect(log.contains(words), "\(log)")
        #expect(people == 0)
    }

    @Test func `by keys rotated in mid-flow is accepted`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        harness.clock.advance(31)
        harness.provider.use(.ed25519(try Ed25519PrivateKey(from: .system)))
        #expect(try await harness.signedIn(&device).status == 200)
    }

    @Test func `for an inactive person is refused`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        try await harness.store.write { transaction in
            for var person in try transaction.people() {
                person.isActive = false
                try transaction.save(person)
            }
        }
        let begun = try await device.beginSignIn()
        var browser = harness.browser()
        let walk = SignInWalk(user: "alice", password: "", number: begun.integer("number"))
        let page = try await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
        #expect(page.outcome == "denied")
        #expect(try await device.poll(try #require(begun.string("device_code"))).error == "access_denied")
    }
}
