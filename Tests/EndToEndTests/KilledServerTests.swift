import Foundation
import StrictJSON
import Synchronization
import Testing
import Walkthrough

/// The requests of one sign-in to the server, counted.
private final class Steps: Sendable {
    private let steps = Mutex<[String]>([])

    var all: [String] { steps.withLock { $0 } }

    /// How many there were before this one.
    func add(_ request: WebRequest) -> Int {
        steps.withLock { steps in
            steps.append("\(request.method) \(request.url.prefix { $0 != "?" })")
            return steps.count - 1
        }
    }
}

extension `The programs together` {
    @Suite(.enabled(if: Missing.forProvider == nil, "\(Missing.forProvider ?? "")"))
    struct `A server killed with SIGKILL` {
        /// Before each request in turn: what it had acknowledged by then must be there, and nothing else may be.
        @Test func `between any two steps of a sign-in lets it be completed by the next`() async throws {
            let site = try await Site()
            var moment = 0
            var names: [String] = []
            repeat {
                let steps = Steps()
                let killed = moment
                let transport = site.transport { request in
                    guard request.url.hasPrefix(site.url), steps.add(request) == killed else { return }
                    try await site.killAndRestart()
                }
                var device = try site.device(transport)
                let token = try await signIn(&device, transport)
                names = steps.all
                let place = moment < names.count ? "killed before \(names[moment])" : "not killed"
                try await site.killAndRestart()
                let refreshed = try await device.refresh(token)
                #expect(refreshed.string("access_token") != nil, "\(place): \(refreshed.json)")
                moment += 1
                let sessions = try await site.administer("sessions", "list").arrayValue ?? []
                #expect(sessions.count == moment, "\(place)")
                #expect(try await site.administer("people").arrayValue?.count == 1, "\(place)")
            } while moment <= names.count
            #expect(names.count > 6, "\(names)")
        }

        @Test func `after it kept a sign-in gives the answer that got lost to the next poll`() async throws {
            let site = try await Site()
            var device = try site.device(site.transport())
            let code = try await approved(&device, site.transport())
            let lost = try #require(try await device.poll(code).string("refresh_token"))
            try await site.killAndRestart()
            #expect(try await device.poll(code).string("refresh_token") == lost)
            #expect(try await site.administer("sessions", "list").arrayValue?.count == 1)
            #expect(try await device.refresh(lost).string("access_token") != nil)
            try await site.killAndRestart()
            #expect(try await device.poll(code).error == "invalid_grant")
        }

        private func signIn(_ device: inout DeviceClient, _ transport: WebTransport) async throws -> String {
            let code = try await approved(&device, transport)
            let answer = try await device.poll(code)
            return try #require(answer.string("refresh_token"), "\(answer.json)")
        }

        /// The code of a sign-in that somebody has approved.
        private func approved(_ device: inout DeviceClient, _ transport: WebTransport) async throws -> String {
            let begun = try await device.beginSignIn()
            var browser = Browser(transport: transport)
            let walk = SignInWalk(user: "alice", password: "alice-password", number: begun.integer("number"))
            let page = try await walk.walk(try #require(begun.string("verification_uri_complete")), in: &browser)
            try #require(page.outcome == "allowed", "\(browser.history) \(page.text)")
            return try #require(begun.string("device_code"))
        }

        @Test func `while a device is connected is found again by it, without a new sign-in`() async throws {
            let site = try await Site()
            let device = try await Device(site)
            try await device.signIn(at: site, user: "alice")
            let before = try await device.ask("whoami").string("session")
            site.server.kill()
            try await eventually("the device to notice") {
                try await device.ask("status").string("state") == "offline" ? () : nil
            }
            try await site.killAndRestart()
            try await eventually("the device to be connected again", within: .seconds(240)) {
                try await device.ask("status").string("state") == "connected" ? () : nil
            }
            #expect(try await device.ask("whoami").string("session") == before)
        }
    }
}
