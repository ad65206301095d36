import SCIM
import StrictJSON
import Testing

private func post(_ path: String, _ bulkID: String?, _ data: JSON) -> JSON {
    var operation: [String: JSON] = ["method": "POST", "path": .string(path), "data": data]
    if let bulkID { operation["bulkId"] = .string(bulkID) }
    return .object(operation)
}

@Suite struct `A bulk request` {
    private static func send(
        _ server: inout Server, _ operations: [JSON], failOnErrors: JSON? = nil
    ) throws -> (answer: Answer, results: [[String: JSON]]) {
        var body: [String: JSON] = [
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": .array(operations),
        ]
        body["failOnErrors"] = failOnErrors
        let answer = try server.send("POST", "/Bulk", .object(body))
        return (answer, answer.body["Operations"]?.arrayValue?.compactMap(\.objectValue) ?? [])
    }

    @Test func `makes, changes and deletes, and answers in the order of the request`() throws {
        var server = Server()
        let old = try server.user("old")
        let (answer, results) = try Self.send(
            &server,
            [
                post(
                    "/Groups", "g",
                    ["displayName": "crew", "members": [["value": "bulkId:a"], ["value": .string(old)]]]),
                post("/Users", "a", ["userName": "alice", "manager": "bulkId:b"]),
                post("/Users", "b", ["userName": "bob", "manager": "bulkId:a"]),
                [
                    "method": "PATCH", "path": "/Users/bulkId:b",
                    "data": ["Operations": [["op": "add", "path": "title", "value": "Boss"]]],
                ],
                [
                    "method": "put", "path": .string("/Users/\(old)"), "version": #"W/"1""#,
                    "data": ["userName": "older"],
                ],
                ["method": "DELETE", "path": .string("/Users/\(old)")],
            ])
        #expect(
            answer.status == 200 && answer.body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"])
        #expect(results.map { $0["status"] } == ["201", "201", "201", "200", "200", "204"])
        #expect(results.map { $0["bulkId"] } == ["g", "a", "b", nil, nil, nil])
        #expect(results.allSatisfy { $0["response"] == nil })
        let location = try #require(results[0]["location"]?.stringValue)
        let group = try server.send("GET", String(location.dropFirst(Server.base.count)))
        #expect(group.count("members") == 1, "the deleted one is out again")
        let bob = try #require(try server.send("GET", "/Users?filter=userName eq \"bob\"").resources.first)
        let alice = try #require(try server.send("GET", "/Users?filter=userName eq \"alice\"").resources.first)
        #expect(bob["title"] == "Boss")
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
        #expect(alice[enterprise] == ["manager": ["value": bob["id"] ?? nil]])
        #expect(bob[enterprise] == ["manager": ["value": alice["id"] ?? nil]])
    }

    @Test func `fails by operation, not as a whole`() throws {
        var server = Server()
        let (answer, results) = try Self.send(
            &server,
            [
                post("/Users", "a", ["userName": "same"]), post("/Users", "b", ["userName": "SAME"]),
                post("/Groups", "g", ["displayName": "g", "members": [["value": "bulkId:b"]]]),
                ["method": "PATCH", "path": "/Users/bulkId:zzz", "data": ["Operations": []]],
                ["method": "DELETE", "path": "/Users/nobody"], ["method": "GET", "path": "/Users"],
                ["method": "POST", "path": "/Users/.search", "data": [:]],
                ["method": "POST", "path": "/Bulk", "data": [:]],
                ["method": "PUT", "path": "/Users/bulkId:a", "version": "W/\"9\"", "data": ["userName": "x"]],
                post("/Users", nil, ["userName": "ok"]),
            ])
        #expect(answer.status == 200)
        #expect(
            results.map { $0["status"]?.stringValue } == [
                "201", "409", "409", "400", "404", "405", "404", "404", "412", "201",
            ])
        let refusals = results.compactMap { $0["response"]?.objectValue }
        #expect(refusals.count == 8 && refusals[0]["scimType"] == "uniqueness")
        #expect(server.log.count == 10 && server.log.filter { $0.refusal != nil }.count == 8)
        #expect(server.effects.count == 2 && server.directory.userCount == 2)
    }

    @Test func `stops at failOnErrors`() throws {
        var server = Server()
        let (_, results) = try Self.send(
            &server,
            [
                post("/Users", "a", [:]), post("/Users", "b", ["userName": "b"]), post("/Users", "c", [:]),
                post("/Users", "d", ["userName": "d"]),
            ],
            failOnErrors: 2)
        #expect(results.map { $0["status"] } == ["400", "201", "400"] && server.directory.userCount == 1)
    }

    @Test func `of too many operations or bytes is refused`() throws {
        var limits = SCIMLimits()
        limits.bulkOperations = 2
        limits.body = 2000
        var server = Server(limits: limits)
        let one = post("/Users", nil, ["userName": "u"])
        let (answer, _) = try Self.send(&server, [one, one, one])
        #expect(
            answer.status == 413 && answer.detail.contains("maxOperations") && answer.detail.contains("maxPayloadSize"))
        let long = try server.send("POST", "/Bulk", bytes: Array(repeating: 0x20, count: 2001))
        #expect(long.status == 413 && server.directory.userCount == 0)
    }

    @Test(
        arguments: [
            [:], ["Operations": 5], ["Operations": [5]], ["Operations": [["method": "POST"]]],
            ["Operations": [], "failOnErrors": 0],
            [
                "Operations": [
                    ["method": "POST", "path": "/Users", "bulkId": "a"],
                    ["method": "POST", "path": "/Users", "bulkId": "a"],
                ]
            ],
        ] as [JSON])
    func `that is none is refused`(_ body: JSON) throws {
        var server = Server()
        #expect(try server.send("POST", "/Bulk", body).status == 400)
        #expect(try server.send("GET", "/Bulk").status == 405)
    }

    @Test func `follows a chain of a thousand references`() throws {
        var server = Server()
        let operations = (0..<1000).map { index in
            post(
                "/Users", "\(index)",
                ["userName": .string("u\(index)"), "manager": .string("bulkId:\((index + 1) % 1000)")])
        }
        let (_, results) = try Self.send(&server, operations)
        #expect(results.count == 1000 && results.allSatisfy { $0["status"] == "201" })
    }
}
