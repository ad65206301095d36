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
    var isOfFetchedDocuments: Bool { name.contains("discovery") || name.hasPrefix("jwks") }

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
            let site = try await Site(providerArguments: ["--slow-seconds", "12"])
            var accepted = 0
            var holdsDocuments = true
            for fault in faults {
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
                #expect(!page.text.contains("ID token:"), "the page tells an attacker what failed: \(fault.name)")
            }
            return isAccepted
        }
    }
}
