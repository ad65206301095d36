import Foundation
import NetworkAddresses
import Synchronization
import Testing

@testable import LinuxNetwork

private func now() -> Int { wallClock() }

@Suite(.enabled(if: missingForLiveTests == nil, "needs root, nft and python3"), .serialized)
struct `A log under a flood` {
    /// Ten peers, all ports each, as fast as a process sends.
    private static let flood = """
        import socket
        for peer in range(10):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(("100.64.9.%d" % (100 + peer), 0))
            for port in range(1, 65536):
                for _ in range(50):
                    try:
                        s.sendto(b"x", ("100.64.9.2", port))
                        break
                    except OSError: pass
        print("sent")
        """

    @Test func `accounts for every attempt of a scan by ten peers, and stalls nothing`() async throws {
        let wire = try Wire()
        let peers = (100..<110).map { "100.64.9.\($0)" }
        for peer in peers { try wire.client.run("ip", "address", "add", "\(peer)/24", "dev", "zt0") }
        let counted = Counter()
        let log = try wire.server.inside { try PacketLog(group: 7) { _ in counted.add() } }
        let filter = try wire.server.inside { try PacketFilter() }
        let rules = try wire.rules(
            [("100.64.9.1", .tcp(5001...5001))], peers: peers + ["100.64.9.1"], until: now() + 1000)
        try await filter.replace(with: rules, now: FilterTime(now()))
        let server = try wire.listen()
        let flood = try Command(["ip", "netns", "exec", wire.client.name, "python3", "-c", Self.flood])
        for _ in 0..<5 { #expect(try wire.attempt("100.64.9.2", 5001) == "ok") }
        #expect(flood.line() == "sent")
        // Five more were allowed. What is left out is asked for again and again, and across another table.
        let total = 10 * 65_535 + 5
        var unlogged = 0
        let isAccountedFor = try await comes {
            unlogged += await filter.takeUnlogged()
            return counted.value + log.losses.overruns + unlogged >= total
        }
        #expect(isAccountedFor)
        try await filter.replace(with: rules, now: FilterTime(now()))
        unlogged += await filter.takeUnlogged()
        log.close()
        #expect(counted.value + log.losses.overruns + unlogged == total)
        #expect(log.losses.unreadable == 0)
        server.end()
    }
}

extension `A log under a flood` {
    /// One peer floods by both its addresses, and another attempts something now and then.
    private static let noise = """
        import socket
        def bound(family, address):
            s = socket.socket(family, socket.SOCK_DGRAM)
            s.bind((address, 0))
            return s
        def send(s, address, port):
            for _ in range(50):
                try:
                    s.sendto(b"x", (address, port))
                    return
                except OSError: pass
        loud = bound(socket.AF_INET, "100.64.9.100"), bound(socket.AF_INET6, "fd00:9::100")
        quiet = bound(socket.AF_INET, "100.64.9.101")
        for count in range(300000):
            send(loud[count % 2], ("100.64.9.2", "fd00:9::2")[count % 2], 1 + count % 65535)
            if count % 10000 == 9999: send(quiet, "100.64.9.2", 1 + count // 10000)
        print("sent")
        """

    @Test func `hides no attempt of one peer behind those of another`() async throws {
        let wire = try Wire()
        let peers = ["100.64.9.100", "100.64.9.101", "fd00:9::100"]
        for peer in peers.dropLast() { try wire.client.run("ip", "address", "add", "\(peer)/24", "dev", "zt0") }
        try wire.client.run("ip", "address", "add", "fd00:9::100/64", "dev", "zt0", "nodad")
        let quiet = IPAddress("100.64.9.101")
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
        let flood = try Command(["ip", "netns", "exec", wire.client.name, "python3", "-c", Self.noise])
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
