import Foundation
import HTTPClient
import StrictJSON
import Testing
import Walkthrough

/// What `provider.py --list-faults` prints.
struct ProviderFault: Sendable, CustomTestStringConvertible {
    let name: String
    let expectation: String

    var testDescription: String { "\(name): \(expectation)" }

    /// Met only when the server fetches discovery or keys, so it needs a server that holds none.
    var isOfFetchedDocuments: Bool { name.contains("discovery") || name.contains("jwks") || name.hasPrefix("private") }

    /// Met only when a deadline is over: these are tried side by side.
    var isSlow: Bool { name.hasPrefix("slow-") }

    /// What the log says of each that is refused, for an operator to act on.
    static let words = [
        "redirect-discovery": "discovery: the provider answered with status 307; redirects are not followed",
        "html-discovery": "discovery: the discovery document is not acceptable JSON (malformed at byte 0)",
        "discovery-wrong-issuer":
            "discovery: the provider calls itself \"https://issuer.invalid\", the configuration says",
        "huge-discovery": "discovery: the answer is larger than this request accepts",
        "slow-discovery": "discovery: no complete answer came in time",
        "redirect-jwks": "keys: the provider answered with status 307; redirects are not followed",
        "html-jwks": "keys: the keys at jwks_uri are not a JWK set (malformed at byte 0)",
        "huge-jwks": "keys: the answer is larger than this request accepts",
        "slow-jwks": "keys: no complete answer came in time",
        "private-jwks": "keys: the host's address 0.0.0.0 is private or reserved",
        "private-token": "token: the host's address 169.254.169.254 is private or reserved",
        "private-userinfo": "userinfo: the host's address fd00::1 is private or reserved",
        "jwks-empty": "keys: the key set holds no key for verifying signatures",
        "jwks-small-rsa": "or an RSA key outside 2,048…8,192 bits",
        "wrong-state": "callback refused: its state is not one of ours",
        "callback-wrong-iss": "callback: the callback is from \"https://issuer.invalid\"",
        "callback-no-iss": "callback: the callback has no iss",
        "error-access-denied": "callback: the provider answered access_denied",
        "huge-token": "token: the answer is larger than this request accepts",
        "slow-token": "token: no complete answer came in time",
        "redirect-token": "token: the provider answered with status 307; redirects are not followed",
        "html-token": "token: the token endpoint's answer is not acceptable JSON (malformed at byte 0)",
        "token-error": "token: the provider answered with status 500",
        "alg-none": "the ID token is not signed (alg none)",
        "hs256-with-public-key": "the ID token is signed with \"HS256\", a shared secret",
        "unknown-kid": "the ID token names the key \"no-such-key\", which the provider does not publish",
        "no-kid": "the ID token names no key",
        "wrong-key": "the ID token's signature is wrong",
        "embedded-jwk": "the ID token's header has \"jwk\", which is never accepted",
        "embedded-jku": "the ID token's header has \"jku\", which is never accepted",
        "critical-header": "the ID token's header has \"crit\", which is never accepted",
        "duplicate-keys": "the ID token has the claim \"sub\" twice",
        "wrong-iss": "the ID token is from \"https://issuer.invalid\", expected was",
        "no-iss-claim": "the ID token's iss is missing",
        "wrong-aud": "the ID token is for \"somebody-else\", not for our client_id",
        "aud-empty-list": "the ID token is for nobody, not for our client_id",
        "two-auds-no-azp": "the ID token is for several audiences and has no azp",
        "wrong-azp": "the ID token was issued to \"somebody-else\", not to us (azp)",
        "wrong-nonce": "the ID token's nonce is another sign-in's",
        "no-nonce": "the ID token has no nonce",
        "no-sub": "the ID token's sub is missing",
        "no-exp": "the ID token's exp is missing",
        "expired": "s behind ours; set this server's clock",
        "future-iat": "s ahead of ours",
        "wrong-at-hash": "the ID token belongs to another access token (at_hash)",
        "email-unverified":
            "claims: this provider is limited to certain domains, and the person has no verified e-mail",
        "userinfo-wrong-sub": "userinfo: the userinfo answer is about another person",
        "redirect-userinfo": "userinfo: the provider answered with status 307; redirects are not followed",
        "html-userinfo": "userinfo: the userinfo answer is not acceptable JSON (malformed at byte 0)",
        "huge-userinfo": "userinfo: the answer is larger than this request accepts",
        "slow-userinfo": "userinfo: no complete answer came in time",
    ]

    static let all: [ProviderFault] = {
        guard Missing.forProvider == nil else { return [] }
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [Place.fixtures.appending(path: "oidc/provider.py").path, "--list-faults"]
        process.standardOutput = output
        guard (try? process.run()) != nil else { return [] }
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        return ((try? JSON(parsing: Array(bytes)))?.arrayValue ?? []).compactMap { row in
            guard let name = row.objectValue?["name"]?.stringValue,
                let expectation = row.objectValue?["expect"]?.stringValue
            else { return nil }
            return ProviderFault(name: name, expectation: expectation)
        }
    }()
}

extension `The programs together` {
    @Suite(.enabled(if: Missing.forProvider == nil, "\(Missing.forProvider ?? "")")) struct `A hostile provider` {
        /// One server meets them all, one after the other: it must be as good after the last as before the first.
        @Test func `gets a named refusal for each fault, and nothing is half created`() async throws {
            let faults = ProviderFault.all
            try #require(faults.count > 40)
            #expect(Set(faults.filter { $0.expectation != "accept" }.map(\.name)) == Set(ProviderFault.words.keys))
            let site = try await Site()
            var accepted = 0
            var holdsDocuments = true
            for fault in faults where !fault.isSlow {
                try await site.setFault(fault.name)
                // Failed fetches are not repeated for some seconds: a new server has none of them behind it.
                if fault.isOfFetchedDocuments || !holdsDocuments { try await site.killAndRestart() }
                holdsDocuments = !fault.isOfFetchedDocuments
                accepted += try await outcome(of: fault, at: site) ? 1 : 0
                let sessions = try await site.administer("sessions", "list").arrayValue ?? []
                #expect(sessions.count == accepted, "\(fault.name)")
                let people = try await site.administer("people").arrayValue ?? []
                #expect(people.count == (accepted > 0 ? 1 : 0), "\(fault.name)")
                try #require(site.server.isRunning, "the server ended after \(fault.name):\n\(site.server.errors)")
            }
            try await site.setFault("none")
            #expect(try await outcome(of: ProviderFault(name: "none", expectation: "accept"), at: site))
        }

        /// A server each, so that all wait for the same few seconds, which are the server's own deadline.
        @Test func `is given up when it keeps us waiting, whatever it is asked for`() async throws {
            let faults = ProviderFault.all.filter(\.isSlow)
            try #require(faults.count == 4)
            var sites: [(ProviderFault, Site)] = []
            for fault in faults {
                let arguments = ["--slow-seconds", "3600", "--fault", fault.name]
                sites.append((fault, try await Site(providerArguments: arguments)))
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (fault, site) in sites {
                    group.addTask { try await expectNobody(after: fault, at: site) }
                }
                try await group.waitForAll()
            }
        }

        private func expectNobody(after fault: ProviderFault, at site: Site) async throws {
            #expect(try await outcome(of: fault, at: site) == false)
            #expect(try await site.administer("sessions", "list") == [], "\(fault.name)")
            #expect(try await site.administer("people") == [], "\(fault.name)")
        }

        @Test func `that changes its keys between two sign-ins is still believed`() async throws {
            let site = try await Site()
            for _ in 0..<2 {
                #expect(try await outcome(of: ProviderFault(name: "none", expectation: "accept"), at: site))
                let rotated = try await site.client.send(
                    .init(method: .post, url: site.provider.issuer + "/control/rotate", body: []))
                #expect(rotated.status == 200)
            }
        }

        /// Signs in as alice; whether it was accepted. The log must say why not, and no poll may get anything.
        private func outcome(of fault: ProviderFault, at site: Site) async throws -> Bool {
            let logged = site.server.errors.count
            let transport = site.transport()
            var device = try site.device(transport)
            let begun = try await device.beginSignIn()
            var browser = Browser(transport: transport)
            let walk = SignInWalk(user: "alice", password: "alice-password", number: begun.integer("number"))
            let page = try await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
            let answer = try await device.poll(try #require(begun.string("device_code")))
            let isAccepted = answer.string("access_token") != nil
            if fault.expectation != "either" {
                #expect(isAccepted == (fault.expectation == "accept"), "\(fault.name): \(answer.json) \(page.text)")
            }
            if isAccepted {
                #expect(page.outcome == "allowed", "\(fault.name)")
            } else {
                #expect(page.outcome == "failed", "\(fault.name): \(page.text)")
                #expect(answer.error == "authorization_pending" || answer.error == "access_denied", "\(fault.name)")
                let log = site.server.errors.dropFirst(logged)
                #expect(
                    log.contains("sign-in at provider failed") || log.contains("callback refused"),
                    "\(fault.name): \(log)")
                let words = try #require(ProviderFault.words[fault.name])
                #expect(log.contains(words), "\(fault.name): \(log)")
                #expect(!page.text.contains("ID token:"), "the page tells an attacker what failed: \(fault.name)")
            }
            return isAccepted
        }
    }
}
