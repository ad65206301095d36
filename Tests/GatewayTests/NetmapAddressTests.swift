import Cryptography
import Gateway
import NetworkAddresses
import Synchronization
import Testing
import Walkthrough
import Wire

@Suite struct `The address that a netmap is asked for from` {
    /// Remembers the address, and gives no netmap.
    private final class Asked: Sendable {
        private let addresses = Mutex<[IPAddress?]>([])

        var last: IPAddress?? { addresses.withLock { $0.last } }

        var service: NodeService {
            NodeService(
                register: NodeService.none.register,
                netmap: { [self] _, _, _, address throws(NodeService.Refusal) in
                    addresses.withLock { $0.append(address) }
                    throw NodeService.Refusal(name: .invalidRequest, status: 400, explanation: "none here")
                })
        }
    }

    @Test(arguments: [
        ("192.0.2.7", nil, "192.0.2.7"), ("192.0.2.7", "198.51.100.1", "192.0.2.7"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"), ("10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"), ("2001:db8::7", nil, "2001:db8::7"),
    ])
    func `is the client's, where trusted proxies tell it, too`(
        connection: String, forwarded: String?, expected: String
    ) async throws {
        let asked = Asked()
        let harness = try await GatewayHarness(
            nodes: asked.service, trustedProxies: [try #require(IPPrefix("10.0.0.0/8"))])
        let key = try Ed25519PrivateKey(from: .system)
        var device = try harness.device(key)
        let answer = try await harness.signedIn(&device)
        let token = try #require(answer.string("access_token"))
        let behind = harness.transport(from: connection)
        let clock = harness.clock
        var far = DeviceClient(
            key: key, server: GatewayHarness.server,
            transport: WebTransport { request in
                var request = request
                if let forwarded { request.headers.append(("X-Forwarded-For", forwarded)) }
                return try await behind.send(request)
            }, clock: { clock.now })
        _ = try await far.call("GET", "/v1/netmap", body: [], type: "application/json", accessToken: token)
        #expect(asked.last == .some(IPAddress(expected)))
    }
}
