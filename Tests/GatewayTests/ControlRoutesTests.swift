import Cryptography
import Gateway
import Identity
import OpenIDConnect
import Sessions
import SignedDocuments
import Store
import StoreSQLite
import StrictJSON
import Synchronization
import Testing
import Walkthrough
import Wire

@Suite struct `The control routes` {
    /// Answers with what they were given.
    private static let echo = ControlServices(
        administer: { caller, isAdministrator, request throws(ControlServices.Refusal) in
            guard request.members["command"] != "wrong" else { throw ControlServices.Refusal(.commandRefused, "No.") }
            return ["by": .string(caller.label), "administrator": .bool(isAdministrator)]
        },
        why: { caller, question throws(ControlServices.Refusal) in
            ["device": .string(caller.device.thumbprint), "host": question.members["host"] ?? .null]
        },
        attempts: { caller, bytes throws(ControlServices.Refusal) in
            ["person": .string(caller.label), "bytes": .integer(bytes.count)]
        })

    private func signedIn(
        control: ControlServices = echo, admins: [AdminSelector] = [], mfa: Int? = nil
    ) async throws -> (GatewayHarness, DeviceClient, token: String) {
        let harness = try await GatewayHarness(control: control, administratorsMFA: mfa) { $0.admins = admins }
        var device = try harness.device()
        let answer = try await harness.signedIn(&device)
        return (harness, device, try #require(answer.string("access_token")))
    }

    @Test(
        arguments: [
            (nil, false), (AdminSelector.user(EmailAddress("alice@example.com")!), true),
            (.user(EmailAddress("bob@example.com")!), false), (.group(GroupName("engineering")!), true),
            (.group(GroupName("dba")!), false),
        ] as [(AdminSelector?, Bool)])
    func `know who is an administrator`(_ selector: AdminSelector?, _ expected: Bool) async throws {
        var (_, device, token) = try await signedIn(admins: selector.map { [$0] } ?? [])
        let answer = try await device.ask("/v1/admin", ["command": "x"], accessToken: token)
        let result = try JSONMembers(answer.json).object("result")
        #expect(try result.bool("administrator") == expected)
        #expect(try result.string("by") == "alice@example.com")
    }

    @Test func `say why a command was not carried out`() async throws {
        var (_, device, token) = try await signedIn()
        let answer = try await device.ask("/v1/admin", ["command": "wrong"], accessToken: token)
        #expect(answer.status == 422 && answer.error == "command_refused")
        #expect(answer.string("error_description") == "No.")
    }

    @Test func `hand over the device that asks, and its bytes`() async throws {
        var (_, device, token) = try await signedIn()
        let why = try await device.ask("/v1/why", ["host": "db"], accessToken: token)
        #expect(why.string("device") == device.key.publicKey.thumbprint && why.string("host") == "db")
        let attempts = try await device.ask("/v1/attempts", ["records": []], accessToken: token)
        #expect(attempts.string("person") == "alice@example.com" && attempts.integer("bytes") == 14)
    }

    @Test(arguments: ["/v1/admin", "/v1/why", "/v1/attempts"])
    func `refuse whoever is not signed in with that key, or not any more`(_ path: String) async throws {
        var (harness, device, token) = try await signedIn()
        var thief = try harness.device()
        #expect(try await thief.ask(path, [:], accessToken: token).error == "invalid_token")
        #expect(try await device.ask(path, [:], accessToken: token + "x").error == "invalid_token")
        let now = harness.clock.now
        try await harness.store.write { records in
            for var session in try records.openSessions() {
                session.end(.administrator, now: now)
                try records.save(session)
            }
        }
        let answer = try await device.ask(path, [:], accessToken: token)
        #expect(answer.status == 401 && answer.error == "invalid_token")
    }

    @Test func `refuse a person who is not active`() async throws {
        var (harness, device, token) = try await signedIn()
        try await harness.store.write { records in
            for var person in try records.people() {
                person.isActive = false
                try records.save(person)
            }
        }
        #expect(try await device.ask("/v1/admin", ["command": "x"], accessToken: token).error == "invalid_token")
    }

    @Test func `refuse what is too large, and what is no object`() async throws {
        var (_, device, token) = try await signedIn()
        let long = JSON.string(String(repeating: "a", count: 5000))
        #expect(try await device.ask("/v1/why", ["host": long], accessToken: token).error == "invalid_request")
        #expect(try await device.ask("/v1/why", [1], accessToken: token).error == "invalid_request")
        let huge = JSON.string(String(repeating: "a", count: 1 << 20))
        #expect(try await device.ask("/v1/attempts", huge, accessToken: token).error == "invalid_request")
    }

    @Test func `take a policy from an administrator, and nothing of that size from others`() async throws {
        func answer(_ bytes: Int, isAdministrator: Bool) async throws -> Int {
            let admins: [AdminSelector] = [.user(try #require(EmailAddress("alice@example.com")))]
            var (_, device, token) = try await signedIn(admins: isAdministrator ? admins : [])
            let command: JSON = ["command": "x", "policy": .string(String(repeating: "a", count: bytes))]
            return try await device.ask("/v1/admin", command, accessToken: token).status
        }
        #expect(try await answer(8 << 20, isAdministrator: true) == 200)
        #expect(try await answer(10 << 20, isAdministrator: true) == 400)
        #expect(try await answer(60_000, isAdministrator: false) == 200)
        #expect(try await answer(64 << 10, isAdministrator: false) == 400)
    }

    @Test func `take little at a time of whoever is no administrator`() async throws {
        var (harness, device, token) = try await signedIn()
        for (path, burst) in [("/v1/admin", 30), ("/v1/why", 60)] {
            for _ in 0..<burst { #expect(try await device.ask(path, [:], accessToken: token).status == 200) }
            let answer = try await device.ask(path, [:], accessToken: token)
            #expect(answer.status == 429 && answer.error == "temporarily_unavailable")
        }
        harness.clock.advance(5)
        for path in ["/v1/admin", "/v1/why"] {
            #expect(try await device.ask(path, [:], accessToken: token).status == 200)
        }
        // Attempts have their limit behind the route.
        for _ in 0..<70 { #expect(try await device.ask("/v1/attempts", [:], accessToken: token).status == 200) }
    }

    @Test func `take commands of an administrator as they come`() async throws {
        let admins: [AdminSelector] = [.user(try #require(EmailAddress("alice@example.com")))]
        var (_, device, token) = try await signedIn(admins: admins)
        for _ in 0..<40 {
            let answer = try await device.ask("/v1/admin", ["command": "x"], accessToken: token)
            #expect(answer.status == 200)
        }
    }

    @Test func `are not there where the program gives nothing`() async throws {
        var (_, device, token) = try await signedIn(control: ControlServices())
        for path in ["/v1/admin", "/v1/why", "/v1/attempts"] {
            #expect(try await device.ask(path, [:], accessToken: token).status == 404)
        }
    }

    @Test func `ask an administrator for a recent second factor where that is configured`() async throws {
        let admins: [AdminSelector] = [.user(try #require(EmailAddress("alice@example.com")))]
        var (harness, device, first) = try await signedIn(admins: admins, mfa: 3600)
        #expect(try await device.ask("/v1/admin", ["command": "x"], accessToken: first).status == 200)
        let session = try #require(try await harness.store.read { try $0.openSessions().first })
        harness.clock.advance(3601)
        let renewed = try await device.refresh(
            RefreshToken(session: session.id, generation: 0, key: try Self.refreshKey()).text)
        let token = try #require(renewed.string("access_token"))
        let answer = try await device.ask("/v1/admin", ["command": "x"], accessToken: token)
        #expect(answer.status == 401 && answer.error == "insufficient_user_authentication")
        // Each of these is evidence: not as many as anybody likes.
        for _ in 0..<29 { _ = try await device.ask("/v1/admin", ["command": "x"], accessToken: token) }
        #expect(try await device.ask("/v1/admin", ["command": "x"], accessToken: token).status == 429)
        _ = try await harness.renewed(&device, session.id.text)
        #expect(try await device.ask("/v1/admin", ["command": "x"], accessToken: token).status == 200)
    }

    private static func refreshKey() throws -> SecretBytes {
        var root = Digest.hmacSHA256(Array("ztna-gateway-v1 refresh-token".utf8), key: [UInt8](repeating: 7, count: 32))
        return try SecretBytes(taking: &root)
    }
}
