import SCIM
import StrictJSON
import Testing

@Suite struct `A hostile request` {
    /// Text, how often, status and type.
    @Test(
        arguments: [
            ("{\"a\":1,\"a\":2}", 1, 400, "invalidSyntax"), ("{", 1, 400, "invalidSyntax"),
            ("", 1, 400, "invalidSyntax"),
            (#"{"userName":"a","n":{"x":1,"x":2}}"#, 1, 400, "invalidSyntax"), ("null", 1, 400, "invalidSyntax"),
            (#"{"userName":"\ud800"}"#, 1, 400, "invalidSyntax"), ("[", 100_000, 400, "invalidSyntax"),
            (#"{"a":"#, 100_000, 400, "invalidSyntax"), (" ", 10 << 20, 413, nil),
        ] as [(String, Int, Int, String?)])
    func `body is refused in the RFC's words`(_ text: String, _ times: Int, _ status: Int, _ type: String?) throws {
        let bytes = Array(String(repeating: text, count: times).utf8)
        for (method, path) in [
            ("POST", "/Users"), ("PUT", "/Users/id-1"), ("PATCH", "/Users/id-1"), ("POST", "/Bulk"),
            ("POST", "/.search"),
        ] {
            var server = Server()
            _ = try server.user("a")
            let answer = try server.send(method, path, bytes: bytes)
            #expect(answer.status == status && answer.scimType == type, "\(method) \(path) \(answer.body)")
            #expect(server.directory.rowsWritten == 0 && server.effects.isEmpty && server.log.count == 1)
        }
    }

    @Test(arguments: [
        "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data; boundary=json",
    ])
    func `type is refused`(_ type: String) throws {
        var server = Server()
        #expect(try server.send("POST", "/Users", ["userName": "a"], contentType: type).status == 415)
    }

    @Test(arguments: [
        nil, "", "application/scim+json", "application/json", "Application/JSON; charset=utf-8",
        "application/scim+json;charset=utf-8",
    ])
    func `is not one with these types`(_ type: String?) throws {
        var server = Server()
        #expect(try server.send("POST", "/Users", ["userName": "a"], contentType: type).status == 201)
    }

    @Test(arguments: [
        "a\r\nSet-Cookie: x", "a\u{0}b", "../../etc", "a/b", "%2e%2e", " ", "ü", "\u{202E}x",
        String(repeating: "a", count: 5000), ".search.", "*",
    ])
    func `id is not found and in no header`(_ id: String) throws {
        var server = Server()
        let group = try server.group("g")
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let body: JSON? = method == "GET" || method == "DELETE" ? nil : ["userName": "a", "Operations": []]
            let answer = try server.send(
                SCIMRequest(method: method, path: ["Users", id], body: body?.encoded() ?? []))
            #expect(answer.status == 404 && answer.headers.isEmpty)
            #expect(answer.detail.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202E })
            #expect(server.log.allSatisfy { $0.path.utf8.allSatisfy { $0 >= 0x20 } })
        }
        let members: JSON = ["op": "add", "path": "members", "value": [["value": .string(id)]]]
        #expect(try server.patch("/Groups/\(group)", members).status == 200)
        #expect(server.directory.memberIDs(group).isEmpty)
    }

    @Test(arguments: [
        ("GET", "/nosuch", 404), ("GET", "/Users/id-1/more", 404), ("POST", "/Users/id-1", 405), ("PUT", "/Users", 405),
        ("DELETE", "/Groups", 405), ("TRACE", "/Users", 405), ("get", "/Users", 405), ("PATCH", "/.search", 405),
        ("POST", "/", 405),
    ])
    func `goes nowhere`(_ method: String, _ path: String, _ status: Int) throws {
        var server = Server()
        _ = try server.user("a")
        let answer = try server.send(method, path, ["userName": "b"])
        #expect(answer.status == status && answer.body["status"] == .string(String(status)), "\(answer.body)")
        #expect((answer.headers["Allow"] != nil) == (status == 405))
    }

    @Test func `detail shows no control characters and is short`() throws {
        var server = Server()
        let answer = try server.send("GET", "/Users?filter=\u{1B}[31m\r\n" + String(repeating: "x", count: 5000))
        #expect(answer.scimType == "invalidFilter" && answer.detail.utf8.count < 500)
        #expect(answer.detail.utf8.allSatisfy { $0 >= 0x20 })
    }

    @Test func `filter of any bytes is answered`() throws {
        var server = Server()
        _ = try server.user("a")
        let pieces = [
            "(", ")", "[", "]", "not ", "and ", "or ", "userName", " eq ", "\"a\"", "\"", "\\", " pr", "emails", ".",
            ":", " ", "5", "true", "\u{0}", "é",
        ]
        var state: UInt64 = 42
        for _ in 0..<3000 {
            var text = ""
            for _ in 0..<12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += pieces[Int(state >> 33) % pieces.count]
            }
            let answer = try server.send("GET", "/Users?filter=" + text.replacing("&", with: ""))
            #expect(answer.status == 200 || answer.scimType == "invalidFilter", "\(text)")
            let patch = try server.patch("/Users/id-1", ["op": "add", "path": .string(text), "value": "x"])
            #expect([200, 400].contains(patch.status), "\(text)")
        }
    }
}

@Suite struct `Text` {
    @Test(arguments: [("a b/ü\r\n", "a%20b%2F%C3%BC%0D%0A"), ("az-AZ_09.~", "az-AZ_09.~"), ("%\u{0}", "%25%00")])
    func `is percent-encoded for addresses`(_ text: String, _ encoded: String) {
        #expect(SCIMText.percentEncoded(text) == encoded)
    }

    @Test(arguments: SCIMErrorType.allCases)
    func `of an error says its type and status`(_ type: SCIMErrorType) {
        let error = SCIMError(type, "why")
        #expect(
            error.json == [
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "scimType": .string(type.rawValue),
                "status": type == .uniqueness ? "409" : "400", "detail": "why",
            ])
    }
}

@Suite struct `A request` {
    @Test(arguments: [
        ("GET", "/Users", false), ("POST", "/Users/.search", false), ("POST", "/.SEARCH", false),
        ("POST", "/Users", true),
        ("PATCH", "/Users/1", true), ("DELETE", "/Users/1", true), ("POST", "/Bulk", true), ("BREW", "/Users", true),
    ])
    func `says whether it needs a write transaction`(_ method: String, _ path: String, _ mayWrite: Bool) {
        let request = SCIMRequest(method: method, path: path.split(separator: "/").map(String.init))
        #expect(SCIMService.mayWrite(request) == mayWrite)
    }

    @Test func `leaves a line in the sync log that names no values`() throws {
        var server = Server()
        _ = try server.user("alice", ["title": "Secret Title"])
        let line = try #require(server.log.first)
        #expect(line.method == "POST" && line.path == "/Users" && line.status == 201 && line.resource == "Users/id-1")
        #expect(line.changes == ["active", "title", "userName"] && line.notes.isEmpty && line.refusal == nil)
        _ = try server.send("GET", "/Users/id-2")
        #expect(server.log.first?.refusal == "User id-2 does not exist")
    }
}
