import Cryptography
import Gateway
import Sessions
import SignedDocuments
import Synchronization
import Testing
import Walkthrough
import Wire

/// Source: DESIGN §4; `NetmapMessage`.
@Suite struct `A device that comes back to its netmap` {
    /// Remembers what was asked to be resumed, and gives no netmap.
    private final class Asked: Sendable {
        private let resumptions = Mutex<[NodeService.Resumption?]>([])

        var all: [NodeService.Resumption?] { resumptions.withLock { $0 } }

        var service: NodeService {
            NodeService(
                register: NodeService.none.register,
                netmap: { [self] _, _, resumption, _ throws(NodeService.Refusal) in
                    resumptions.withLock { $0.append(resumption) }
                    throw NodeService.Refusal(name: .invalidRequest, status: 400, explanation: "none here")
                })
        }
    }

    private static let longest = String(repeating: "e", count: 64)

    @Test(
        arguments: [
            ("", nil), ("?epoch=e1&after=7", .init(epoch: "e1", sequence: 7)),
            ("?after=0&epoch=e1", .init(epoch: "e1", sequence: 0)),
            ("?epoch=\(longest)&after=\(Int.max)", .init(epoch: longest, sequence: .max)),
            ("?epoch=a%2Fb%20c&after=1", .init(epoch: "a/b c", sequence: 1)),
            // What the coordinator cannot have given is handed on as it is, and is no sequence number of its own.
            ("?epoch=e1&after=-1", .init(epoch: "e1", sequence: -1)),
            // Half of it, or no number: as if nothing were held.
            ("?epoch=e1", nil), ("?after=7", nil), ("?epoch=e1&after=", nil), ("?epoch=e1&after=x", nil),
            ("?epoch=e1&after=7x", nil), ("?epoch=e1&after=%207", nil), ("?epoch=e1&after=1e3", nil),
            ("?epoch=e1&after=9223372036854775808", nil), ("?epoch=\(longest)e&after=7", nil),
        ] as [(String, NodeService.Resumption?)])
    func `says what it holds, and with anything else gets a snapshot`(
        _ query: String, _ expected: NodeService.Resumption?
    ) async throws {
        let asked = Asked()
        let harness = try await GatewayHarness(nodes: asked.service)
        var device = try harness.device()
        let token = try #require(try await harness.signedIn(&device).string("access_token"))
        let path = "/v1/netmap"
        let proof = try DPoPProofMaking.proof(
            method: "GET", url: GatewayHarness.server + path, nonce: device.currentNonce, accessToken: token,
            id: "identifier-1", now: harness.clock.now, by: device.key)
        let answer = try await harness.answer(
            "GET", path + query, headers: [("DPoP", proof), ("Authorization", "DPoP \(token)")], body: [])
        #expect(answer.status == 400)
        #expect(asked.all == [expected])
    }
}
