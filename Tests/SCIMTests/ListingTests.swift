import SCIM
import StrictJSON
import Testing

@Suite struct `A listing` {
    private static func ten() throws -> Server {
        var server = Server()
        for (index, name) in ["eve", "Bob", "alice", "dave", "Carol", "frank", "grace", "heidi", "ivan", "judy"]
            .enumerated()
        {
            _ = try server.user(name, index < 5 ? ["title": .string("t\(5 - index)")] : [:])
        }
        _ = try server.group("vowels", ["id-1", "id-3", "id-9"])
        return server
    }

    @Test(arguments: [
        ("", 10, 10, 1), ("?count=3", 3, 10, 1), ("?startIndex=9&count=5", 2, 10, 9),
        ("?startIndex=-3&count=2", 2, 10, 1),
        ("?count=0", 0, 10, 1), ("?count=-1", 0, 10, 1), ("?startIndex=11", 0, 10, 11), ("?count=100000", 10, 10, 1),
        ("?startIndex=9223372036854775807", 0, 10, 9_223_372_036_854_775_807),
        ("?filter=title pr&count=2&startIndex=4", 2, 5, 4), ("?filter=userName eq \"nobody\"", 0, 0, 1),
        ("?filter=groups.value eq \"id-11\"", 3, 3, 1), ("?filter=groups.display eq \"VOWELS\"", 3, 3, 1),
        ("?filter=userName eq \"BOB\" and title pr", 1, 1, 1), ("?FILTER=userName eq \"bob\"&unknown=1", 1, 1, 1),
    ])
    func `has pages`(_ query: String, _ items: Int, _ total: Int, _ start: Int) throws {
        var server = try Self.ten()
        let answer = try server.send("GET", "/Users\(query)")
        #expect(answer.status == 200 && answer.resources.count == items)
        #expect(answer.body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:ListResponse"])
        #expect(answer.body["totalResults"] == .integer(total) && answer.body["itemsPerPage"] == .integer(items))
        #expect(answer.body["startIndex"] == .integer(start) && answer.body["nextCursor"] == nil)
        #expect(answer.body["Resources"] != nil)
    }

    @Test(arguments: [
        ("sortBy=userName", ["alice", "Bob", "Carol", "dave", "eve", "frank", "grace", "heidi", "ivan", "judy"]),
        ("sortBy=userName&sortOrder=descending&count=2", ["judy", "ivan"]),
        ("sortBy=title&count=6", ["Carol", "dave", "alice", "Bob", "eve", "frank"]),
        ("sortBy=title&sortOrder=descending&startIndex=6&count=2", ["eve", "Bob"]), ("sortBy=nosuch&count=1", ["eve"]),
        ("sortBy=meta.created&sortOrder=descending&count=1", ["judy"]), ("sortBy=active&count=2", ["eve", "Bob"]),
        ("filter=title pr&sortBy=userName&startIndex=2&count=2", ["Bob", "Carol"]),
    ])
    func `is sorted`(_ query: String, _ names: [String]) throws {
        var server = try Self.ten()
        #expect(try server.send("GET", "/Users?\(query)").userNames == names)
    }

    @Test(arguments: [
        "", "&filter=title pr", "&sortBy=userName", "&filter=active eq true",
        "&filter=not (nickName pr)&sortBy=userName&sortOrder=descending",
    ])
    func `is walked by cursor to the end, each resource once`(_ query: String) throws {
        var server = try Self.ten()
        let whole = try server.send("GET", "/Users?count=100\(query)").userNames
        var walked: [String] = []
        var cursor: String? = ""
        while let next = cursor {
            let answer = try server.send("GET", "/Users?count=3&cursor=\(next)\(query)")
            try #require(answer.status == 200, "\(answer.body)")
            walked += answer.userNames
            #expect(answer.body["startIndex"] == nil && answer.body["totalResults"] == .integer(whole.count))
            cursor = answer.body["nextCursor"]?.stringValue
            if let cursor {
                #expect(
                    cursor.utf8.allSatisfy {
                        ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || (0x30...0x39).contains($0) || $0 == 0x2D
                            || $0 == 0x5F
                    })
            }
        }
        #expect(walked == whole)
    }

    @Test func `by cursor misses nobody when others come and go`() throws {
        var server = try Self.ten()
        let first = try server.send("GET", "/Users?count=4&cursor")
        _ = try server.send("DELETE", "/Users/id-2")
        let next = try #require(first.body["nextCursor"]?.stringValue)
        #expect(try server.send("GET", "/Users?count=2&cursor=\(next)").userNames == ["Carol", "frank"])
    }

    @Test func `refuses cursors that are not its own`() throws {
        var server = try Self.ten()
        let cursor = try #require(try server.send("GET", "/Users?count=2&cursor=").body["nextCursor"]?.stringValue)
        for path in [
            "/Users?cursor=\(cursor)x", "/Users?cursor=abc", "/Users?cursor=!", "/Groups?cursor=\(cursor)",
            "/Users?cursor=\(cursor)&filter=title pr", "/Users?cursor=\(cursor)&sortBy=title",
            "/Users?cursor=" + String(repeating: "A", count: 9999),
        ] {
            let answer = try server.send("GET", path)
            #expect(answer.status == 400 && answer.scimType == "invalidCursor", "\(path)")
        }
        for count in ["0", "-1", "x", "99999999999999999999"] {
            #expect(try server.send("GET", "/Users?cursor=\(cursor)&count=\(count)").scimType == "invalidCount")
        }
        server.now += 3_600_000
        #expect(try server.send("GET", "/Users?cursor=\(cursor)").scimType == "expiredCursor")
    }

    @Test(arguments: ["count=x", "startIndex=1.5", "count=99999999999999999999"])
    func `refuses numbers that are none`(_ query: String) throws {
        var server = Server()
        #expect(try server.send("GET", "/Users?\(query)").scimType == "invalidValue")
    }

    @Test func `is asked by POST too, for one type or all`() throws {
        var server = try Self.ten()
        let body: JSON = [
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
            "filter": "displayName sw \"V\" or userName sw \"A\"",
            "attributes": ["displayName"], "startIndex": 1, "count": 10,
        ]
        let users = try server.send("POST", "/Users/.search", body)
        #expect(users.userNames == ["alice"] && users.resources.first?.keys.sorted() == ["id", "schemas", "userName"])
        let all = try server.send("POST", "/.search", body)
        #expect(all.body["totalResults"] == 2 && all.resources.compactMap { $0["displayName"] } == ["vowels"])
        #expect(try server.send("GET", "/?count=3").body["totalResults"] == 11)
        let cursor = try #require(try server.send("POST", "/.search", ["count": 7, "cursor": ""]).body["nextCursor"])
        #expect(try server.send("POST", "/.search", ["count": 7, "cursor": cursor]).resources.count == 4)
        #expect(try server.send("POST", "/Users/.search", ["filter": 5]).scimType == "invalidValue")
        #expect(try server.send("POST", "/Users/.search", ["filter": "nosuch eq 1"]).scimType == "invalidFilter")
        #expect(try server.send("POST", "/Users/.search").scimType == "invalidSyntax")
        #expect(try server.send("GET", "/Users/.search").status == 405)
        #expect(server.effects.isEmpty)
    }

    @Test func `ends a page early when groups have too many members`() throws {
        var limits = SCIMLimits()
        limits.membersInPage = 3
        var server = Server(limits: limits)
        let users = try (0..<4).map { try server.user("u\($0)") }
        for index in 0..<3 { _ = try server.group("g\(index)", users) }
        let answer = try server.send("GET", "/Groups")
        #expect(answer.resources.count == 1 && answer.body["itemsPerPage"] == 1 && answer.body["totalResults"] == 3)
        #expect(try server.send("GET", "/Groups?excludedAttributes=members").resources.count == 3)
        let cursor = try #require(try server.send("GET", "/Groups?cursor=").body["nextCursor"]?.stringValue)
        #expect(try server.send("GET", "/Groups?cursor=\(cursor)").resources.first?["displayName"] == "g1")
    }
}
