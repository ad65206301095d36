import Gateway
import StrictJSON
import Synchronization

/// A provisioning client of the bench's server: what an identity provider sends, by function calls.
struct ProvisioningClient: Sendable {
    private static let patchSchema: JSON = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
    private static let userSchema: JSON = ["urn:ietf:params:scim:schemas:core:2.0:User"]
    private static let groupSchema: JSON = ["urn:ietf:params:scim:schemas:core:2.0:Group"]

    private let server: BenchServer
    private let authorization: String
    private let pace: RequestPace?

    /// Makes a token as an administrator does. `isPaced`: the server's clock leaps, so that no limit is met.
    init(_ server: BenchServer, isPaced: Bool = true) async throws {
        self.server = server
        let made = try await server.gateway.provisioningAdministration.createToken(
            of: "corp", called: "bench", lifetime: nil)
        guard let token = made.objectValue?["token"]?.stringValue else { throw BenchError.failed("token: \(made)") }
        authorization = "Bearer \(token)"
        pace = isPaced ? RequestPace(clock: server.clock) : nil
    }

    static func userName(_ number: Int) -> String { "person-\(number)@example.com" }

    static func user(_ number: Int) -> JSON {
        [
            "schemas": userSchema, "userName": .string(userName(number)), "externalId": .string("person-\(number)"),
            "active": true, "displayName": .string("Person \(number)"),
            "name": ["givenName": "Person", "familyName": .string("\(number)")],
            "emails": [["value": .string(userName(number)), "type": "work", "primary": true]],
        ]
    }

    /// The new user's id.
    func createUser(_ number: Int) async throws -> String {
        try Self.id(of: try await send("POST", "/Users", Self.user(number)))
    }

    func createGroup(_ name: String) async throws -> String {
        let body: JSON = ["schemas": Self.groupSchema, "displayName": .string(name)]
        return try Self.id(of: try await send("POST", "/Groups", body))
    }

    func deleteGroup(_ id: String) async throws { _ = try await send("DELETE", "/Groups/\(id)") }

    func add(_ users: some Collection<String>, to group: String) async throws {
        try await patch(
            "/Groups/\(group)",
            ["op": "add", "path": "members", "value": .array(users.map { ["value": .string($0)] })])
    }

    func remove(_ user: String, from group: String) async throws {
        try await patch("/Groups/\(group)", ["op": "remove", "path": .string("members[value eq \"\(user)\"]")])
    }

    func setActive(_ user: String, _ isActive: Bool) async throws {
        try await patch(
            "/Users/\(user)", ["op": "replace", "path": "active", "value": .bool(isActive)])
    }

    private func patch(_ target: String, _ operation: JSON) async throws {
        let body: JSON = ["schemas": Self.patchSchema, "Operations": [operation]]
        _ = try await send("PATCH", target, body)
    }

    /// How many are found.
    func find(userName: String) async throws -> Int {
        let filter = "userName%20eq%20%22\(userName)%22"
        let members = try JSONMembers(parsing: try await get("/Users?filter=\(filter)"))
        return try members.integer("totalResults")
    }

    func get(_ target: String) async throws -> [UInt8] { try await send("GET", target) }

    private func send(_ method: String, _ target: String, _ body: JSON? = nil) async throws -> [UInt8] {
        pace?.take()
        var headers = [(name: "authorization", value: authorization)]
        let bytes = body?.encoded() ?? []
        if body != nil { headers.append((name: "content-type", value: "application/scim+json")) }
        let answer = try await server.responder.answer(
            method: method, target: "/scim/corp/v2" + target, headers: headers, body: bytes, address: "192.0.2.1")
        guard (200...299).contains(answer.status) else {
            throw BenchError.failed(
                "\(method) \(target): \(answer.status) \(String(decoding: answer.body.prefix(400), as: UTF8.self))")
        }
        return answer.body
    }

    private static func id(of body: [UInt8]) throws -> String { try JSONMembers(parsing: body).string("id") }
}

/// A connection may send 2,000 requests a second, 10,000 at once; the server's clock leaps so that the bench waits for
/// nothing.
private final class RequestPace: Sendable {
    private let clock: LeapingClock
    private let taken = Atomic(0)

    init(clock: LeapingClock) { self.clock = clock }

    func take() {
        if taken.add(1, ordering: .relaxed).newValue % 200 == 0 { clock.leap(seconds: 2) }
    }
}
