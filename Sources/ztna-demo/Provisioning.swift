import HTTPClient
import StrictJSON

/// The company's directory, as its identity provider pushes it: SCIM over HTTPS with a token from `ztna-server`.
struct Provisioning: Sendable {
    private let url: String
    private let token: String
    private let driver: SignInDriver
    /// Of each person, the directory's id.
    private var users: [Person: String] = [:]
    /// Of each group's name, the directory's id.
    private var groups: [String: String] = [:]

    init(files: ServerFiles, tools: Tools, programs: ChildPrograms, driver: SignInDriver) async throws {
        let output = try await programs.run([
            tools.server, "scim", "token", "create", Person.Provider.company.rawValue, "--json", "--config",
            files.configuration,
        ])
        token = try JSONMembers(parsing: Array(output.utf8)).string("token")
        url = "\(files.url)/scim/\(Person.Provider.company)/v2"
        self.driver = driver
    }

    /// People and groups as they are before anybody signs in.
    mutating func push(_ people: [Person]) async throws {
        for person in people {
            let user = try await send(
                .post, "/Users",
                [
                    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": .string(person.email),
                    "displayName": .string(person.name), "active": true,
                    "emails": [["value": .string(person.email), "primary": true]],
                ])
            let id = try user.string("id")
            users[person] = id
            for name in person.groups {
                let group = try await send(
                    .post, "/Groups",
                    [
                        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": .string(name),
                        "members": [["value": .string(id)]],
                    ])
                groups[name] = try group.string("id")
            }
        }
    }

    /// The moment just before the request.
    func remove(_ person: Person, from group: String) async throws -> ContinuousClock.Instant {
        let (user, id) = try ids(person, group)
        return try await patch(
            "/Groups/\(id)", ["op": "remove", "path": .string("members[value eq \"\(user)\"]")])
    }

    func add(_ person: Person, to group: String) async throws {
        let (user, id) = try ids(person, group)
        _ = try await patch("/Groups/\(id)", ["op": "add", "path": "members", "value": [["value": .string(user)]]])
    }

    private func ids(_ person: Person, _ group: String) throws -> (user: String, group: String) {
        guard let user = users[person], let id = groups[group] else {
            throw DemoFailure("\(person.name) or \(group) was never pushed")
        }
        return (user, id)
    }

    /// `active: false`, or true again. The moment just before the request.
    @discardableResult
    func set(active isActive: Bool, _ person: Person) async throws -> ContinuousClock.Instant {
        guard let id = users[person] else { throw DemoFailure("\(person.name) was never pushed") }
        return try await patch("/Users/\(id)", ["op": "replace", "path": "active", "value": .bool(isActive)])
    }

    private func patch(_ path: String, _ operation: JSON) async throws -> ContinuousClock.Instant {
        let start = ContinuousClock.now
        _ = try await send(
            .patch, path,
            ["schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]])
        return start
    }

    private func send(_ method: HTTPMethod, _ path: String, _ body: JSON) async throws -> JSONMembers {
        let response = try await driver.send(
            HTTPRequest(
                method: method, url: url + path,
                headers: ["Authorization": "Bearer \(token)", "Content-Type": "application/scim+json"],
                body: Array(body.encodedText().utf8)))
        let text = String(decoding: response.body, as: UTF8.self)
        guard (200..<300).contains(response.status) else {
            throw DemoFailure("\(path) was answered with \(response.status): \(text)")
        }
        return try JSONMembers(parsing: response.body.isEmpty ? Array("{}".utf8) : response.body)
    }
}
