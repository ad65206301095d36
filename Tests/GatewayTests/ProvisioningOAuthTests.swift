import Foundation
import Gateway
import Identity
import Store
import StoreSQLite
import StrictJSON
import Testing
import WebAddresses

/// Source: RFC 6749 §2.3.1, §4.4, §5.
@Suite struct `An OAuth client of a connection` {
    private let harness: GatewayHarness
    private let id: String
    private let secret: String

    init() async throws {
        harness = try await GatewayHarness(scim: ProvisioningConfiguration())
        let made = try await harness.gateway.provisioningAdministration.createToken(
            of: "corp", called: "oauth", lifetime: nil, isOAuthClient: true)
        id = try #require(made.objectValue?["client_id"]?.stringValue)
        secret = try #require(made.objectValue?["client_secret"]?.stringValue)
        #expect(made.objectValue?["token"] == nil)
        #expect(made.objectValue?["token_endpoint"]?.stringValue == GatewayHarness.server + "/scim/corp/token")
    }

    private typealias Headers = [(name: String, value: String)]

    private func ask(
        _ form: [FormEncoding.Item], _ headers: Headers = [], at connection: String = "corp"
    ) async throws -> (status: Int, headers: [String: String], body: [String: JSON]) {
        let answer = try await harness.answer(
            "POST", "/scim/\(connection)/token", headers: headers + [("Content-Type", FormEncoding.contentType)],
            body: Array(FormEncoding.encode(form).utf8))
        return (
            answer.status, Dictionary(answer.headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first },
            try JSON(parsing: answer.body).objectValue ?? [:]
        )
    }

    private var inForm: [FormEncoding.Item] {
        [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)]
    }

    private static func basic(_ id: String, _ secret: String) -> Headers {
        [("Authorization", "Basic " + Data("\(id):\(secret)".utf8).base64EncodedString())]
    }

    private func token() async throws -> String {
        let answer = try await ask(inForm)
        return try #require(answer.body["access_token"]?.stringValue, "\(answer.body)")
    }

    private func status(with token: String, at connection: String = "corp") async throws -> Int {
        try await harness.answer(
            "GET", "/scim/\(connection)/v2/Users", headers: [("Authorization", "Bearer " + token)], body: []
        ).status
    }

    @Test func `gets a token of an hour, by its form and by Basic`() async throws {
        let grant: [FormEncoding.Item] = [("grant_type", "client_credentials"), ("scope", "anything")]
        let escaped = id.utf8.map { "%" + String($0, radix: 16) }.joined()
        for (form, headers) in [(inForm, []), (grant, Self.basic(id, secret)), (grant, Self.basic(escaped, secret))] {
            let answer = try await ask(form, headers)
            #expect(answer.status == 200, "\(answer.body)")
            #expect(answer.headers["cache-control"] == "no-store")
            #expect(answer.body["token_type"] == "Bearer" && answer.body["expires_in"] == 3600)
            #expect(answer.body["scope"] == "scim")
            let token = try #require(answer.body["access_token"]?.stringValue)
            #expect(try await status(with: token) == 200)
            #expect(try await status(with: token, at: "other") == 401)
            #expect(!harness.log.text.contains(token) && !harness.log.text.contains(secret))
        }
        let last = try await token()
        harness.clock.advance(3599)
        #expect(try await status(with: last) == 200)
        harness.clock.advance(1)
        #expect(try await status(with: last) == 401)
    }

    @Test func `is refused with everything else`() async throws {
        let grant: [FormEncoding.Item] = [("grant_type", "client_credentials")]
        let administration = harness.gateway.provisioningAdministration
        let bearer = try await administration.createToken(of: "corp", called: "bearer", lifetime: nil).objectValue
        let bearerID = bearer?["id"]?.stringValue ?? ""
        let bearerText = bearer?["token"]?.stringValue ?? ""
        let cases: [(form: [FormEncoding.Item], headers: Headers, connection: String, status: Int, error: String)] = [
            (grant, [], "corp", 401, "invalid_client"),
            (grant, Self.basic(id, "wrong"), "corp", 401, "invalid_client"),
            (grant, Self.basic("nobody", secret), "corp", 401, "invalid_client"),
            (grant, Self.basic(bearerID, bearerText), "corp", 401, "invalid_client"),
            (grant, Self.basic(id, secret), "other", 401, "invalid_client"),
            (grant, Self.basic(id, secret), "none", 401, "invalid_client"),
            (grant, [("Authorization", "Basic ????")], "corp", 401, "invalid_client"),
            (grant, [("Authorization", "Bearer " + secret)], "corp", 401, "invalid_client"),
            (inForm, Self.basic(id, secret), "corp", 400, "invalid_request"),
            (grant + [("client_id", bearerID)], Self.basic(id, secret), "corp", 400, "invalid_request"),
            ([], Self.basic(id, secret), "corp", 400, "invalid_request"),
            (inForm + grant, [], "corp", 400, "invalid_request"),
            ([("grant_type", "password")], Self.basic(id, secret), "corp", 400, "unsupported_grant_type"),
            (inForm + [("x", String(repeating: "x", count: 20_000))], [], "corp", 400, "invalid_request"),
        ]
        for (form, headers, connection, status, error) in cases {
            let answer = try await ask(form, headers, at: connection)
            #expect(answer.status == status && answer.body["error"]?.stringValue == error, "\(form) \(headers)")
            #expect((answer.headers["www-authenticate"] == "Basic realm=\"SCIM\"") == (status == 401))
        }
        #expect(try await status(with: secret) == 401)
        let json = try await harness.answer(
            "POST", "/scim/corp/token", headers: [("Content-Type", "application/json")], body: Array("{}".utf8))
        #expect(json.status == 400)
    }

    @Test func `takes its tokens with it when it is revoked`() async throws {
        let administration = harness.gateway.provisioningAdministration
        let token = try await token()
        #expect(try await status(with: token) == 200)
        let listed = try await administration.tokens(of: "corp").arrayValue ?? []
        #expect(listed.map { $0.objectValue?["kind"] } == ["oauth-client"])
        #expect(listed.first?.objectValue?["last_used_at"] == .integer(harness.clock.now))
        _ = try await administration.revokeToken(of: "corp", id: id)
        #expect(try await status(with: token) == 401)
        #expect(try await ask(inForm).body["error"] == "invalid_client")
    }

    @Test func `is rotated with overlap`() async throws {
        let old = try await token()
        let rotated = try await harness.gateway.provisioningAdministration.rotateToken(
            of: "corp", id: id, overlap: 60
        ).objectValue
        let new: [FormEncoding.Item] = [
            ("grant_type", "client_credentials"), ("client_id", rotated?["client_id"]?.stringValue ?? ""),
            ("client_secret", rotated?["client_secret"]?.stringValue ?? ""),
        ]
        #expect(try await ask(new).status == 200)
        #expect(try await ask(inForm).status == 200)
        harness.clock.advance(60)
        #expect(try await ask(new).status == 200)
        #expect(try await ask(inForm).status == 401)
        #expect(try await status(with: old) == 401)
    }

    @Test func `has at most 100 tokens, kept as hashes`() async throws {
        let first = try await token()
        for _ in 0..<100 { _ = try await token() }
        #expect(try await status(with: first) == 401)
        let last = try await token()
        #expect(try await status(with: last) == 200)
        let client = ProvisioningClient(harness, token: last)
        let user = try await client.createUser("a@example.com")
        #expect(!user.isEmpty)
        let log = try await harness.gateway.provisioningAdministration.log(of: "corp", after: nil, limit: 1)
        #expect(log.arrayValue?.first?.objectValue?["token"]?.stringValue == id)
    }
}
