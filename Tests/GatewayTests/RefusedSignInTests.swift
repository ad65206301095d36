import Gateway
import Identity
import Sessions
import Store
import StoreSQLite
import Testing
import Walkthrough

/// Whoever waits at the terminal hears who refused, and what to do.
@Suite struct `A refused sign-in` {
    private struct Told {
        let page: Browser.Page
        let error: String?
        let words: String
    }

    private func told(
        _ harness: GatewayHarness, allows: Bool = true, numberOff: Int = 0
    ) async throws -> Told {
        var device = try harness.device()
        let begun = try await device.beginSignIn()
        var browser = harness.browser()
        let number = begun.integer("number").map { numberOff == 0 ? $0 : 10 + ($0 - 10 + numberOff) % 90 }
        let walk = SignInWalk(user: "alice", password: "", number: number, allows: allows)
        let page = try await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
        let poll = try await device.poll(try #require(begun.string("device_code")))
        return Told(page: page, error: poll.error, words: poll.string("error_description") ?? "")
    }

    @Test func `by the person or by a wrong number is so at the terminal`() async throws {
        let harness = try await GatewayHarness()
        for (told, words) in [
            (try await told(harness, allows: false), "refused on its page in the browser; if that was not you"),
            (try await told(harness, numberOff: 1), "a wrong number was picked"),
        ] {
            #expect(told.error == "access_denied" && told.words.contains(words), "\(told.words)")
            #expect(told.words.contains("run ztna login again") && told.page.outcome == "denied")
        }
    }

    @Test func `by the directory is not the browser's doing`() async throws {
        let harness = try await GatewayHarness(scim: ProvisioningConfiguration())
        let told = try await told(harness)
        #expect(told.error == "access_denied")
        #expect(told.words.hasPrefix("your organisation's directory does not know you here; ask your administrator"))
        #expect(!told.words.contains("browser"))
    }

    @Test func `of somebody who is switched off says so, and not to try again`() async throws {
        let harness = try await GatewayHarness()
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        try await harness.store.write { transaction in
            for var person in try transaction.people() {
                person.isActive = false
                try transaction.save(person)
            }
        }
        let told = try await told(harness)
        #expect(
            told.error == "access_denied" && told.words == "your account is switched off here; ask your administrator")
        #expect(told.page.text.contains("switched off here") && !told.page.text.contains("ztna login"))
    }

    /// RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
    @Test func `is told in the letters that the standard has`() {
        for denial in DeviceAuthorization.Denial.allCases {
            #expect(denial.explanation.utf8.allSatisfy { (0x20..<0x7F).contains($0) && $0 != 0x22 && $0 != 0x5C })
        }
    }
}
