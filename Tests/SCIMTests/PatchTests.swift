import SCIM
import StrictJSON
import Testing

private let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
private let base: [String: JSON] = [
    "userName": "pat", "externalId": "x1", "displayName": "Pat", "title": "Guide",
    "name": ["givenName": "Pat", "familyName": "Lee"],
    "emails": [
        ["value": "pat@example.com", "type": "work", "primary": true], ["value": "pat@home.org", "type": "home"],
    ],
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": ["department": "Tours", "costCenter": "7"],
]

/// One operation on the same person; nil expected: the attribute is gone.
private struct Case: Sendable, CustomTestStringConvertible {
    let operation: JSON
    let attribute: String
    let expected: JSON?

    init(_ operation: JSON, _ attribute: String, _ expected: JSON?) {
        self.operation = operation
        self.attribute = attribute
        self.expected = expected
    }

    var testDescription: String { operation.encodedText() }
}

private let work: JSON = ["value": "pat@example.com", "type": "work", "primary": true]
private let home: JSON = ["value": "pat@home.org", "type": "home"]

@Suite struct `A PATCH of a user` {
    private static let standard: [Case] = [
        // Simple attributes.
        Case(["op": "add", "path": "nickName", "value": "P"], "nickName", "P"),
        Case(["op": "replace", "path": "title", "value": "Chief"], "title", "Chief"),
        Case(["op": "remove", "path": "title"], "title", nil),
        Case(["op": "replace", "path": "title", "value": nil], "title", nil),
        Case(["op": "replace", "path": "DISPLAYNAME", "value": "Pät 😀"], "displayName", "Pät 😀"),
        Case(["op": "replace", "value": ["title": "A", "nickName": "B"]], "title", "A"),
        Case(["op": "add", "value": ["nickName": "B"]], "nickName", "B"),
        Case(["op": "add", "path": "active", "value": false], "active", false),
        // Complex attributes: sub-attributes not named stay.
        Case(
            ["op": "replace", "path": "name", "value": ["givenName": "Q"]], "name",
            ["givenName": "Q", "familyName": "Lee"]),
        Case(
            ["op": "add", "path": "name.middleName", "value": "M"], "name",
            ["givenName": "Pat", "familyName": "Lee", "middleName": "M"]),
        Case(["op": "remove", "path": "name.givenName"], "name", ["familyName": "Lee"]),
        Case(["op": "replace", "path": "name", "value": ["givenName": nil]], "name", ["familyName": "Lee"]),
        Case(["op": "remove", "path": "name"], "name", nil),
        // Multi-valued attributes.
        Case(
            ["op": "add", "path": "emails", "value": [["value": "new@x.org", "primary": true]]], "emails",
            [
                ["value": "pat@example.com", "type": "work", "primary": false], home,
                ["value": "new@x.org", "primary": true],
            ]),
        Case(["op": "add", "path": "emails", "value": [home]], "emails", [work, home]),
        Case(["op": "replace", "path": "emails", "value": [["value": "a@b"]]], "emails", [["value": "a@b"]]),
        Case(["op": "replace", "path": "emails", "value": []], "emails", nil),
        Case(["op": "remove", "path": "emails"], "emails", nil),
        Case(["op": "remove", "path": #"emails[type eq "work"]"#], "emails", [home]),
        Case(["op": "remove", "path": #"emails[type eq "fax"]"#], "emails", [work, home]),
        Case(["op": "remove", "path": "emails[value pr]"], "emails", nil),
        Case(
            ["op": "remove", "path": #"emails[type eq "work"].primary"#], "emails",
            [["value": "pat@example.com", "type": "work"], home]),
        Case(
            ["op": "replace", "path": #"emails[type eq "home"].value"#, "value": "h@x"], "emails",
            [work, ["value": "h@x", "type": "home"]]),
        Case(
            ["op": "replace", "path": #"emails[type eq "home"].primary"#, "value": true], "emails",
            [
                ["value": "pat@example.com", "type": "work", "primary": false],
                ["value": "pat@home.org", "type": "home", "primary": true],
            ]),
        Case(
            ["op": "add", "path": #"emails[type eq "home"]"#, "value": ["display": "D"]], "emails",
            [work, ["value": "pat@home.org", "type": "home", "display": "D"]]),
        Case(
            ["op": "replace", "path": "emails.type", "value": "other"], "emails",
            [
                ["value": "pat@example.com", "type": "other", "primary": true],
                ["value": "pat@home.org", "type": "other"],
            ]),
        // Extensions.
        Case(
            ["op": "replace", "path": .string(enterprise + ":department"), "value": "R&D"], enterprise,
            ["department": "R&D", "costCenter": "7"]),
        Case(
            ["op": "add", "path": .string(enterprise + ":manager.value"), "value": "m1"], enterprise,
            ["department": "Tours", "costCenter": "7", "manager": ["value": "m1"]]),
        Case(["op": "remove", "path": .string(enterprise)], enterprise, nil),
        Case(
            ["op": "add", "path": .string(enterprise), "value": ["division": "D"]], enterprise,
            ["department": "Tours", "costCenter": "7", "division": "D"]),
        Case(
            ["op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:title", "value": "T"], "title", "T"),
        Case(
            ["op": "replace", "value": .object([enterprise: ["department": "N"]])], enterprise,
            ["department": "N", "costCenter": "7"]),
        // Accepted and thrown away.
        Case(["op": "replace", "path": "password", "value": "secret"], "password", nil),
    ]

    /// Form, result when liberal, and the refusal when strict.
    private static let liberal: [(Case, SCIMErrorType)] = [
        (Case(["op": "Replace", "path": "title", "value": "T"], "title", "T"), .invalidSyntax),
        (Case(["op": "ADD", "path": "nickName", "value": "N"], "nickName", "N"), .invalidSyntax),
        (Case(["op": "replace", "path": "active", "value": "False"], "active", false), .invalidValue),
        (Case(["op": "replace", "path": "title", "value": 7], "title", "7"), .invalidValue),
        (
            Case(["op": "remove", "path": "emails", "value": [["value": "PAT@home.org"]]], "emails", [work]),
            .invalidSyntax
        ),
        (Case(["op": "remove", "path": "emails", "value": []], "emails", [work, home]), .invalidSyntax),
        (
            Case(
                ["op": "add", "path": #"phoneNumbers[type eq "Work"].value"#, "value": "1"], "phoneNumbers",
                [["type": "Work", "value": "1"]]), .noTarget
        ),
        (
            Case(
                ["op": "replace", "path": #"phoneNumbers[type eq "fax" and primary eq true].value"#, "value": "1"],
                "phoneNumbers", [["type": "fax", "primary": true, "value": "1"]]), .noTarget
        ),
        (
            Case(
                ["op": "replace", "value": ["name.givenName": "D"]], "name", ["givenName": "D", "familyName": "Lee"]),
            .invalidValue
        ),
        (
            Case(
                ["op": "replace", "value": .object([enterprise + ":department": "N"])], enterprise,
                ["department": "N", "costCenter": "7"]), .invalidValue
        ),
        (
            Case(
                ["op": "replace", "value": .object([enterprise + ":manager": "m"])], enterprise,
                ["department": "Tours", "costCenter": "7", "manager": ["value": "m"]]), .invalidValue
        ),
        (
            Case(
                ["op": "Add", "path": "manager", "value": [["$ref": "http://x/Users/m", "value": "m"]]], enterprise,
                ["department": "Tours", "costCenter": "7", "manager": ["value": "m", "$ref": "http://x/Users/m"]]),
            .invalidSyntax
        ),
        (
            Case(
                ["op": "add", "path": "manager", "value": "m"], enterprise,
                ["department": "Tours", "costCenter": "7", "manager": ["value": "m"]]), .invalidValue
        ),
        (
            Case(["op": "replace", "path": "emails", "value": ["value": "a@b"]], "emails", [["value": "a@b"]]),
            .invalidValue
        ),
        (Case(["op": "replace", "path": "id", "value": "other"], "id", "id-1"), .mutability),
        (Case(["op": "add", "path": "groups", "value": [["value": "g"]]], "groups", nil), .mutability),
        (Case(["op": "replace", "value": ["id": "other", "title": "T"]], "title", "T"), .mutability),
        (Case(["op": "replace", "path": "foreign", "value": "T"], "foreign", nil), .invalidPath),
        (
            Case(["op": "add", "path": "urn:foreign:1.0:User:thing", "value": "T"], "urn:foreign:1.0:User", nil),
            .invalidPath
        ),
        (
            Case(["op": "add", "value": ["urn:foreign:1.0:User": ["thing": "T"]]], "urn:foreign:1.0:User", nil),
            .invalidPath
        ),
        (
            Case(
                ["op": "add", "path": "emails", "value": [["value": "n", "odd": 1]]], "emails",
                [work, home, ["value": "n"]]), .invalidValue
        ),
    ]

    private static let refused: [(JSON, SCIMErrorType)] = [
        (["op": "move", "path": "title"], .invalidSyntax), (["path": "title"], .invalidSyntax), ("add", .invalidSyntax),
        (["op": "remove"], .noTarget), (["op": "remove", "value": ["title": "x"]], .noTarget),
        (["op": "remove", "path": "userName"], .mutability),
        (["op": "replace", "path": "userName", "value": nil], .invalidValue),
        (["op": "replace", "path": "userName", "value": "  "], .invalidValue),
        (["op": "add", "path": "title"], .invalidValue),
        (["op": "add", "value": "x"], .invalidValue), (["op": "add"], .invalidValue),
        (["op": "replace", "path": "active", "value": "perhaps"], .invalidValue),
        (["op": "replace", "path": "title", "value": ["a": 1]], .invalidValue),
        (["op": "replace", "path": "title", "value": "a\u{0}b"], .invalidValue),
        (["op": "replace", "path": "emails", "value": [["primary": "x"]]], .invalidValue),
        (["op": "replace", "path": 5, "value": "x"], .invalidPath),
        (["op": "add", "path": "a b", "value": 1], .invalidPath),
        (["op": "add", "path": "emails[", "value": 1], .invalidFilter),
        (["op": "add", "path": "[x]", "value": 1], .invalidPath),
        (["op": "add", "path": #"emails[type eq "work"]x"#, "value": 1], .invalidPath),
        (["op": "add", "path": #"emails[type eq "work"].nosuch"#, "value": 1], .invalidPath),
        (["op": "add", "path": #"emails[nosuch eq "work"].value"#, "value": 1], .invalidFilter),
        (["op": "add", "path": #"emails.value[type eq "work"]"#, "value": 1], .invalidPath),
        (["op": "add", "path": #"title[value eq "work"]"#, "value": 1], .invalidFilter),
        (["op": "add", "path": #"emails[type ne "work" and type ne "home"].value"#, "value": "x"], .noTarget),
        (["op": "replace", "value": ["title": "a", "TITLE": "b"]], .invalidSyntax),
    ]

    private static let complete = base.merging([
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", .string(enterprise)]
    ]) { $1 }

    @Test(arguments: standard)
    fileprivate func `has the RFC's effect, liberal or strict`(_ one: Case) throws {
        for leniency in [Leniency.liberal, .strict] {
            var server = Server(leniency)
            let body = base.merging(["schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", .string(enterprise)]]) {
                $1
            }
            let created = try server.send("POST", "/Users", .object(body))
            try #require(created.status == 201, "\(created.body)")
            let answer = try server.patch("/Users/id-1", one.operation)
            #expect(answer.status == 200, "\(answer.body)")
            #expect(answer.body[one.attribute] == one.expected)
            #expect(try server.send("GET", "/Users/id-1").body[one.attribute] == one.expected)
        }
    }

    @Test(arguments: liberal)
    fileprivate func `is understood as clients mean it, and refused when strict`(_ one: Case, _ refusal: SCIMErrorType)
        throws
    {
        var server = Server()
        let id = try server.user("pat", base)
        let answer = try server.patch("/Users/\(id)", one.operation)
        #expect(answer.status == 200, "\(answer.body)")
        #expect(answer.body[one.attribute] == one.expected)
        #expect(server.log.first?.notes.isEmpty == false, "the log says what was not as the RFC has it")
        server = Server(.strict)
        _ = try server.user("pat", Self.complete)
        let refused = try server.patch("/Users/\(id)", one.operation)
        #expect(refused.status == 400)
        #expect(refused.scimType == refusal.rawValue)
    }

    @Test(arguments: refused)
    func `is refused with the right type and changes nothing`(_ operation: JSON, _ type: SCIMErrorType) throws {
        var server = Server()
        let id = try server.user("pat", base)
        let before = try server.send("GET", "/Users/\(id)").body
        let answer = try server.patch(
            "/Users/\(id)", ["op": "replace", "path": "nickName", "value": "half"], operation)
        #expect(answer.status == 400, "\(answer.body)")
        #expect(answer.scimType == type.rawValue, "\(answer.body)")
        #expect(server.directory.rowsWritten == 0)
        #expect(server.effects.isEmpty && server.log.first?.refusal?.hasPrefix(type.rawValue) == true)
        #expect(try server.send("GET", "/Users/\(id)").body == before)
    }

    @Test func `that changes nothing leaves the entity tag`() throws {
        var server = Server()
        let id = try server.user("pat", base)
        let answer = try server.patch("/Users/\(id)", ["op": "replace", "path": "title", "value": "Guide"])
        #expect(answer.headers["ETag"] == #"W/"1""#)
        #expect(server.effects.isEmpty && server.directory.rowsWritten == 0)
    }

    @Test func `ends and begins access`() throws {
        var server = Server()
        let id = try server.user("pat")
        _ = try server.patch("/Users/\(id)", ["op": "replace", "path": "active", "value": false])
        #expect(server.effects == [.userDeactivated(id: id)])
        #expect(server.log.first?.changes == ["active: true → false"])
        _ = try server.patch("/Users/\(id)", ["op": "replace", "value": ["active": true, "title": "x"]])
        #expect(server.effects == [.userReactivated(id: id), .userChanged(id: id, attributes: ["title"])])
        // Nobody is active without saying so.
        _ = try server.patch("/Users/\(id)", ["op": "remove", "path": "active"])
        #expect(server.effects == [.userDeactivated(id: id)])
    }
}
