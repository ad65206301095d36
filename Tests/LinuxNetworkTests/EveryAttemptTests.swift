import Foundation
import NetworkAddresses
import Testing

@testable import LinuxNetwork

private func now() -> Int { wallClock() }

/// What an attacker may do so that an attempt is in no log.
@Suite(.enabled(if: missingForLiveTests == nil, "needs root, nft and python3"), .serialized)
struct `Every attempt is told` {
    /// The log and the rules of the receiving end.
    private func logging(_ wire: Wire, _ grants: [(String, FilterGrant.Traffic)]) async throws -> (Logged, PacketLog) {
        let logged = Logged()
        let log = try wire.server.inside { try PacketLog(group: 7) { logged.add($0) } }
        try await wire.load(wire.rules(grants, until: now() + 1000))
        return (logged, log)
    }

    /// Whoever guesses passwords may take the same port again at once.
    @Test(arguments: ["100.64.9.2", "fd00:9::2"])
    func `also of a connection from the port of one that has just ended`(_ address: String) async throws {
        let wire = try Wire()
        let server = try wire.listen()
        let (logged, log) = try await logging(
            wire, [("100.64.9.1", .tcp(5001...5001)), ("fd00:9::1", .tcp(5001...5001))])
        let program = """
            import socket, struct
            for _ in range(20):
                c = socket.socket(socket.AF_INET6 if ":" in "\(address)" else socket.AF_INET)
                c.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                c.bind(("::" if ":" in "\(address)" else "0.0.0.0", 40001))
                c.settimeout(20)
                c.connect(("\(address)", 5001))
                c.send(b"x"); c.recv(1)
                c.close()
            """
        try wire.client.run("python3", "-c", program)
        #expect(try await comes { logged.count(.allowed, port: 5001) == 20 })
        log.close()
        server.end()
    }

    @Test(arguments: ["100.64.9.2", "fd00:9::2"])
    func `also of what nobody answers, once for its packets`(_ address: String) async throws {
        let wire = try Wire()
        let (logged, log) = try await logging(wire, [("100.64.9.1", .udp(5003...5004)), ("fd00:9::1", .any)])
        let program = """
            import socket
            s = socket.socket(socket.AF_INET6 if ":" in "\(address)" else socket.AF_INET, socket.SOCK_DGRAM)
            for _ in range(20): s.sendto(b"x", ("\(address)", 5003))
            s.sendto(b"x", ("\(address)", 5004))
            """
        try wire.server.run("sysctl", "-qw", "net.ipv4.icmp_ratelimit=0")
        try wire.client.run("python3", "-c", program)
        #expect(try await logged.has(.allowed, port: 5004))
        #expect(logged.count(.allowed, port: 5003) == 1)
        log.close()
    }

    /// Servers for names are often kept out of conntrack.
    @Test(arguments: ["100.64.9.2", "fd00:9::2"])
    func `also of what another table keeps from conntrack`(_ address: String) async throws {
        let wire = try Wire()
        try wire.server.run(
            "nft",
            "add table inet names; add chain inet names c { type filter hook prerouting priority raw; }; "
                + "add rule inet names c meta l4proto { tcp, udp } notrack; "
                + "add chain inet names o { type filter hook output priority raw; }; "
                + "add rule inet names o meta l4proto { tcp, udp } notrack")
        let server = try wire.listen()
        let (logged, log) = try await logging(wire, [("100.64.9.1", .any), ("fd00:9::1", .any)])
        let program = """
            import socket
            family = socket.AF_INET6 if ":" in "\(address)" else socket.AF_INET
            for _ in range(5):
                s = socket.socket(family, socket.SOCK_DGRAM)
                for _ in range(3): s.sendto(b"x", ("\(address)", 5003))
            for _ in range(5):
                c = socket.socket(family)
                c.settimeout(20)
                c.connect(("\(address)", 5001))
                for _ in range(3): c.send(b"x"); c.recv(1)
            socket.socket(family, socket.SOCK_DGRAM).sendto(b"x", ("\(address)", 5009))
            """
        try wire.client.run("python3", "-c", program)
        #expect(try await logged.has(.allowed, port: 5009))
        // What is sent again for want of an answer in time may be told twice.
        #expect(logged.count(.allowed, port: 5001) >= 5)
        #expect(logged.count(.allowed, port: 5003) == 5)
        log.close()
        server.end()
    }

    @Test(arguments: [("192.0.2.2", "192.0.2.7"), ("2001:db8::2", "2001:db8::7")], [0, 1])
    func `also of what is for no address of this node, or for somebody behind it`(
        _ addresses: (own: String, behind: String), _ forwarding: Int
    ) async throws {
        let wire = try Wire()
        let isV6 = addresses.own.contains(":")
        try wire.server.run("ip", "link", "add", "lan0", "type", "veth", "peer", "name", "lan1")
        for link in ["lan0", "lan1"] { try wire.server.run("ip", "link", "set", link, "up") }
        try wire.server.run(
            ["ip", "address", "add", "\(addresses.own)/\(isV6 ? 64 : 24)", "dev", "lan0"] + (isV6 ? ["nodad"] : []))
        for key in ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"] {
            try wire.server.run("sysctl", "-qw", "\(key)=\(forwarding)")
        }
        try wire.client.run(
            "ip", "route", "add", isV6 ? "2001:db8::/64" : "192.0.2.0/24", "via", isV6 ? "fd00:9::2" : "100.64.9.2")
        let server = try wire.listen()
        let (logged, log) = try await logging(wire, [("100.64.9.1", .any), ("fd00:9::1", .any)])
        let program = """
            import socket
            family = socket.AF_INET6 if \(isV6 ? "True" : "False") else socket.AF_INET
            for port, address in ((5001, "\(addresses.own)"), (5002, "\(addresses.behind)")):
                c = socket.socket(family)
                c.setblocking(False)
                c.connect_ex((address, port))
            """
        try wire.client.run("python3", "-c", program)
        #expect(try await logged.has(.deniedInbound, port: 5001))
        if forwarding == 1 { #expect(try await logged.has(.deniedInbound, port: 5002)) }
        #expect(logged.count(.allowed, port: 5001) == 0)
        log.close()
        server.end()
    }

    /// The log would else say that the other side tried to come in.
    @Test func `but not what goes on answering a flow of this node that has ended`() async throws {
        let wire = try Wire()
        let server = try wire.listen(pushing: true)
        let logged = Logged()
        let log = try wire.client.inside { try PacketLog(group: 7) { logged.add($0) } }
        var rules = try wire.rules(peers: ["100.64.9.2"], until: now() + 1000)
        try await wire.load(rules, in: wire.client)
        let flow = try wire.hold("100.64.9.2")
        rules.peers = []
        try await wire.load(rules, in: wire.client)
        _ = flow.line()
        let packet = #"import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("100.64.9.1", 7))"#
        try wire.server.run("python3", "-c", packet)
        #expect(try await logged.has(.deniedInbound, port: 7))
        #expect(logged.count(.deniedInbound) == 1)
        log.close()
        server.end()
    }
}
