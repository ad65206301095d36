import Foundation
import NetworkAddresses
import Testing

@testable import LinuxNetwork

private func now() -> Int { wallClock() }

@Suite(.enabled(if: missingForLiveTests == nil, "needs root, nft and python3"), .serialized)
struct `A running flow that is allowed` {
    /// By a single port and by a range; each becomes the other, too.
    private static let mine: [[FilterGrant.Traffic]] = [
        [.tcp(5001...5001), .tcp(6000...6010)], [.tcp(5000...5001), .tcp(6001...6001)],
    ]
    private static let addresses = (server: ["100.64.9.1", "fd00:9::1"], client: ["100.64.9.2", "fd00:9::2"])

    /// Bytes there and back until `end` is a file: then `all answered`, else what ended one of them.
    private static func roundTrips(until end: String) -> String {
        """
        import os, socket, threading
        ends = [("100.64.9.2", 5001), ("100.64.9.2", 6001), ("fd00:9::2", 6001), ("fd00:9::2", 5001)]
        flows = [socket.create_connection(end, 30) for end in ends]
        for flow in flows: flow.settimeout(120)
        outcomes = []
        def run(flow):
            try:
                while not os.path.exists("\(end)"):
                    flow.send(b"x")
                    assert flow.recv(1) == b"x"
            except (OSError, AssertionError) as error: outcomes.append(type(error).__name__)
        threads = [threading.Thread(target=run, args=(flow,)) for flow in flows]
        for thread in threads: thread.start()
        print("open", flush=True)
        for thread in threads: thread.join()
        print(*outcomes or ["all answered"], flush=True)
        """
    }

    @Test func `is reset neither by large changes nor by another table`() async throws {
        let wire = try Wire()
        let servers = try [5001, 6001].map { try wire.listen(port: $0) }
        let filters = try (
            server: wire.server.inside { try PacketFilter() }, client: wire.client.inside { try PacketFilter() }
        )
        let end = now() + 3600
        /// What other peers may do: from one part of it to the other 1,500 members go and 1,000 come, or back.
        let others = (10..<50).flatMap { peer in
            (1...100).map { ("100.64.9.\(peer)", FilterGrant.Traffic.tcp($0...$0)) }
        }
        func rules(_ part: Range<Int>, _ mine: [FilterGrant.Traffic]) throws -> (
            server: FilterRuleSet, client: FilterRuleSet
        ) {
            func grants(_ addresses: [String]) -> [(String, FilterGrant.Traffic)] {
                addresses.flatMap { address in mine.map { (address, $0) } } + others[part]
            }
            let peers = (10..<50).map { "100.64.9.\($0)" }
            return try (
                wire.rules(grants(Self.addresses.server), peers: Self.addresses.server + peers, until: end),
                wire.rules(
                    egress: grants(Self.addresses.client), checksEgress: true,
                    peers: Self.addresses.client + peers, until: end)
            )
        }
        let (first, second) = try (rules(0..<3000, Self.mine[0]), rules(1500..<4000, Self.mine[1]))
        try await filters.server.replace(with: first.server, now: FilterTime(now()))
        try await filters.client.replace(with: first.client, now: FilterTime(now()))
        let tables = try [wire.server, wire.client].map { try $0.run("nft", "-a", "list", "tables") }
        let stop = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: stop) }
        let flows = try Command([
            "ip", "netns", "exec", wire.client.name, "python3", "-c", Self.roundTrips(until: stop.path),
        ])
        #expect(flows.line() == "open")
        for turn in 0..<20 {
            let next = turn % 2 == 0 ? second : first
            try await filters.server.update(to: next.server, now: FilterTime(now()))
            try await filters.client.update(to: next.client, now: FilterTime(now()))
        }
        // The same tables: a replaced one has another handle.
        #expect(try [wire.server, wire.client].map { try $0.run("nft", "-a", "list", "tables") } == tables)
        for _ in 0..<20 {
            try await filters.server.replace(with: first.server, now: FilterTime(now()))
            try await filters.client.replace(with: first.client, now: FilterTime(now()))
        }
        #expect(try await filters.server.differences(from: first.server, now: now(), tolerance: 300) == [])
        #expect(try await filters.client.differences(from: first.client, now: now(), tolerance: 300) == [])
        #expect(FileManager.default.createFile(atPath: stop.path, contents: nil))
        #expect(flows.line() == "all answered")
        #expect(try wire.attempt("100.64.9.2", 5002) == "ConnectionRefusedError at once")
        servers.forEach { $0.end() }
    }
}
