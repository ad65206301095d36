import Gateway
import Identity
import Store
import StoreSQLite
import StrictJSON
import Testing
import Walkthrough

/// A provisioning client of one connection, as a real one would speak.
struct ProvisioningClient {
    let harness: GatewayHarness
    var connection = "corp"
    var token: String

    init(_ harness: GatewayHarness, token: String) {
        self.harness = harness
        self.token = token
    }

    /// With a token that an administrator has just made.
    init(_ harness: GatewayHarness, connection: String = "corp") async throws {
        self.harness = harness
        self.connection = connection
        let made = try await harness.gateway.provisioningAdministration.createToken(
            of: connection, called: "test", lifetime: nil)
        token = try #require(made.objectValue?["token"]?.stringValue)
    }

    struct Answer {
        let status: Int
        let headers: [String: String]
        let body: JSON

        subscript(_ name: String) -> JSON { body.objectValue?[name] ?? .null }
        var id: String { self["id"].stringValue ?? "" }
        var total: Int? { self["totalResults"].integerValue }
        var scimType: String? { self["scimType"].stringValue }
    }

    @discardableResult
    func send(
        _ method: String, _ path: String, _ body: JSON? = nil, headers extra: [(name: String, value: String)] = []
    ) async throws -> Answer {
        try await send(method, path, bytes: body?.encoded() ?? [], headers: extra)
    }

    func send(
        _ method: String, _ path: String, bytes: [UInt8], headers extra: [(name: String, value: String)] = []
    ) async throws -> Answer {
        var headers: [(name: String, value: String)] = [
            ("Authorization", "Bearer " + token), ("Content-Type", "application/scim+json"),
        ]
        headers += extra
        let answer = try await harness.answer(
            method, "/scim/\(connection)/v2" + path, headers: headers, body: bytes)
        return Answer(
            status: answer.status,
            headers: Dictionary(answer.headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first },
            body: answer.body.isEmpty ? .null : try JSON(parsing: answer.body, maximumBytes: .max))
    }

    func createUser(_ name: String, external: String? = nil, active: Bool = true) async throws -> String {
        var body: [String: JSON] = [
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": .string(name),
            "active": .bool(active),
        ]
        if let external { body["externalId"] = .string(external) }
        let answer = try await send("POST", "/Users", .object(body))
        #expect(answer.status == 201, "\(answer.body)")
        return answer.id
    }

    func createGroup(_ name: String, _ members: [String] = []) async throws -> String {
        let answer = try await send(
            "POST", "/Groups",
            [
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": .string(name),
                "members": .array(members.map { ["value": .string($0)] }),
            ])
        #expect(answer.status == 201, "\(answer.body)")
        return answer.id
    }

    @discardableResult
    func patch(
        _ path: String, _ operations: [JSON], headers: [(name: String, value: String)] = []
    ) async throws -> Answer {
        try await send(
            "PATCH", path,
            ["schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": .array(operations)],
            headers: headers)
    }

    @discardableResult
    func setActive(_ user: String, _ isActive: Bool) async throws -> Answer {
        try await patch("/Users/\(user)", [["op": "replace", "path": "active", "value": .bool(isActive)]])
    }

    @discardableResult
    func remove(_ user: String, from group: String) async throws -> Answer {
        try await patch("/Groups/\(group)", [["op": "remove", "path": .string("members[value eq \"\(user)\"]")]])
    }

    @discardableResult
    func add(_ user: String, to group: String) async throws -> Answer {
        try await patch(
            "/Groups/\(group)", [["op": "add", "path": "members", "value": [["value": .string(user)]]]])
    }
}

extension GatewayHarness {
    func people() async throws -> [PersonRecord] { try await store.read { try $0.people() } }

    func groups(of person: PersonID) async throws -> [String: Set<MembershipSource>] {
        let memberships = try await store.read { try $0.memberships(of: person) }
        return Dictionary(uniqueKeysWithValues: memberships.map { ($0.key.text, $0.value) })
    }

    /// Walks the pages to the end, whatever it is: the outcome that the last page names.
    func signInOutcome() async throws -> (outcome: String?, text: String) {
        var device = try device()
        let begun = try await device.beginSignIn()
        var browser = browser()
        let page = try await SignInWalk(user: "alice", password: "", number: begun.integer("number"))
            .walk(try #require(begun.string("verification_uri_complete")), in: &browser)
        return (page.outcome, page.text)
    }
}
