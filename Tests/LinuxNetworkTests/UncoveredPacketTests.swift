import Foundation
import NetworkAddresses
import Testing

@testable import LinuxNetwork

private func now() -> Int { wallClock() }

@Suite(.enabled(if: missingForLiveTests == nil, "needs root, nft and python3"), .serialized)
struct `A packet that no grant covers` {
    /// What is first to come to a socket of the client's, in hexadecimal.
    private func firstAtClient(_ wire: Wire, _ socket: String) throws -> Command {
        let program = """
            import socket
            s = \(socket)
            s.settimeout(60)
            print("listening", flush=True)
            print(s.recv(2000).hex(), flush=True)
            """
        let command = try Command(["ip", "netns", "exec", wire.client.name, "python3", "-c", program])
        #expect(command.line() == "listening")
        return command
    }

    @Test(arguments: [
        ("100.64.9.2", "192.0.2.2", "192.0.2.1", "100.64.9.7"),
        ("fd00:9::2", "2001:db8::2", "2001:db8::1", "fd00:9::7"),
    ])
    func `does not come in over another interface, to or from an overlay address`(
        _ overlay: String, _ plain: String, _ own: String, _ spoofed: String
    ) async throws {
        let wire = try Wire()
        let length = overlay.contains(":") ? "128" : "32"
        try wire.client.run(
            "ip", "link", "add", "ln0", "type", "veth", "peer", "name", "ln0", "netns", wire.server.name)
        for (namespace, address) in [(wire.client, own), (wire.server, plain)] {
            let prefix = overlay.contains(":") ? "\(address)/64" : "\(address)/24"
            if overlay.contains(":") {
                try namespace.run("ip", "address", "add", prefix, "dev", "ln0", "nodad")
            } else {
                try namespace.run("ip", "address", "add", prefix, "dev", "ln0")
            }
            try namespace.run("ip", "link", "set", "ln0", "up")
        }
        if overlay.contains(":") {
            try wire.client.run("ip", "address", "add", "\(spoofed)/\(length)", "dev", "ln0", "nodad")
        } else {
            try wire.client.run("ip", "address", "add", "\(spoofed)/\(length)", "dev", "ln0")
        }
        try await wire.load(
            wire.rules([("100.64.9.1", .tcp(5001...5001)), ("fd00:9::1", .tcp(5001...5001))], until: now() + 1000))
        let program = """
            import socket
            s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            s.bind(("::", 5004))
            s.settimeout(60)
            print("listening", flush=True)
            print(s.recv(100).decode(), flush=True)
            """
        let server = try Command(["ip", "netns", "exec", wire.server.name, "python3", "-c", program])
        #expect(server.line() == "listening")
        try wire.client.run("ip", "route", "replace", "\(overlay)/\(length)", "via", plain, "dev", "ln0")
        try wire.client.run(
            "python3", "-c",
            """
            import socket, time
            ends = [("\(own)", "\(overlay)"), ("\(spoofed)", "\(plain)")] + 20 * [("\(own)", "\(plain)")]
            for source, destination in ends:
                time.sleep(0.05)
                s = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET, socket.SOCK_DGRAM)
                s.bind((source, 0))
                s.sendto(("from " + source + " to " + destination).encode(), (destination, 5004))
            """)
        #expect(server.line() == "from \(own) to \(plain)")
        server.end()
    }

    @Test func `does not leave because conntrack was kept from it`() async throws {
        let wire = try Wire()
        try await wire.load(wire.rules(egress: [("100.64.9.1", .udp(40000...40000))], until: now() + 1000))
        try wire.server.run(
            "nft",
            "table inet other { chain o { type filter hook output priority raw; udp sport 5004 notrack; }; }")
        let client = try firstAtClient(
            wire, "socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((\"100.64.9.1\", 40000))")
        // What an inbound flow's server goes on sending, then what this node begins.
        try wire.server.run(
            "python3", "-c",
            """
            import socket
            for port, text in ((5004, b"pushed"), (5005, b"begun")):
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                s.bind(("100.64.9.2", port))
                try: s.sendto(text, ("100.64.9.1", 40000))
                except OSError: pass
            """)
        #expect(client.line() == Array("begun".utf8).map { String($0, radix: 16) }.joined())
    }

    @Test func `does not leave with the last bytes of a stream that conntrack has forgotten`() async throws {
        let wire = try Wire()
        try await wire.load(wire.rules(until: now() + 1000))
        let client = try firstAtClient(wire, "socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)")
        try wire.server.run(
            "python3", "-c",
            """
            import socket, struct
            raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
            raw.bind(("100.64.9.2", 0))
            # FIN, PSH, ACK with data, from a port that others were served on.
            try: raw.sendto(struct.pack("!HHIIBBHHH", 5001, 40001, 1000, 2000, 0x50, 0x19, 64, 0, 0) + b"rest", ("100.64.9.1", 0))
            except OSError: pass
            try: socket.create_connection(("100.64.9.1", 40002), 5)
            except OSError: pass
            """)
        // Behind the IPv4 header the flags are the fourteenth byte: of the first that came, a SYN's.
        let packet = Array(client.line())
        #expect(packet.count > 68)
        #expect(String(packet.dropFirst(66).prefix(2)) == "02")
    }

    @Test func `does not hide its port behind IPv6 extension headers`()
        async throws
    {
        let wire = try Wire()
        let log = Logged()
        let reading = try wire.server.inside { try PacketLog(group: 7) { log.add($0) } }
        try await wire.load(
            wire.rules([("fd00:9::1", .udp(5004...5004)), ("fd00:9::1", .tcp(1...2))], until: now() + 1000))
        try wire.client.run(
            "python3", "-c",
            """
            import socket
            s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            # Destination options: eight bytes, all padding.
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, bytes([0, 0, 1, 4, 0, 0, 0, 0]))
            s.sendto(b"hidden", ("fd00:9::2", 5004))
            """)
        #expect(try await log.has(.deniedInbound, port: nil))
        try wire.client.run(
            "python3", "-c",
            "import socket; socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b\"x\", (\"fd00:9::2\", 5004))")
        #expect(try await log.has(.allowed, port: 5004))
        #expect(log.count(.allowed, port: 5004) == 1)
        reading.close()
    }
}
