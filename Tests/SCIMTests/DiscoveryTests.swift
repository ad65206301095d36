import SCIM
import StrictJSON
import Testing

@Suite struct `The discovery documents` {
    @Test func `say what is supported`() throws {
        var server = Server()
        for path in ["/ServiceProviderConfig", "/serviceproviderconfig", "/ServiceProviderConfigs"] {
            let body = try server.send("GET", path).body
            for name in ["patch", "bulk", "filter", "sort", "etag"] {
                #expect(body[name]?.objectValue?["supported"] == true)
            }
            #expect(
                body["bulk"]?.objectValue?["maxOperations"] == 1000 && body["changePassword"] == ["supported": false])
            #expect(
                body["pagination"]?.objectValue?["cursor"] == true
                    && body["pagination"]?.objectValue?["cursorTimeout"] == 3600)
            #expect(body["authenticationSchemes"]?.arrayValue?.count == 1)
        }
        let types = try server.send("GET", "/ResourceTypes")
        #expect(
            types.body["totalResults"] == 2 && types.resources.compactMap { $0["endpoint"] } == ["/Users", "/Groups"])
        #expect(try server.send("GET", "/ResourceTypes/user").body["schemaExtensions"]?.arrayValue?.count == 1)
    }

    @Test func `describe the attributes by which the server works`() throws {
        var server = Server()
        let schemas = try server.send("GET", "/Schemas").resources
        #expect(schemas.count == 6)
        for schema in schemas {
            let id = try #require(schema["id"]?.stringValue)
            #expect(try server.send("GET", "/Schemas/\(id)").body == schema)
            let attributes = try #require(schema["attributes"]?.arrayValue)
            for attribute in attributes.compactMap(\.objectValue) {
                for name in [
                    "name", "type", "multiValued", "description", "required", "caseExact", "mutability", "returned",
                    "uniqueness",
                ] {
                    #expect(attribute[name] != nil, "\(id): \(attribute)")
                }
                #expect((attribute["type"] == "complex") == (attribute["subAttributes"] != nil))
                #expect((attribute["type"] == "reference") == (attribute["referenceTypes"] != nil))
            }
        }
        let names = schemas[0]["attributes"]?.arrayValue?.compactMap { $0.objectValue?["name"]?.stringValue } ?? []
        #expect(names.count == 21 && names.first == "userName" && !names.contains("id"))
    }

    @Test(arguments: ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"])
    func `are read only and not filtered`(_ path: String) throws {
        var server = Server()
        for method in ["POST", "PUT", "PATCH", "DELETE"] { #expect(try server.send(method, path, [:]).status == 405) }
        #expect(try server.send("GET", "\(path)?filter=id pr").status == 403)
        #expect(try server.send("GET", "\(path)/nosuch").status == 404)
    }

    @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE"])
    func `leave /Me to others: 501`(_ method: String) throws {
        var server = Server()
        let answer = try server.send(method, "/Me", method == "GET" ? nil : [:])
        #expect(answer.status == 501 && answer.body["status"] == "501")
    }
}
