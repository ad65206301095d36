import SCIM
import StrictJSON
import Testing

@Suite struct `A user` {
    @Test func `comes back as written, with what the server adds`() throws {
        var server = Server()
        let answer = try server.send(
            "POST", "/Users",
            [
                "SCHEMAS": ["urn:ietf:params:scim:schemas:core:2.0:User"], "UserName": "Björk 😀", "externalID": "7",
                "id": "mine", "meta": ["version": "x"], "groups": [["value": "g"]], "password": "secret",
                "NickName": "中", "name": ["FamilyName": "Guðmundsdóttir"], "title": nil, "photos": [],
            ])
        #expect(answer.status == 201)
        #expect(answer.headers == ["Location": Server.base + "/Users/id-1", "ETag": #"W/"1""#])
        #expect(
            answer.body == [
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "id-1", "userName": "Björk 😀",
                "externalId": "7", "nickName": "中", "name": ["familyName": "Guðmundsdóttir"], "active": true,
                "meta": [
                    "resourceType": "User", "created": "2027-01-15T08:00:01.000Z",
                    "lastModified": "2027-01-15T08:00:01.000Z",
                    "location": .string(Server.base + "/Users/id-1"), "version": #"W/"1""#,
                ],
            ])
        #expect(server.effects == [.userCreated(id: "id-1", isActive: true)])
        #expect(server.log.first?.changes == ["active", "externalId", "name", "nickName", "userName"])
        #expect(try server.send("GET", "/users/id-1").body == answer.body)
    }

    @Test(
        arguments: [
            ([:], .invalidValue), (["userName": ""], .invalidValue), (["userName": nil], .invalidValue),
            (["userName": ["a"]], .invalidValue), (["userName": "a\r\nb\u{0}"], .invalidValue), ([1], .invalidSyntax),
            (["userName": "a", "USERNAME": "b"], .invalidSyntax), (["userName": "a", "name": "x"], .invalidValue),
            (["userName": "a", "emails": [["value": ["x"]]]], .invalidValue),
            (["userName": "a", "active": "maybe"], .invalidValue),
            (["userName": "a", "emails": .array((0...250).map { ["value": .string("\($0)")] })], .invalidValue),
            (["userName": .string(String(repeating: "u", count: 8193))], .invalidValue),
        ] as [(JSON, SCIMErrorType)])
    func `is refused`(_ body: JSON, _ type: SCIMErrorType) throws {
        var server = Server()
        let answer = try server.send("POST", "/Users", body)
        #expect(answer.status == 400 && answer.scimType == type.rawValue, "\(answer.body)")
        #expect(
            answer.body["status"] == "400" && answer.body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"])
        #expect(server.directory.userCount == 0 && server.effects.isEmpty)
    }

    @Test func `is unique by userName in any case and by externalId`() throws {
        var server = Server()
        _ = try server.user("Müller@x", ["externalId": "1"])
        for body: JSON in [["userName": "MÜLLER@X"], ["userName": "b", "externalId": "1"]] {
            let answer = try server.send("POST", "/Users", body)
            #expect(answer.status == 409 && answer.scimType == "uniqueness")
        }
        let other = try server.user("other")
        #expect(
            try server.patch("/Users/\(other)", ["op": "replace", "path": "userName", "value": "müller@x"]).status
                == 409)
        #expect(try server.send("PUT", "/Users/\(other)", ["userName": "müller@x"]).status == 409)
        // Its own name in another case is no conflict; a deleted one is free.
        #expect(try server.send("PUT", "/Users/id-1", ["userName": "MÜLLER@x"]).status == 200)
        #expect(try server.send("DELETE", "/Users/id-1").status == 204)
        #expect(
            try server.patch("/Users/\(other)", ["op": "replace", "path": "userName", "value": "müller@x"]).status
                == 200)
    }

    @Test func `is replaced by PUT: what is omitted goes, but nobody comes back by omission`() throws {
        var server = Server()
        let id = try server.user("a", ["title": "T", "externalId": "x", "active": false])
        let answer = try server.send(
            "PUT", "/Users/\(id)", ["userName": "a", "nickName": "n", "id": "other", "groups": []])
        #expect(answer.status == 200 && answer.body["title"] == nil && answer.body["nickName"] == "n")
        #expect(answer.body["active"] == false && answer.body["externalId"] == "x" && answer.body["id"] == .string(id))
        #expect(server.effects == [.userChanged(id: id, attributes: ["nickName", "title"])])
        #expect(try server.send("PUT", "/Users/\(id)", ["userName": "a", "externalId": nil]).body["externalId"] == nil)
        #expect(try server.send("PUT", "/Users/\(id)", [:]).scimType == "invalidValue")
        #expect(try server.send("PUT", "/Users/nobody", ["userName": "z"]).status == 404)
    }

    @Test func `is foreign-proof: unknown attributes are left out, or refused when strict`() throws {
        let body: JSON = [
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:example:2.0:Badge"], "userName": "a",
            "urn:example:2.0:Badge": ["number": 1], "favouriteColour": "red",
        ]
        var server = Server()
        let answer = try server.send("POST", "/Users", body)
        #expect(
            answer.status == 201 && answer.body["favouriteColour"] == nil && answer.body["urn:example:2.0:Badge"] == nil
        )
        #expect(server.log.first?.notes.count == 3)
        server = Server(.strict)
        #expect(try server.send("POST", "/Users", body).status == 400)
        #expect(try server.send("POST", "/Users", ["userName": "a"]).scimType == "invalidSyntax")
    }

    @Test func `has one primary value of a kind`() throws {
        let body: JSON = [
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "a",
            "emails": [["value": "1", "primary": true], ["value": "2", "primary": true]],
        ]
        var server = Server()
        #expect(
            try server.send("POST", "/Users", body).body["emails"] == [
                ["value": "1", "primary": true], ["value": "2", "primary": false],
            ])
        server = Server(.strict)
        #expect(try server.send("POST", "/Users", body).scimType == "invalidValue")
    }
}

@Suite struct `An entity tag` {
    @Test func `guards writes and spares reads`() throws {
        var server = Server()
        let path = "/Users/" + (try server.user("a"))
        let change: JSON = ["Operations": [["op": "replace", "path": "title", "value": "x"]]]
        #expect(try server.send("GET", path, ifNoneMatch: #"W/"1""#).status == 304)
        #expect(try server.send("GET", path, ifNoneMatch: #"W/"9""#).status == 200)
        for wrong in [#"W/"0""#, "\"2\"", "", "x, y"] {
            for (method, body) in [("PATCH", change), ("PUT", ["userName": "a"]), ("DELETE", nil)] as [(String, JSON?)]
            {
                let answer = try server.send(method, path, body, ifMatch: wrong)
                #expect(answer.status == 412 && answer.body["status"] == "412" && answer.scimType == nil)
            }
        }
        let answer = try server.send("PATCH", path, change, ifMatch: #"W/"5", W/"1""#)
        #expect(answer.status == 200 && answer.headers["ETag"] == #"W/"2""#)
        #expect(answer.body["meta"]?.objectValue?["version"] == #"W/"2""#)
        // The second of two writers who read the same version is told.
        #expect(try server.send("PUT", path, ["userName": "b"], ifMatch: #"W/"1""#).status == 412)
        #expect(try server.send("DELETE", path, ifMatch: "*").status == 204)
    }
}

@Suite struct `A projection` {
    @Test(arguments: [
        ("attributes=title", ["id", "schemas", "title", "userName"]),
        ("attributes=TITLE,name.givenName", ["id", "name", "schemas", "title", "userName"]),
        ("attributes=nosuch", ["id", "schemas", "userName"]), ("attributes=password", ["id", "schemas", "userName"]),
        ("attributes=emails.type", ["emails", "id", "schemas", "userName"]),
        ("attributes=meta", ["id", "meta", "schemas", "userName"]),
        ("attributes=urn:ietf:params:scim:schemas:core:2.0:User:title", ["id", "schemas", "title", "userName"]),
        (
            "attributes=urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            ["id", "schemas", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "userName"]
        ),
        (
            "attributes=urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            ["id", "schemas", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "userName"]
        ),
        (
            "excludedAttributes=id,userName,meta,emails,name,active,urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            ["id", "schemas", "title", "userName"]
        ),
        ("attributes=title,name&excludedAttributes=name", ["id", "schemas", "title", "userName"]),
    ])
    func `answers what is asked and what is always returned`(_ query: String, _ names: [String]) throws {
        var server = Server()
        let body: JSON = [
            "userName": "a", "title": "t", "name": ["givenName": "g", "familyName": "f"],
            "emails": [["value": "v", "type": "work"]],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": ["department": "d", "division": "e"],
        ]
        for answer in [
            try server.send("POST", "/Users?\(query)", body), try server.send("GET", "/Users/id-1?\(query)"),
            try server.send("PATCH", "/Users/id-1?\(query)", ["Operations": []]),
        ] {
            #expect(answer.body.keys.sorted() == names)
            if let name = answer.body["name"] { #expect(name == ["givenName": "g"]) }
            if let emails = answer.body["emails"] { #expect(emails == [["type": "work"]]) }
        }
        #expect(try server.send("GET", "/Users?\(query)").resources.first?.keys.sorted() == names)
    }

    @Test func `excludes sub-attributes, and both lists together when strict`() throws {
        var server = Server()
        let id = try server.user("a", ["name": ["givenName": "g", "familyName": "f"]])
        #expect(
            try server.send("GET", "/Users/\(id)?excludedAttributes=name.givenName").body["name"] == ["familyName": "f"]
        )
        server.service = Server(.strict).service
        #expect(try server.send("GET", "/Users/\(id)?attributes=name&excludedAttributes=id").scimType == "invalidValue")
    }
}
