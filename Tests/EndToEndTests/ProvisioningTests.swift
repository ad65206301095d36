import Foundation
import HTTPClient
import StrictJSON
import Synchronization
import Testing
import Walkthrough

/// A provisioning client of the site's connection, over a real socket.
private struct Provisioner: Sendable {
    let site: Site
    let token: String

    init(_ site: Site) async throws {
        self.site = site
        token = try JSONMembers(try await site.administer("scim", "token", "create", "corp")).string("token")
    }

    var baseURL: String { "\(site.url)/scim/corp/v2" }

    func send(_ method: String, _ path: String, _ body: JSON? = nil) async throws -> (status: Int, body: JSON) {
        let answer = try await site.client.answer(
            WebRequest(
                method: method, url: baseURL + path,
                headers: [("Authorization", "Bearer " + token), ("Content-Type", "application/scim+json")],
                body: body?.encoded() ?? []))
        return (answer.status, answer.body.isEmpty ? .null : try JSON(parsing: answer.body))
    }

    func createUser(_ name: String) async throws -> String {
        let answer = try await send(
            "POST", "/Users",
            ["schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": .string(name), "active": true])
        #expect(answer.status == 201, "\(answer.body)")
        return answer.body.objectValue?["id"]?.stringValue ?? ""
    }

    /// Bulk requests of 20 users each, until one is not answered.
    func sendBulks(from first: Int, _ done: Acknowledged) async {
        for bulk in first... {
            let operations = (0..<20).map { index -> JSON in
                [
                    "method": "POST", "path": "/Users", "bulkId": .string("\(index)"),
                    "data": [
                        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                        "userName": .string("b\(bulk).\(index)"),
                    ],
                ]
            }
            let answer = try? await send(
                "POST", "/Bulk",
                [
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": .array(operations),
                ])
            guard answer?.status == 200 else { return }
            done.add(bulk)
        }
    }

    /// A tool of IdPFixtures, run against the connection until it ends.
    func run(_ tool: String, by python: String) async throws -> RunningProgram.Finished {
        try await RunningProgram(
            python, [Place.fixtures.appending(path: tool).path, "--base-url", baseURL, "--token", token],
            in: site.folder.url
        ).finish(within: .seconds(600))
    }
}

/// Bulk requests that were answered.
private final class Acknowledged: Sendable {
    private let bulks = Mutex<[Int]>([])
    var all: [Int] { bulks.withLock { $0 } }
    var count: Int { all.count }
    func add(_ bulk: Int) { bulks.withLock { $0.append(bulk) } }
}

extension `The programs together` {
    @Suite(.enabled(if: Missing.forProvider == nil, "\(Missing.forProvider ?? "")"))
    struct `A server that is provisioned` {
        @Test func `answers what vendors' clients send, as they expect it`() async throws {
            let end = try await Provisioner(Site(scim: "{}")).run("scim/replay.py", by: "/usr/bin/python3")
            #expect(end.status == 0, "\(end.everything)")
        }

        @Test(
            .enabled(if: Missing.forSCIMTester == nil, "\(Missing.forSCIMTester ?? "")"),
            arguments: [
                // scim-sanity adds a member who does not exist: strict connections refuse that.
                ("scim/check_server.py", "{}"), ("scim/check_server.py", "{ strict: true }"), ("scim/probe.py", "{}"),
                ("scim/fuzz.py", "{}"),
            ])
        func `passes every check of scim2-tester, scim-sanity and schemathesis`(_ tool: String, _ scim: String)
            async throws
        {
            let end = try await Provisioner(Site(scim: scim)).run(tool, by: Missing.scimPython)
            #expect(end.status == 0, "\(end.everything)")
        }

        @Test(.enabled(if: Missing.forCanaille == nil, "\(Missing.forCanaille ?? "")"))
        func `takes people and groups from Canaille`() async throws {
            let client = try await Provisioner(Site(scim: "{}"))
            let end = try await client.run("canaille/provision.py", by: Missing.canaillePython)
            #expect(end.status == 0, "\(end.everything)")
            let status = try await client.site.administer("scim", "status").arrayValue?.first?.objectValue
            #expect(status?["users"] == 0 && status?["groups"] == 1)
        }

        @Test func `cuts off the device of somebody who is deactivated, at once`() async throws {
            let site = try await Site(scim: "{}")
            let client = try await Provisioner(site)
            let user = try await client.createUser("alice@example.com")
            let device = try await Device(site)
            try await device.signIn(at: site, user: "alice")
            let deactivated = try await client.send(
                "PATCH", "/Users/\(user)",
                [
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                    "Operations": [["op": "replace", "path": "active", "value": false]],
                ])
            #expect(deactivated.status == 200)
            // The answer is given after the transaction: nobody is signed in any more.
            #expect(try await site.administer("sessions", "list") == [])
            try await eventually("the device to be signed out") {
                try await device.ask("status").string("state") == "signed-out" ? () : nil
            }
            let shown = try await site.administer("directory", "show", "alice@example.com").arrayValue?.first?
                .objectValue
            #expect(shown?["active"] == false && shown?["open_sessions"] == 0)
            let log = try await site.administer("scim", "status").arrayValue?.first?.objectValue
            #expect(log?["users"] == 1 && log?["active"] == 0)
        }

        @Test func `keeps all that it acknowledged, and bulk requests whole or not at all, across SIGKILL`()
            async throws
        {
            let site = try await Site(scim: "{}")
            let client = try await Provisioner(site)
            let done = Acknowledged()
            for round in 0..<4 {
                let writer = Task { await client.sendBulks(from: round * 1000, done) }
                let wanted = done.count + 3 + round
                try await eventually("some bulk requests") { done.count >= wanted ? () : nil }
                try await site.killAndRestart()
                await writer.value
            }
            var found: [Int: Int] = [:]
            var start = 1
            while true {
                let page = try await client.send("GET", "/Users?startIndex=\(start)&count=1000").body.objectValue
                let resources = page?["Resources"]?.arrayValue ?? []
                for resource in resources {
                    let name = resource.objectValue?["userName"]?.stringValue?.dropFirst().prefix { $0 != "." }
                    found[name.flatMap { Int($0) } ?? -1, default: 0] += 1
                }
                guard resources.count == 1000 else { break }
                start += 1000
            }
            for bulk in done.all { #expect(found[bulk] == 20, "bulk \(bulk)") }
            #expect(found.values.allSatisfy { $0 == 20 })
        }
    }
}
