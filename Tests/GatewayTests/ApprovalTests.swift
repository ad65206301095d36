import Cryptography
import Gateway
import Sessions
import Store
import StoreSQLite
import Synchronization
import Testing
import Walkthrough

/// What does not approve a sign-in. Source: RFC 8628 §5.4; RFC 10027.
@Suite struct `A sign-in that waits for its confirmation` {
    private struct Waiting {
        let harness: GatewayHarness
        var device: DeviceClient
        var browser: Browser
        let page: Browser.Page
        let code: String
        let number: Int

        /// The person has signed in at the provider and sees the last question.
        init(_ harness: GatewayHarness) async throws {
            self.harness = harness
            device = try harness.device()
            let begun = try await device.beginSignIn()
            code = try #require(begun.string("device_code"))
            number = try #require(begun.integer("number"))
            browser = harness.browser()
            let first = try await browser.submit(
                browser.open(try #require(begun.string("verification_uri_complete"))))
            page = try await browser.submit(first, button: ("provider", nil))
            try #require(page.url == GatewayHarness.server + "/device/confirm")
        }

        /// All that the page's form would send with `allow` and the right number, as a query.
        var everything: String {
            get throws {
                let csrf = try #require(page.forms.compactMap { $0.fields["csrf"] }.first)
                return "decision=allow&number=\(number)&csrf=\(csrf)"
            }
        }

        var cookies: String {
            (browser.cookies[GatewayHarness.server] ?? [:]).map { "\($0.key)=\($0.value)" }.sorted()
                .joined(separator: "; ")
        }

        mutating func poll() async throws -> DeviceClient.Answer {
            harness.clock.advance(10)
            return try await device.poll(code)
        }
    }

    @Test func `is not approved by the address of a page, whatever stands in it`() async throws {
        var waiting = try await Waiting(GatewayHarness())
        for path in ["/device/confirm", "/device/sign-in", "/device/done", "/device", "/device/request"] {
            for method in ["GET", "HEAD"] {
                let answer = try await waiting.harness.answer(
                    method, path + "?" + (try waiting.everything),
                    headers: [("Cookie", waiting.cookies), ("Sec-Fetch-Site", "same-origin")], body: [])
                #expect(answer.status < 500, "\(method) \(path)")
            }
        }
        #expect(try await waiting.poll().error == "authorization_pending")
        #expect(try await waiting.harness.store.read { try $0.openSessions() }.isEmpty)
        // It was all there: the same by the form is an approval.
        let page = try await waiting.browser.submit(
            waiting.page, ["number": String(waiting.number)], button: ("decision", "allow"))
        #expect(page.outcome == "allowed")
        #expect(try await waiting.poll().status == 200)
    }

    @Test func `is not approved by a form whose decision stands in its address`() async throws {
        var waiting = try await Waiting(GatewayHarness())
        let csrf = try #require(waiting.page.forms.compactMap { $0.fields["csrf"] }.first)
        _ = try await waiting.harness.answer(
            "POST", "/device/confirm?" + (try waiting.everything),
            headers: [
                ("Cookie", waiting.cookies), ("Content-Type", "application/x-www-form-urlencoded"),
                ("Origin", GatewayHarness.server),
            ], body: Array("csrf=\(csrf)".utf8))
        #expect(try await waiting.poll().error == "access_denied")
    }

    @Test(arguments: [nil, "", "x", "1e1", "100"] as [String?])
    func `on another device is refused without the number that its terminal shows`(_ number: String?) async throws {
        var waiting = try await Waiting(GatewayHarness())
        let values = number.map { ["number": $0] } ?? [:]
        let page = try await waiting.browser.submit(waiting.page, values, button: ("decision", "allow"))
        #expect(page.response.status == 403 && page.outcome == "denied")
        #expect(try await waiting.poll().error == "access_denied")
        #expect(try await waiting.harness.store.read { try $0.openSessions() }.isEmpty)
        // Nor is there a second try.
        _ = try await waiting.browser.submit(
            waiting.page, ["number": String(waiting.number)], button: ("decision", "allow"))
        #expect(try await waiting.poll().status == 400)
        #expect(try await waiting.harness.store.read { try $0.openSessions() }.isEmpty)
    }

    @Test(arguments: [true, false])
    func `has each of its pages under a strict policy`(_ allows: Bool) async throws {
        let harness = try await GatewayHarness()
        let seen = Mutex<[(target: String, answer: WebResponse)]>([])
        let transport = harness.transport
        var browser = Browser(
            transport: WebTransport { request in
                let answer = try await transport.send(request)
                if request.url.hasPrefix(GatewayHarness.server) {
                    let path = request.url.dropFirst(GatewayHarness.server.count).prefix { $0 != "?" }
                    seen.withLock { $0.append(("\(request.method) \(path)", answer)) }
                }
                return answer
            })
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        let walk = SignInWalk(user: "alice", password: "", number: begun.integer("number"), allows: allows)
        let last = try await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
        #expect(last.outcome == (allows ? "allowed" : "denied"))
        let answers = seen.withLock { $0 }
        let pages = answers.filter { $0.answer.header("Content-Type")?.hasPrefix("text/html") == true }
        // Code, what asks, on to the provider, who was signed in, the outcome.
        let expected = [
            "GET /device", "GET /device/request", "POST /device/sign-in", "GET /device/confirm", "POST /device/confirm",
        ]
        #expect(pages.map(\.target) == expected)
        for (target, answer) in pages {
            let policy = try #require(answer.header("Content-Security-Policy"), "\(target)")
            #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "\(target)")
            #expect(policy.contains("base-uri 'none'") && policy.contains("form-action 'self'"), "\(target)")
            #expect(!policy.contains("script-src") && !policy.contains("unsafe"), "\(target)")
            #expect(answer.header("X-Frame-Options") == "DENY", "\(target)")
            #expect(answer.header("X-Content-Type-Options") == "nosniff", "\(target)")
        }
        for (target, answer) in answers {
            #expect(answer.header("Cache-Control") == "no-store", "\(target)")
            #expect(answer.header("Referrer-Policy") == "no-referrer", "\(target)")
            for header in answer.headers where header.name.lowercased() == "set-cookie" {
                #expect(header.value.hasPrefix("__Host-") && header.value.contains("; Secure; HttpOnly"), "\(target)")
            }
        }
    }
}
