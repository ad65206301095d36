import Foundation
import NetworkAddresses
import Testing

@testable import LinuxNetwork

private func now() -> Int { wallClock() }

@Suite(.enabled(if: missingForLiveTests == nil, "needs root, nft and python3"), .serialized)
struct `The kernel alone` {
    @Test(arguments: ["100.64.9.2", "fd00:9::2"], [false, true])
    func `ends a running flow on the second its grant ends`(_ address: String, _ isPushing: Bool) async throws {
        let wire = try Wire()
        let server = try wire.listen(pushing: isPushing)
        func load(until end: Int) async throws {
            try await wire.load(
                wire.rules([("100.64.9.1", .tcp(5001...5001)), ("fd00:9::1", .tcp(5001...5001))], until: end))
        }
        try await load(until: now() + 600)
        let flow = try wire.hold(address)
        // Only now, so that a busy machine has the flow open in time.
        let end = now() + 3
        try await load(until: end)
        let words = flow.line().split(separator: " ")
        #expect(["ConnectionResetError", "BrokenPipeError"].contains(words.first.map(String.init)))
        let late = try #require(words.last.flatMap { Int($0) }) - end * 1000
        // How late is for the bench to say: a busy machine tells the program late.
        #expect((-1200...15_000).contains(late), "\(late) ms after the grant's end")
        #expect(try wire.attempt(address, 5001) == "ConnectionRefusedError at once")
        server.end()
    }

    @Test(arguments: ["100.64.9.2", "fd00:9::2"])
    func `refuses TCP by a reset, at once`(_ address: String) async throws {
        let wire = try Wire()
        try await wire.load(wire.rules(until: now() + 100))
        #expect(try wire.attempt(address, 5001) == "ConnectionRefusedError at once")
    }

    @Test(arguments: ["100.64.9.2", "fd00:9::2"])
    func `refuses at the source what the other side would, and lets the rest go`(_ address: String) async throws {
        let wire = try Wire()
        let server = try wire.listen()
        let other = try wire.listen(port: 5002)
        let allowed = wire.allowing(address)
        let log = Logged()
        let reading = try wire.client.inside { try PacketLog(group: 7) { log.add($0) } }
        try await wire.load(
            wire.rules(
                egress: allowed, checksEgress: true, peers: ["100.64.9.2", "fd00:9::2"], until: now() + 100),
            in: wire.client)
        #expect(try wire.attempt(address, 5001) == "ok")
        #expect(try wire.attempt(address, 5002) == "ConnectionRefusedError at once")
        #expect(try await log.has(.leaving, port: 5001))
        #expect(try await log.has(.deniedOutbound, port: 5002))
        reading.close()
        server.end()
        other.end()
    }

    @Test(arguments: ["100.64.9.2", "fd00:9::2"])
    func `ends a flow of our own at the source when what the other side takes ends`(_ address: String) async throws {
        let wire = try Wire()
        let server = try wire.listen()
        func load(until end: Int) async throws {
            try await wire.load(
                wire.rules(egress: wire.allowing(address), checksEgress: true, peers: [address], until: end),
                in: wire.client)
        }
        try await load(until: now() + 1000)
        let flow = try wire.hold(address)
        // Only now, so that a busy machine has the flow open in time.
        try await load(until: now() + 3)
        #expect(["ConnectionResetError", "BrokenPipeError"].contains(String(flow.line().split(separator: " ")[0])))
        server.end()
    }

    /// Says whether a segment of no connection may leave.
    private static let segment = """
        import socket, struct, sys
        s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
        s.bind(("100.64.9.2", 0))
        flags = {"syn": 2, "rst": 4, "ack": 16}[sys.argv[1]]
        head = struct.pack("!HHIIBBHHH", 5001, 40000, 7, 7, 5 << 4, flags, 1000, 0, 0)
        words = socket.inet_aton("100.64.9.2") + socket.inet_aton("100.64.9.1") + struct.pack("!HH", 6, len(head)) + head
        total = sum(struct.unpack("!%dH" % (len(words) // 2), words))
        total = (total & 0xFFFF) + (total >> 16)
        check = ~(total + (total >> 16)) & 0xFFFF
        try:
            s.sendto(head[:16] + struct.pack("!H", check) + head[18:], ("100.64.9.1", 0))
            print("leaves")
        except PermissionError: print("stays")
        """

    /// Conntrack calls a segment of a flow that it does not know new, or, told not to be loose, invalid.
    @Test(arguments: [0, 1], [false, true])
    func `keeps segments of flows whose beginning nobody saw`(_ loose: Int, _ checksEgress: Bool) async throws {
        let wire = try Wire()
        try await wire.load(
            wire.rules(
                egress: [("100.64.9.1", .tcp(40000...40000))], checksEgress: checksEgress, until: now() + 1000))
        try wire.server.run("sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_loose=\(loose)")
        for (flag, outcome) in [("ack", "stays"), ("rst", "leaves"), ("syn", "leaves")] {
            #expect(try wire.server.run("python3", "-c", Self.segment, flag) == "\(outcome)\n", "\(flag)")
        }
    }

    @Test func `takes changed ranges one by one, in the same table`() async throws {
        let wire = try Wire()
        let server = try wire.listen()
        let filter = try wire.server.inside { try PacketFilter() }
        let end = now() + 1000
        let mine: (String, FilterGrant.Traffic) = ("100.64.9.1", .tcp(5000...5002))
        let others = (10..<200).map { ("100.64.9.\($0)", FilterGrant.Traffic.tcp(4000...UInt16(6000 + $0))) }
        try await filter.replace(with: wire.rules([mine] + others, until: end), now: FilterTime(now()))
        let table = try wire.server.run("nft", "-a", "list", "tables")
        let changes: [(String, ClosedRange<UInt16>)] = [
            ("100.64.9.10", 1...2), ("100.64.9.1", 7000...7001), ("100.64.9.1", 5001...5003),
        ]
        for (address, ports) in changes {
            let rules = try wire.rules([mine, (address, .tcp(ports))] + others.dropFirst(), until: end)
            try await filter.update(to: rules, now: FilterTime(now()))
            #expect(try await filter.differences(from: rules, now: now()) == [])
        }
        // The same table: a replaced one has another handle.
        #expect(try wire.server.run("nft", "-a", "list", "tables") == table)
        #expect(try wire.attempt("100.64.9.2", 5001) == "ok")
        try await filter.update(to: wire.rules(others, until: end), now: FilterTime(now()))
        #expect(try wire.attempt("100.64.9.2", 5001) == "ConnectionRefusedError at once")
        server.end()
    }

    /// The kernel takes the memory of what has ended back a minute later.
    @Test(arguments: ["100.64.9.2", "fd00:9::2"])
    func `takes a grant again that has ended, in the same table`(_ address: String) async throws {
        let wire = try Wire()
        let server = try wire.listen()
        let filter = try wire.server.inside { try PacketFilter() }
        let mine: [(String, FilterGrant.Traffic)] = [("100.64.9.1", .tcp(5001...5001)), ("fd00:9::1", .any)]
        func update(until end: Int) async throws -> FilterRuleSet {
            let rules = try wire.rules(mine, peers: ["100.64.9.1", "fd00:9::1"], until: end)
            try await filter.update(to: rules, now: FilterTime(now()))
            return rules
        }
        _ = try await update(until: now() + 600)
        let table = try wire.server.run("nft", "-a", "list", "tables")
        for _ in 1...2 {
            let flow = try wire.hold(address)
            let ending = try await update(until: now() + 2)
            #expect(["ConnectionResetError", "BrokenPipeError"].contains(String(flow.line().split(separator: " ")[0])))
            #expect(try await filter.differences(from: ending, now: now()) == [])
            #expect(try wire.attempt(address, 5001) == "ConnectionRefusedError at once")
            let again = try await update(until: now() + 600)
            #expect(try await filter.differences(from: again, now: now()) == [])
            #expect(try wire.attempt(address, 5001) == "ok")
        }
        #expect(try wire.server.run("nft", "-a", "list", "tables") == table)
        server.end()
    }

    @Test(arguments: ["100.64.9.2", "fd00:9::2"])
    func `ends a flow of our own when the other side is no peer any more`(_ address: String) async throws {
        let wire = try Wire()
        let server = try wire.listen()
        var rules = try wire.rules(peers: [address], until: now() + 1000)
        try await wire.load(rules, in: wire.client)
        let flow = try wire.hold(address)
        // Only now, so that a busy machine has the flow open in time.
        rules.peerEnds = [try #require(IPAddress(address)): now() + 3]
        try await wire.load(rules, in: wire.client)
        #expect(["ConnectionResetError", "BrokenPipeError"].contains(String(flow.line().split(separator: " ")[0])))
        server.end()
    }

    @Test(arguments: ["100.64.9.2", "fd00:9::2"])
    func `ends an inbound flow when the other side is no peer any more, and begins none`(_ address: String)
        async throws
    {
        let wire = try Wire()
        let server = try wire.listen(pushing: true)
        var rules = try wire.rules(
            [("100.64.9.1", .tcp(5001...5001)), ("fd00:9::1", .tcp(5001...5001))], until: now() + 1000)
        try await wire.load(rules)
        let flow = try wire.hold(address)
        // Only now, so that a busy machine has the flow open in time.
        let end = now() + 3
        rules.peerEnds = Dictionary(uniqueKeysWithValues: rules.peers.map { ($0, end) })
        try await wire.load(rules)
        #expect(["ConnectionResetError", "BrokenPipeError"].contains(String(flow.line().split(separator: " ")[0])))
        #expect(try wire.attempt(address, 5001) == "ConnectionRefusedError at once")
        rules.peers = []
        try await wire.load(rules)
        #expect(try wire.attempt(address, 5001) == "ConnectionRefusedError at once")
        server.end()
    }

    enum Neighbour: String, CaseIterable {
        /// As Docker writes it, with iptables-nft.
        case docker = """
            table ip nat {
              chain DOCKER { iifname "docker0" return; }
              chain PREROUTING { type nat hook prerouting priority dstnat; policy accept; fib daddr type local jump DOCKER; }
              chain POSTROUTING { type nat hook postrouting priority srcnat; policy accept; ip saddr 172.17.0.0/16 oifname != "docker0" masquerade; }
            }
            table ip filter {
              chain DOCKER-USER { return; }
              chain FORWARD { type filter hook forward priority filter; policy drop; jump DOCKER-USER; ct state related,established accept; }
              chain INPUT { type filter hook input priority filter; policy accept; }
            }
            table ip6 filter {
              chain FORWARD { type filter hook forward priority filter; policy drop; ct state related,established accept; }
              chain INPUT { type filter hook input priority filter; policy accept; ct state related,established accept; }
            }
            """
        /// As ufw does: what is established passes before anything else is asked.
        case ufw = """
            table inet ufwlike {
              chain user-input { iifname "zt0" accept; }
              chain input { type filter hook input priority filter - 1; policy drop; iifname "lo" accept; ct state related,established accept; meta l4proto ipv6-icmp accept; jump user-input; }
              chain output { type filter hook output priority filter - 1; policy accept; ct state related,established accept; }
              chain late { type filter hook input priority filter + 10; policy accept; ct state related,established accept; }
            }
            """
    }

    @Test(arguments: Neighbour.allCases, ["100.64.9.2", "fd00:9::2"])
    func `holds beside tables of others, which stay as they are`(_ neighbour: Neighbour, _ address: String)
        async throws
    {
        let wire = try Wire()
        try wire.server.run("nft", neighbour.rawValue)
        let theirs = try wire.server.run("nft", "list", "ruleset")
        let server = try wire.listen()
        func load(until end: Int) async throws {
            try await wire.load(
                wire.rules([("100.64.9.1", .tcp(5001...5001)), ("fd00:9::1", .tcp(5001...5001))], until: end))
        }
        try await load(until: now() + 1000)
        let flow = try wire.hold(address)
        #expect(try wire.attempt(address, 5002) == "ConnectionRefusedError at once")
        // Only now, so that a busy machine has the flow open in time.
        try await load(until: now() + 3)
        #expect(["ConnectionResetError", "BrokenPipeError"].contains(String(flow.line().split(separator: " ")[0])))
        let filter = try wire.server.inside { try PacketFilter() }
        try await filter.removeTable()
        #expect(try wire.server.run("nft", "list", "ruleset") == theirs)
        server.end()
    }
}

extension Wire {
    fileprivate func allowing(_ address: String) -> [(String, FilterGrant.Traffic)] {
        [(address, .tcp(5001...5001))]
    }
}
