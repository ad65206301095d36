import Gateway
import Identity
import Store
import StoreSQLite
import StrictJSON
import Testing

@Suite struct `A provisioning request` {
    private static func client() async throws -> (GatewayHarness, ProvisioningClient) {
        let harness = try await GatewayHarness(scim: ProvisioningConfiguration())
        return (harness, try await ProvisioningClient(harness))
    }

    @Test func `without a valid token of its connection gets one and the same answer`() async throws {
        let (harness, client) = try await Self.client()
        let other = try await ProvisioningClient(harness, connection: "other")
        let administration = harness.gateway.provisioningAdministration
        let short = try await administration.createToken(of: "corp", called: "short", lifetime: 10)
        let revoked = try await administration.createToken(of: "corp", called: "gone", lifetime: nil)
        _ = try await administration.revokeToken(of: "corp", id: revoked.objectValue?["id"]?.stringValue ?? "")
        harness.clock.advance(10)
        func token(_ made: JSON) -> String { "Bearer " + (made.objectValue?["token"]?.stringValue ?? "") }
        let cases: [(path: String, authorization: [String])] = [
            ("/scim/corp/v2/Users", []), ("/scim/corp/v2/Users", ["Bearer "]), ("/scim/corp/v2/Users", ["Bearer x"]),
            ("/scim/corp/v2/Users", ["Basic " + client.token]), ("/scim/corp/v2/Users", [token(short)]),
            ("/scim/corp/v2/Users", [token(revoked)]), ("/scim/corp/v2/Users", ["Bearer " + other.token]),
            ("/scim/other/v2/Users", ["Bearer " + client.token]), ("/scim/none/v2/Me", ["Bearer " + client.token]),
            ("/scim/corp/v2", ["Bearer " + client.token, "Bearer " + client.token]),
            ("/scim/corp/v2/Users", ["Bearer " + String(repeating: "x", count: 2000)]),
        ]
        var bodies: Set<[UInt8]> = []
        for (path, authorization) in cases {
            let answer = try await harness.answer(
                "GET", path, headers: authorization.map { ("Authorization", $0) }, body: [])
            #expect(answer.status == 401, "\(authorization)")
            #expect(answer.headers.contains { $0.name.lowercased() == "www-authenticate" })
            bodies.insert(answer.body)
        }
        #expect(bodies.count == 1)
        #expect(try await client.send("GET", "/Users").status == 200)
        #expect(
            try await harness.answer(
                "GET", "/scim/corp/v2/Users", headers: [("authorization", "bearer " + client.token)], body: []
            ).status == 200)
        #expect(!harness.log.text.contains(client.token))
    }

    @Test func `may use the old token beside the new one until the overlap is over`() async throws {
        let (harness, old) = try await Self.client()
        let administration = harness.gateway.provisioningAdministration
        var new = old
        harness.clock.advance(1)
        let rotated = try await administration.rotateToken(of: "corp", id: nil, overlap: 60)
        new.token = try #require(rotated.objectValue?["token"]?.stringValue)
        #expect(new.token != old.token)
        for client in [old, new] { #expect(try await client.send("GET", "/Users").status == 200) }
        await #expect(throws: ProvisioningAdministration.Failure.self) {
            try await administration.rotateToken(of: "corp", id: nil, overlap: 60)
        }
        harness.clock.advance(60)
        #expect(try await old.send("GET", "/Users").status == 401)
        #expect(try await new.send("GET", "/Users").status == 200)
        let listed = try await administration.tokens(of: "corp")
        #expect(listed.arrayValue?.compactMap { $0.objectValue?["state"]?.stringValue } == ["expired", "valid"])
        #expect(!listed.encodedText().contains(new.token))
        let stored = try await harness.store.read { try $0.provisioningTokens(of: #require(ProviderID("corp"))) }
        #expect(stored.allSatisfy { $0.hash.count == 32 && $0.lastUsedAt != nil })
        for wrong in ["", "nobody"] {
            await #expect(throws: ProvisioningAdministration.Failure.self) {
                try await administration.tokens(of: wrong)
            }
            await #expect(throws: ProvisioningAdministration.Failure.self) {
                try await administration.revokeToken(of: "corp", id: wrong)
            }
        }
    }

    @Test func `sees its own connection alone`() async throws {
        let (harness, corp) = try await Self.client()
        let other = try await ProvisioningClient(harness, connection: "other")
        let user = try await corp.createUser("same@example.com", external: "1")
        let group = try await corp.createGroup("Staff", [user])
        let theirs = try await other.createUser("same@example.com", external: "1")
        let theirGroup = try await other.createGroup("Staff", [user, theirs])
        #expect(try await other.send("GET", "/Groups/\(theirGroup)")["members"].arrayValue?.count == 1)
        for path in ["/Users/\(user)", "/Groups/\(group)"] {
            for method in ["GET", "PUT", "PATCH", "DELETE"] {
                let body: JSON? = ["GET", "DELETE"].contains(method) ? nil : ["userName": "x"]
                #expect(try await other.send(method, path, body).status == 404)
            }
        }
        #expect(try await other.send("GET", "/Users").total == 1)
        #expect(try await corp.send("GET", "/Users?filter=userName%20eq%20%22SAME@example.com%22").total == 1)
        #expect(try await corp.send("GET", "/Users?filter=userName+eq+%22nobody%22").total == 0)
    }

    @Test(arguments: [("a+b@example.com", "a+b@example.com"), ("a%2Bb@example.com", "a+b@example.com")])
    func `may write a plus as it is when it writes spaces as escapes`(_ written: String, _ name: String) async throws {
        let (_, client) = try await Self.client()
        _ = try await client.createUser(name)
        #expect(try await client.send("GET", "/Users?filter=userName%20eq%20%22\(written)%22").total == 1)
    }

    @Test func `is refused for hostile paths, queries and bodies without a 5xx`() async throws {
        let (_, client) = try await Self.client()
        let deep = String(repeating: "[", count: 100_000)
        let parentheses = String(repeating: "(", count: 400_000)
        let cases: [(method: String, path: String, body: String, statuses: Set<Int>)] = [
            ("GET", "/Users/a%0D%0Ab", "", [404]), ("GET", "/Users/..%2F..", "", [404]),
            ("GET", "/Users/%00", "", [404]),
            ("GET", "/Users/%zz", "", [404]), ("GET", "/Users/%FF", "", [404]), ("DELETE", "/Users/a/b/c", "", [404]),
            ("GET", "/Users?filter=%zz", "", [400]), ("GET", "/Users?filter=(((", "", [400]),
            ("GET", "/Users?filter=" + String(repeating: "(", count: 1000), "", [400]),
            ("GET", "/Users?filter=" + parentheses, "", [400]),
            ("GET", "/Users?filter=" + String(repeating: "a", count: 17_000), "", [400]),
            ("POST", "/Users/.search", "{\"filter\":\"\(parentheses)\"}", [400]),
            ("POST", "/Users", deep, [400]), ("POST", "/Users", "{\"userName\":\"a\",\"userName\":\"b\"}", [400]),
            ("POST", "/Users", "", [400]), ("POST", "/Users", String(repeating: " ", count: 10 << 20), [413]),
            ("GET", "/Me", "", [501]), ("POST", "/Me", "{}", [501]),
        ]
        for (method, path, body, statuses) in cases {
            let answer = try await client.send(method, path, bytes: Array(body.utf8))
            #expect(statuses.contains(answer.status), "\(method) \(path.prefix(40)): \(answer.status)")
            #expect(answer["schemas"].arrayValue == ["urn:ietf:params:scim:api:messages:2.0:Error"])
            #expect(answer["status"].stringValue == String(answer.status))
        }
        let declared = try await client.send("POST", "/Users", bytes: [], headers: [("Content-Length", "10485760")])
        #expect(declared.status == 413 && declared.headers["connection"] == "close")
    }

    @Test func `does not grow a resource beyond its limit by small steps`() async throws {
        let (_, client) = try await Self.client()
        let user = try await client.createUser("big@example.com")
        var statuses: [Int] = []
        for attribute in ["emails", "phoneNumbers"] {
            let values = (0..<200).map {
                JSON.object(["value": .string("\($0)" + String(repeating: "x", count: 4000))])
            }
            statuses.append(
                try await client.patch(
                    "/Users/\(user)", [["op": "add", "path": .string(attribute), "value": .array(values)]]
                ).status)
        }
        #expect(statuses == [200, 413])
        #expect(try await client.send("GET", "/Users/\(user)").status == 200)
    }

    @Test func `loses no update to another writer: by an entity tag an error, without one both take effect`()
        async throws
    {
        let (_, client) = try await Self.client()
        let user = try await client.createUser("a@example.com")
        let tag = try #require(try await client.send("GET", "/Users/\(user)").headers["etag"])
        let patches: [[JSON]] = [
            [["op": "add", "path": "title", "value": "T"]], [["op": "add", "path": "nickName", "value": "N"]],
        ]
        let first = try await client.patch("/Users/\(user)", patches[0], headers: [("If-Match", tag)])
        let second = try await client.patch("/Users/\(user)", patches[1], headers: [("If-Match", tag)])
        #expect(first.status == 200 && second.status == 412)
        #expect(try await client.send("GET", "/Users/\(user)", headers: [("If-None-Match", tag)]).status == 200)
        let now = try #require(first.headers["etag"])
        #expect(try await client.send("GET", "/Users/\(user)", headers: [("If-None-Match", now)]).status == 304)
        try await client.patch("/Users/\(user)", patches[1])
        let read = try await client.send("GET", "/Users/\(user)")
        #expect(read["title"] == "T" && read["nickName"] == "N")
        let group = try await client.createGroup("Staff")
        let users = try await withThrowingTaskGroup { tasks in
            for number in 0..<20 {
                tasks.addTask {
                    let id = try await client.createUser("m\(number)@example.com")
                    try await client.add(id, to: group)
                    return id
                }
            }
            return try await tasks.reduce(into: Set<String>()) { $0.insert($1) }
        }
        let members = try await client.send("GET", "/Groups/\(group)")["members"].arrayValue ?? []
        #expect(Set(members.compactMap { $0.objectValue?["value"]?.stringValue }) == users)
    }

    @Test func `is served at 2,000 a second, and told to wait beyond 10,000 at once`() async throws {
        let (harness, client) = try await Self.client()
        let other = try await ProvisioningClient(harness, connection: "other")
        for _ in 0..<10_000 { #expect(try await client.send("GET", "/ServiceProviderConfig").status == 200) }
        let refused = try await client.send("GET", "/ServiceProviderConfig")
        #expect(refused.status == 429 && refused.headers["retry-after"] == "1")
        #expect(refused["detail"].stringValue?.contains("2000 requests a second") == true)
        #expect(try await other.send("GET", "/ServiceProviderConfig").status == 200)
        for _ in 0..<2 {
            harness.clock.advance(1)
            for _ in 0..<2_000 { #expect(try await client.send("GET", "/ServiceProviderConfig").status == 200) }
        }
    }

    @Test func `leaves what it changed, and why it was refused, in the sync log of its connection`() async throws {
        let (harness, client) = try await Self.client()
        let user = try await client.createUser("a@example.com")
        try await client.patch("/Users/\(user)", [["op": "Replace", "path": "active", "value": "False"]])
        try await client.send("GET", "/Users?filter=wrong")
        try await client.send("GET", "/Users")
        try await client.send("POST", "/Users", ["userName": "A@example.com"])
        let administration = harness.gateway.provisioningAdministration
        let lines = try #require(try await administration.log(of: "corp", after: nil, limit: 10).arrayValue)
        #expect(lines.map { $0.objectValue?["method"]?.stringValue } == ["POST", "PATCH", "GET", "POST"])
        #expect(lines.map { $0.objectValue?["status"]?.integerValue } == [201, 200, 400, 409])
        #expect(lines[1].objectValue?["changes"]?.arrayValue?.first == "active: true → false")
        #expect(lines[1].objectValue?["notes"]?.arrayValue?.isEmpty == false)
        #expect(lines[2].objectValue?["refusal"]?.stringValue?.hasPrefix("invalidFilter") == true)
        #expect(lines[3].objectValue?["refusal"]?.stringValue?.hasPrefix("uniqueness") == true)
        let second = try #require(lines[1].objectValue?["sequence"]?.integerValue)
        #expect(try await administration.log(of: "corp", after: second, limit: 10).arrayValue?.count == 2)
        #expect(try await administration.log(of: "other", after: nil, limit: 10) == [])
        let status = try #require(try await administration.status(of: "corp").arrayValue?.first?.objectValue)
        #expect(status["users"] == 1 && status["active"] == 0 && status["last_contact"] == .integer(harness.clock.now))
    }

    @Test func `without a right token is limited by address, before anything is read or logged`() async throws {
        let (harness, client) = try await Self.client()
        func ask(_ path: String, _ token: String) async throws -> (status: Int, wait: String?) {
            let answer = try await harness.answer(
                path.hasSuffix("token") ? "POST" : "GET", path,
                headers: [
                    ("Authorization", "Bearer " + token), ("Content-Type", "application/x-www-form-urlencoded"),
                ], body: [])
            return (answer.status, answer.headers.first { $0.name.lowercased() == "retry-after" }?.value)
        }
        #expect(try await ask("/scim/corp/v2/Users", client.token).status == 200)
        for _ in 0..<60 { #expect(try await ask("/scim/corp/v2/Users", "wrong").status == 401) }
        for _ in 0..<40 { #expect(try await ask("/scim/corp/token", "wrong").status == 401) }
        let lines = harness.log.text
        for path in ["/scim/corp/v2/Users", "/scim/corp/token", "/scim/none/v2/Users"] {
            let answer = try await ask(path, "wrong")
            #expect(answer.status == 429 && answer.wait == "1")
        }
        #expect(harness.log.text == lines)
        // Who has shown a right token does not wait behind its neighbour.
        #expect(try await ask("/scim/corp/v2/Users", client.token).status == 200)
        let administration = harness.gateway.provisioningAdministration
        let id = try #require(try await administration.tokens(of: "corp").arrayValue?.first?.objectValue?["id"])
        _ = try await administration.revokeToken(of: "corp", id: id.stringValue ?? "")
        #expect(try await ask("/scim/corp/v2/Users", client.token).status == 401)
        #expect(try await ask("/scim/corp/v2/Users", client.token).status == 429)
        harness.clock.advance(1)
        #expect(try await ask("/scim/corp/v2/Users", "wrong").status == 401)
    }

    @Test func `that never came to the directory is in the sync log, one line a minute`() async throws {
        let (harness, client) = try await Self.client()
        let administration = harness.gateway.provisioningAdministration
        func log(after sequence: Int = 0) async throws -> [(status: Int?, refusal: String)] {
            let lines = try await administration.log(of: "corp", after: sequence, limit: 100).arrayValue ?? []
            return lines.map {
                ($0.objectValue?["status"]?.integerValue, $0.objectValue?["refusal"]?.stringValue ?? "")
            }
        }
        let large = [UInt8](repeating: 0x20, count: (1 << 20) + 1)
        for _ in 0..<50 { #expect(try await client.send("POST", "/Users", bytes: large).status == 413) }
        for _ in 0..<3 { #expect(try await client.send("GET", "/Users?filter=%zz").status == 400) }
        #expect(try await log().map(\.status) == [413, 400])
        harness.clock.advance(60)
        #expect(try await client.send("POST", "/Users", bytes: large).status == 413)
        let lines = try await log()
        #expect(lines.map(\.status) == [413, 400, 400, 413])
        #expect(lines.last?.refusal.hasSuffix("; 50 requests like it since the last line") == true, "\(lines)")
        for _ in 0..<10_000 { _ = try await client.send("GET", "/ServiceProviderConfig") }
        #expect(try await client.send("GET", "/ServiceProviderConfig").status == 429)
        #expect(try await log().last?.status == 429)
    }

    @Test func `is not for a token that lives longer than anybody means`() async throws {
        let (harness, client) = try await Self.client()
        let administration = harness.gateway.provisioningAdministration
        for lifetime in [Int.max, Int.max - harness.clock.now, -1, 40_000 * 86_400] {
            await #expect(throws: ProvisioningAdministration.Failure.self) {
                try await administration.createToken(of: "corp", called: "x", lifetime: lifetime)
            }
            await #expect(throws: ProvisioningAdministration.Failure.self) {
                try await administration.rotateToken(of: "corp", id: nil, overlap: lifetime)
            }
        }
        #expect(try await client.send("GET", "/Users").status == 200)
        let days = [("soon", 14, "ending"), ("later", 15, "valid")]
        for (name, count, state) in days {
            _ = try await administration.createToken(of: "corp", called: name, lifetime: count * 86_400)
            let listed = try await administration.tokens(of: "corp").arrayValue ?? []
            let token = listed.first { $0.objectValue?["name"] == .string(name) }
            #expect(token?.objectValue?["state"] == .string(state))
        }
    }

    @Test func `and a sign-in are told apart in the directory, fact by fact`() async throws {
        let (harness, client) = try await Self.client()
        let user = try await client.createUser("alice@example.com", external: "alice")
        _ = try await client.createGroup("Staff", [user, try await client.createUser("bob@example.com")])
        var device = try harness.device()
        _ = try await harness.signedIn(&device)
        let administration = harness.gateway.provisioningAdministration
        let rows = try #require(try await administration.directoryList(connection: nil, limit: 10).arrayValue)
        #expect(rows.map { $0.objectValue?["name"] } == ["alice@example.com", "bob@example.com"])
        #expect(rows.map { $0.objectValue?["sources"] } == [["scim", "sign-in"], ["scim"]])
        #expect(try await administration.directoryList(connection: "corp", limit: 1).arrayValue?.count == 1)
        for name in ["ALICE@example.com", user, try #require(try await harness.people().first).id.text] {
            let shown = try #require(try await administration.directoryShow(name).arrayValue)
            #expect(shown.count == 1)
            let facts = shown.first?.objectValue?["facts"]?.objectValue
            #expect(facts?["userName"] == ["value": "alice@example.com", "source": "scim"])
            #expect(facts?["subject"] == ["value": "alice", "source": "sign-in"])
            #expect(shown.first?.objectValue?["groups"] == [["group": "Staff", "sources": ["scim"]]])
        }
        await #expect(throws: ProvisioningAdministration.Failure.self) { try await administration.directoryShow("x") }
    }
}
