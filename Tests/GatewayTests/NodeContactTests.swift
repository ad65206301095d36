import Audit
import Cryptography
import Gateway
import NetworkAddresses
import Sessions
import SignedDocuments
import Store
import StoreSQLite
import StrictJSON
import Synchronization
import Testing
import Walkthrough
import Wire

/// A coordinator that remembers who was heard from where and whose label was asked for, and withholds a name.
private final class Heard: Sendable {
    private let contacts = Mutex<[String]>([])
    private let askedLabels = Mutex<[String]>([])
    let withheld: String?
    let label: String?
    let isRefusing: Bool

    init(withheld: String? = nil, label: String? = nil, isRefusing: Bool = false) {
        self.withheld = withheld
        self.label = label
        self.isRefusing = isRefusing
    }

    /// The nodes whose person was asked for.
    var asked: [String] { askedLabels.withLock { $0 } }

    /// What came since the last time: "session address".
    func take() -> [String] {
        contacts.withLock { contacts in
            defer { contacts = [] }
            return contacts
        }
    }

    var service: NodeService {
        NodeService(
            register: { [withheld, isRefusing] _, _, _, _ throws(NodeService.Refusal) in
                guard !isRefusing else {
                    throw NodeService.Refusal(name: .invalidRequest, status: 400, explanation: "not this one")
                }
                return RegistrationResponse(node: "n", authorization: "a.b.c", withheldName: withheld)
            },
            netmap: NodeService.none.netmap,
            contact: { [self] session, address in contacts.withLock { $0.append("\(session) \(address)") } },
            label: { [self] node in
                askedLabels.withLock { $0.append(node) }
                return label
            })
    }
}

@Suite struct `A signed-in device that asks for anything` {
    @Test func `is seen where it asks from`() async throws {
        let heard = Heard()
        var control = ControlServices()
        control.attempts = { _, _ in ["stored": true] }
        let harness = try await GatewayHarness(control: control, nodes: heard.service)
        let key = try Ed25519PrivateKey(from: .system)
        var device = try harness.device(key)
        let answer = try await harness.signedIn(&device)
        let (token, session) = (try #require(answer.string("access_token")), try #require(answer.string("session_id")))
        let refresh = try #require(answer.string("refresh_token"))
        #expect(heard.take() == [])
        let clock = harness.clock
        var far = DeviceClient(
            key: key, server: GatewayHarness.server, transport: harness.transport(from: "198.51.100.9"),
            clock: { clock.now })
        for (method, path) in [("POST", "/v1/node"), ("GET", "/v1/netmap"), ("POST", "/v1/attempts")] {
            _ = try await far.call(method, path, body: [], type: "application/json", accessToken: token)
            #expect(heard.take() == ["\(session) 198.51.100.9"], "\(path)")
        }
        #expect(try await far.refresh(refresh).status == 200)
        #expect(heard.take() == ["\(session) 198.51.100.9"])
        // A token that is refused tells nothing of where the device is: anybody may have sent it.
        _ = try await far.call("GET", "/v1/netmap", body: [], type: "application/json", accessToken: token + "x")
        var thief = try harness.device()
        _ = try await thief.call("GET", "/v1/netmap", body: [], type: "application/json", accessToken: token)
        #expect(try await far.refresh(refresh + "x").status == 400)
        #expect(heard.take() == [])
    }

    @Test func `is told, as the audit is, that it does not get the name it wishes`() async throws {
        for name in [nil, "prod-db-1"] {
            let harness = try await GatewayHarness(nodes: Heard(withheld: name).service)
            var device = try harness.device()
            let token = try #require(try await harness.signedIn(&device).string("access_token"))
            let body: JSON = ["registration": "a.b.c"]
            let answer = try await device.call(
                "POST", "/v1/node", body: body.encoded(), type: "application/json", accessToken: token)
            #expect(answer.status == 200 && answer.string("withheld_name") == name)
            let actors = harness.events.all.suffix(2).map(\.actor)
            let alice = try #require(try await harness.store.read { try $0.people().first })
            #expect(actors.last == .person(alice.id, label: "alice@example.com"))
            let events = harness.events.all.filter { $0.action == "name-withheld" }
            #expect(events.map(\.host) == (name == nil ? [] : [name]))
            #expect(events.allSatisfy { $0.outcome == .refused && $0.device == device.key.publicKey.thumbprint })
            #expect(events.allSatisfy { $0.reason?.contains("device:prod-db-1") == true && $0.subject?.id == "n" })
        }
    }

    @Test(
        arguments: [
            ("a@b.example", false, ["n"], "a@b.example"), (nil, false, ["n"], "alice@example.com"),
            ("a@b.example", true, [], "alice@example.com"),
        ] as [(String?, Bool, [String], String)])
    func `is named in the evidence by what is in memory, else by the store`(
        _ label: String?, _ isRefusing: Bool, _ asked: [String], _ written: String
    ) async throws {
        let heard = Heard(withheld: "prod-db-1", label: label, isRefusing: isRefusing)
        let harness = try await GatewayHarness(nodes: heard.service)
        var device = try harness.device()
        let token = try #require(try await harness.signedIn(&device).string("access_token"))
        let before = harness.events.all.count
        let body: JSON = ["registration": "a.b.c"]
        let answer = try await device.call(
            "POST", "/v1/node", body: body.encoded(), type: "application/json", accessToken: token)
        #expect(answer.status == (isRefusing ? 400 : 200) && heard.asked == asked)
        let events = harness.events.all.dropFirst(before)
        let alice = try #require(try await harness.store.read { try $0.people().first })
        #expect(events.map(\.action) == (isRefusing ? ["node-registered"] : ["node-registered", "name-withheld"]))
        #expect(events.allSatisfy { $0.actor == .person(alice.id, label: written) })
    }
}
