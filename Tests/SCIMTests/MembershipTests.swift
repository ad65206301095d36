import SCIM
import StrictJSON
import Testing

@Suite struct `A group's members` {
    /// Members before are id-1 and id-2 of three users; what an operation makes of them.
    @Test(
        arguments: [
            (["op": "add", "path": "members", "value": [["value": "id-3"]]], ["id-1", "id-2", "id-3"]),
            (["op": "add", "path": "members", "value": [["value": "id-1"], ["value": "id-1"]]], ["id-1", "id-2"]),
            (["op": "add", "value": ["members": [["value": "id-3", "$ref": nil]]]], ["id-1", "id-2", "id-3"]),
            (["op": "add", "path": "members", "value": "id-3"], ["id-1", "id-2", "id-3"]),
            (["op": "add", "path": "members", "value": ["id-3"]], ["id-1", "id-2", "id-3"]),
            (["op": "add", "path": "members", "value": ["value": "id-3"]], ["id-1", "id-2", "id-3"]),
            (["op": "add", "path": #"members[value eq "id-3"]"#, "value": [:]], ["id-1", "id-2", "id-3"]),
            (["op": "remove", "path": #"members[value eq "id-1"]"#], ["id-2"]),
            (["op": "remove", "path": #"members[value eq "id-1" or value eq "id-2"]"#], []),
            (["op": "remove", "path": #"members[value eq "id-1"].value"#], ["id-2"]),
            (["op": "remove", "path": #"members[display eq "User 2"]"#], ["id-1"]),
            (["op": "remove", "path": #"members[type eq "User"]"#], []),
            (["op": "remove", "path": #"members[value eq "nobody"]"#], ["id-1", "id-2"]),
            (["op": "remove", "path": "members", "value": [["value": "id-2"], ["value": "nobody"]]], ["id-1"]),
            (["op": "remove", "path": "members", "value": []], ["id-1", "id-2"]),
            (["op": "remove", "path": "members"], []),
            (["op": "replace", "path": "members", "value": []], []),
            (
                ["op": "replace", "path": "members", "value": [["value": "id-3"], ["value": "id-1"]]], ["id-1", "id-3"]
            ),
            (["op": "replace", "value": ["displayName": "new", "members": [["value": "id-2"]]]], ["id-2"]),
            (["op": "replace", "path": #"members[value eq "id-1"]"#, "value": ["value": "id-3"]], ["id-2", "id-3"]),
            (
                ["op": "add", "path": "members", "value": [["value": "nobody"], ["value": "id-3"]]],
                ["id-1", "id-2", "id-3"]
            ),
            (["op": "add", "path": "members", "value": [["value": "a\r\nb/../\u{0}"]]], ["id-1", "id-2"]),
        ] as [(JSON, Set<String>)])
    func `are what a PATCH makes of them`(_ operation: JSON, _ expected: Set<String>) throws {
        var server = try Self.three()
        let answer = try server.patch("/Groups/id-4", operation)
        #expect(answer.status == 200, "\(answer.body)")
        #expect(server.directory.memberIDs("id-4") == expected)
        #expect(answer.count("members") == expected.count)
        let before: Set = ["id-1", "id-2"]
        for effect in server.effects {
            switch effect {
            case .membersAdded(_, let users): #expect(Set(users) == expected.subtracting(before))
            case .membersRemoved(_, let users): #expect(Set(users) == before.subtracting(expected))
            default: #expect(effect == .groupRenamed(id: "id-4", from: "crew", to: "new"))
            }
        }
        #expect(server.effects.isEmpty == (expected == before))
    }

    @Test(
        arguments: [
            (["op": "add", "path": "members"], .invalidValue),
            (["op": "add", "path": "members", "value": [5]], .invalidValue),
            (["op": "add", "path": "members", "value": [["display": "x"]]], .invalidValue),
            (["op": "replace", "path": "members", "value": [["value": "nobody"]]], .invalidValue),
            (["op": "replace", "path": #"members[value eq "id-1"].value"#, "value": "id-3"], .mutability),
            (["op": "replace", "path": "members.type", "value": "x"], .mutability),
            (["op": "remove", "path": "displayName"], .mutability),
            (["op": "remove", "path": #"members[nosuch eq "x"]"#], .invalidFilter),
            (["op": "add", "path": #"members[type eq "User"]"#, "value": [:]], .noTarget),
        ] as [(JSON, SCIMErrorType)])
    func `stay when a PATCH is refused`(_ operation: JSON, _ type: SCIMErrorType) throws {
        var server = try Self.three()
        let answer = try server.patch(
            "/Groups/id-4", ["op": "add", "path": "members", "value": [["value": "id-3"]]], operation)
        #expect(answer.status == 400 && answer.scimType == type.rawValue, "\(answer.body)")
        #expect(server.directory.memberIDs("id-4") == ["id-1", "id-2"] && server.directory.rowsWritten == 0)
    }

    @Test func `who do not exist are noted, or refused when strict`() throws {
        var server = try Self.three()
        _ = try server.patch("/Groups/id-4", ["op": "add", "path": "members", "value": [["value": "nobody"]]])
        #expect(server.log.first?.notes == ["members: nobody does not exist, left out"])
        server.service = Server(.strict).service
        let answer = try server.patch("/Groups/id-4", ["op": "add", "path": "members", "value": [["value": "nobody"]]])
        #expect(answer.status == 400 && answer.scimType == "invalidValue")
        let put = try server.send(
            "PUT", "/Groups/id-4",
            [
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "crew",
                "members": [["value": "id-1"], ["value": "x"]],
            ])
        #expect(put.status == 400 && server.directory.memberIDs("id-4") == ["id-1", "id-2"])
    }

    @Test func `are stored once, whoever names them 500 times`() throws {
        var server = try Self.three()
        let many = JSON.array(Array(repeating: ["value": "id-3"], count: 500))
        _ = try server.patch("/Groups/id-4", ["op": "add", "path": "members", "value": many])
        #expect(server.directory.memberIDs("id-4").count == 3)
        #expect(server.effects == [.membersAdded(group: "id-4", users: ["id-3"])])
    }

    @Test func `removed and added again in one request have not changed`() throws {
        var server = try Self.three()
        _ = try server.patch(
            "/Groups/id-4", ["op": "remove", "path": "members"],
            ["op": "add", "path": "members", "value": [["value": "id-2"], ["value": "id-1"]]])
        #expect(server.effects.isEmpty)
        #expect(try server.send("GET", "/Groups/id-4").headers["ETag"] == #"W/"1""#)
    }

    @Test func `are kept or cleared by a PUT without them, as configured`() throws {
        var server = try Self.three()
        #expect(try server.send("PUT", "/Groups/id-4", ["displayName": "a"]).count("members") == 2)
        var leniency = Leniency.liberal
        leniency.omittedMembers = .clear
        server.service = Server(leniency).service
        #expect(try server.send("PUT", "/Groups/id-4", ["displayName": "a"]).count("members") == 0)
        #expect(server.effects == [.membersRemoved(group: "id-4", users: ["id-1", "id-2"])])
    }

    @Test func `go with the user and with the group`() throws {
        var server = try Self.three()
        #expect(try server.send("DELETE", "/Users/id-1").status == 204)
        #expect(server.effects == [.userDeleted(id: "id-1", groups: ["id-4"])])
        #expect(try server.send("GET", "/Groups/id-4").headers["ETag"] == #"W/"2""#)
        #expect(try server.send("DELETE", "/Groups/id-4").status == 204)
        #expect(server.effects == [.groupDeleted(id: "id-4", members: ["id-2"])])
        #expect(try server.send("GET", "/Users/id-2").body["groups"] == nil)
    }

    @Test func `show their names when asked`() throws {
        var server = try Self.three()
        #expect(
            try server.send("GET", "/Groups/id-4").body["members"]?.arrayValue?.first == [
                "value": "id-1", "$ref": .string(Server.base + "/Users/id-1"), "type": "User",
            ])
        let named = try server.send("GET", "/Groups/id-4?attributes=members.display,members.value").body["members"]
        #expect(named?.arrayValue?.first == ["value": "id-1", "display": "User 1"])
    }

    /// Rows written and read for one member, whatever the size.
    @Test(arguments: [10, 2000])
    func `cost what changes, not what there is`(_ size: Int) throws {
        var server = Server()
        for index in 0..<size { _ = try server.user("user\(index)") }
        let group = try server.group("everybody", (1..<size).map { "id-\($0)" })
        let id = "id-\(size)"
        for operation: JSON in [
            ["op": "add", "path": "members", "value": [["value": .string(id)]]],
            ["op": "remove", "path": "members", "value": [["value": .string(id)]]],
            ["op": "add", "path": "members", "value": [["value": .string(id)]]],
            ["op": "remove", "path": .string("members[value eq \"\(id)\"]")],
        ] {
            let answer = try server.patch("/Groups/\(group)", operation)
            #expect(answer.status == (size > 100 ? 204 : 200))
            #expect(server.directory.rowsWritten == 2)
            #expect(server.directory.membersRead <= 101)
        }
        let answer = try server.send("GET", "/Groups/\(group)?excludedAttributes=members")
        #expect(answer.body["members"] == nil && server.directory.membersRead == 0)
        _ = try server.send("GET", "/Groups?excludedAttributes=members&filter=displayName eq \"everybody\"")
        #expect(server.directory.membersRead == 0)
        _ = try server.patch(
            "/Groups/\(group)?attributes=displayName", ["op": "replace", "path": "displayName", "value": "all"])
        #expect(server.directory.membersRead == 0 && server.directory.rowsWritten == 1)
    }

    private static func three() throws -> Server {
        var server = Server()
        for index in 1...3 { _ = try server.user("user\(index)", ["displayName": .string("User \(index)")]) }
        _ = try server.group("crew", ["id-1", "id-2"])
        return server
    }
}
