import Agent
import Foundation
import NetworkAddresses
import Synchronization
import Testing

@testable import LinuxNetwork

private func now() -> Int { wallClock() }

@Suite(.enabled(if: missingForLiveTests == nil, "needs root, nft and python3"), .serialized)
struct `A log under a flood` {
    enum Family: String, CaseIterable {
        case v4 = "100.64.9."
        case v6 = "fd00:9::"

        func address(_ number: Int) -> String { rawValue + "\(number)" }
    }

    /// To the first address, from each of the others: all ports each, as fast as a process sends.
    private static let flood = """
        import socket, sys
        target = sys.argv[1]
        for peer in sys.argv[2:]:
            s = socket.socket(socket.AF_INET6 if ":" in peer else socket.AF_INET, socket.SOCK_DGRAM)
            s.bind((peer, 0))
            for port in range(1, 65536):
                for _ in range(50):
                    try:
                        s.sendto(b"x", (target, port))
                        break
                    except OSError: pass
        print("sent")
        """

    /// To the end of the agent's part: what it holds and tells.
    @Test(arguments: Family.allCases)
    func `accounts for every attempt of a scan by ten peers, in few words, and stalls nothing`(_ family: Family)
        async throws
    {
        let wire = try Wire()
        let (server, peers) = (family.address(2), (100..<110).map(family.address))
        try wire.addClients(peers)
        let state = FileManager.default.temporaryDirectory.appending(path: "ztna-flood-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: state) }
        // Within one minute by its clock, however slow this machine is.
        let reader = try Reader(wire, state: state, now: { 1_800_000_000 })
        let rules = try wire.rules(
            [(family.address(1), .tcp(5001...5001))], peers: peers + [family.address(1)], until: now() + 1000)
        try await reader.filter.replace(with: rules, now: FilterTime(now()))
        try await reader.reading.start()
        let service = try wire.listen()
        let flood = try Command(
            ["ip", "netns", "exec", wire.client.name, "python3", "-c", Self.flood, server] + peers)
        for _ in 0..<5 { #expect(try wire.attempt(server, 5001) == "ok") }
        #expect(flood.line() == "sent")
        // Five more were allowed. What is left out is asked for again and again, and across another table.
        let total = 10 * 65_535 + 5
        let isAccountedFor = try await comes {
            await reader.reading.countLosses()
            let read = reader.attempts.held + reader.attempts.entries(refusedOnly: false).count
            return await read + reader.reading.lost.total >= total
        }
        #expect(isAccountedFor)
        try await reader.filter.replace(with: rules, now: FilterTime(now()))
        await reader.reading.countLosses()
        await reader.reading.close()
        reader.attempts.tellRepetitions(all: true)
        let told = reader.attempts.entries(refusedOnly: false)
        let lost = await reader.reading.lost
        #expect(told.reduce(0) { $0 + $1.count } + lost.total == total)
        #expect(lost.kernel + lost.limited == lost.total)
        // Of each peer the first ports one by one, and all others at once.
        #expect(told.count <= 10 * 65 + 1)
        service.end()
    }
}

extension `A log under a flood` {
    /// One peer floods by both its addresses, and another attempts something now and then.
    private static let noise = """
        import socket, sys
        def bound(peer):
            s = socket.socket(socket.AF_INET6 if ":" in peer else socket.AF_INET, socket.SOCK_DGRAM)
            s.bind((peer, 0))
            return s, "fd00:9::2" if ":" in peer else "100.64.9.2"
        def send(s, target, port):
            for _ in range(50):
                try:
                    s.sendto(b"x", (target, port))
                    return
                except OSError: pass
        *loud, quiet = map(bound, sys.argv[1:])
        for count in range(300000):
            send(*loud[count % 2], 1 + count % 65535)
            if count % 10000 == 9999: send(*quiet, 1 + count // 10000)
        print("sent")
        """

    @Test(arguments: Family.allCases)
    func `hides no attempt of one peer behind those of another`(_ family: Family) async throws {
        let wire = try Wire()
        let peers = Family.allCases.map { $0.address(100) } + [family.address(101)]
        try wire.addClients(peers)
        let quiet = IPAddress(peers[2])
        let (all, ofQuiet) = (Counter(), Counter())
        let log = try wire.server.inside {
            try PacketLog(group: 7) { packet in
                all.add()
                if packet.header.source == quiet { ofQuiet.add() }
            }
        }
        let filter = try wire.server.inside { try PacketFilter() }
        let rules = try wire.rules([], peers: peers, until: now() + 1000)
        try await filter.replace(with: rules, now: FilterTime(now()))
        let flood = try Command(
            ["ip", "netns", "exec", wire.client.name, "python3", "-c", Self.noise] + peers)
        #expect(flood.line() == "sent")
        var unlogged = 0
        let isAccountedFor = try await comes {
            unlogged += await filter.takeUnlogged()
            return all.value + log.losses.overruns + unlogged >= 300_030
        }
        #expect(isAccountedFor)
        #expect(try await filter.matches(rules, now: now()))
        log.close()
        #expect(all.value + log.losses.overruns + unlogged == 300_030)
        // Nothing of it was left out but what the log's reader was too slow for.
        #expect(ofQuiet.value + log.losses.overruns >= 30)
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)

    func add() { count.withLock { $0 += 1 } }
    var value: Int { count.withLock { $0 } }
}
