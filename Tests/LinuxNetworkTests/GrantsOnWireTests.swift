import Foundation
import NetworkAddresses
import Testing

@testable import LinuxNetwork

private func now() -> Int { wallClock() }

/// What random grants say, asked of the kernel with one packet after the other.
@Suite(.enabled(if: missingForLiveTests == nil, "needs root, nft and python3"), .serialized)
struct `A table of random grants` {
    private static let ports: ClosedRange<UInt16> = 20...31
    private static let ends = [
        ("100.64.9.1", "100.64.9.2"), ("100.64.9.11", "100.64.9.2"), ("100.64.9.12", "100.64.9.2"),
        ("fd00:9::1", "fd00:9::2"), ("fd00:9::11", "fd00:9::2"), ("fd00:9::12", "fd00:9::2"),
    ]

    /// Takes connections and answers datagrams on all ports.
    private static let service = """
        import select, socket
        streams, datagrams = [], []
        for family, address in ((socket.AF_INET, "100.64.9.2"), (socket.AF_INET6, "fd00:9::2")):
            for port in range(20, 32):
                streams.append(socket.create_server((address, port), family=family, backlog=200))
                s = socket.socket(family, socket.SOCK_DGRAM)
                s.bind((address, port))
                datagrams.append(s)
        print("listening", flush=True)
        while True:
            for s in select.select(datagrams, [], [])[0]: s.sendto(*s.recvfrom(100))
        """

    /// Prints what was answered; the rest was refused in the way that each protocol has.
    private static let attempts = """
        for source, target in zip(*[iter(sys.argv[1:])] * 2):
            prohibited = "1 1" if ":" in source else "3 13"
            def told(outcome, *words):
                if outcome == "answered": print(source, *words)
                elif outcome != prohibited: sys.exit("%s %s: %s" % (source, words, outcome))
            s, data = echo(target)
            s.bind((source, 0))
            s.connect((target, 0))
            told(met(s, data), "icmp")
            for port in range(20, 32):
                s = socket.socket(family(target), socket.SOCK_DGRAM)
                s.bind((source, 0))
                s.connect((target, port))
                told(met(s, b"x"), "udp", port)
                s = socket.socket(family(target), socket.SOCK_STREAM)
                s.settimeout(60)
                s.bind((source, 0))
                try:
                    s.connect((target, port))
                    print(source, "tcp", port)
                except ConnectionRefusedError: pass
        """

    @Test(arguments: 0..<4)
    func `lets in what they say and refuses all else, made anew and changed`(_ seed: UInt64) async throws {
        let wire = try Wire()
        try wire.addClients(Self.ends.map(\.0).filter { $0.hasSuffix("11") || $0.hasSuffix("12") })
        // Each refusal is waited for: none may be left out because there are many.
        try wire.server.run("sysctl", "-qw", "net.ipv4.icmp_ratemask=0", "net.ipv6.icmp.ratemask=200")
        let service = try Command(["ip", "netns", "exec", wire.server.name, "python3", "-c", Self.service])
        #expect(service.line() == "listening")
        let filter = try wire.server.inside { try PacketFilter() }
        var random = RandomGrants(state: seed &* 0x9E37_79B9_7F4A_7C15 &+ 1)
        for _ in 0..<3 {
            let grants = random.grants(for: Self.ends.map(\.0), ports: Self.ports)
            // Whoever is no peer has no grant, whatever the list says.
            let peers = Self.ends.map(\.0).filter { _ in random.next(4) > 0 }
            try await filter.update(
                to: wire.rules(grants, peers: peers, until: now() + 1000), now: FilterTime(now()))
            let words = ["ip", "netns", "exec", wire.client.name, "python3", "-c", Probe.python + Self.attempts]
            let told = try Command.run(words + Self.ends.flatMap { [$0.0, $0.1] }).split(separator: "\n").map(
                String.init)
            #expect(Set(told) == Self.expected(grants.filter { peers.contains($0.0) }), "\(peers) \(grants)")
        }
        service.end()
    }

    /// The slow and obvious way.
    private static func expected(_ grants: [(String, FilterGrant.Traffic)]) -> Set<String> {
        var lines: Set<String> = []
        for (source, traffic) in grants {
            for port in ports {
                switch traffic {
                case .any: lines.formUnion(["\(source) icmp", "\(source) tcp \(port)", "\(source) udp \(port)"])
                case .icmp: lines.insert("\(source) icmp")
                case .tcp(let range): if range.contains(port) { lines.insert("\(source) tcp \(port)") }
                case .udp(let range): if range.contains(port) { lines.insert("\(source) udp \(port)") }
                }
            }
        }
        return lines
    }
}

/// Repeatable. Source: Knuth, MMIX's linear congruential generator.
private struct RandomGrants {
    var state: UInt64

    mutating func next(_ limit: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % limit
    }

    mutating func grants(for sources: [String], ports: ClosedRange<UInt16>) -> [(String, FilterGrant.Traffic)] {
        sources.flatMap { source in (0..<next(4)).map { _ in (source, traffic(ports)) } }
    }

    private mutating func traffic(_ ports: ClosedRange<UInt16>) -> FilterGrant.Traffic {
        let first = ports.lowerBound + UInt16(next(UInt64(ports.count)))
        let last = min(first + UInt16(next(2) == 0 ? 0 : next(5)), ports.upperBound)
        switch next(9) {
        case 0: return .any
        case 1, 2: return .icmp
        case 3, 4, 5: return .udp(first...last)
        default: return .tcp(first...last)
        }
    }
}
