import Foundation
import NetworkAddresses
import Testing

@testable import LinuxNetwork

private func now() -> Int { wallClock() }

@Suite(.enabled(if: missingForLiveTests == nil, "needs root, nft and python3"), .serialized)
struct `A packet that comes another way` {
    /// Two ends of a flow, and the plain addresses that are on the wire beside the tunnel.
    struct Ends: Sendable {
        let client: String
        let server: String
        let isInOverlay: Bool
        var isV4: Bool { !client.contains(":") }
        var plain: String { isV4 ? "192.0.2.2" : "2001:db8::2" }
        var length: String { isV4 ? "32" : "128" }
    }

    static let running = [
        Ends(client: "100.64.9.1", server: "100.64.9.2", isInOverlay: true),
        Ends(client: "fd00:9::1", server: "fd00:9::2", isInOverlay: true),
        Ends(client: "192.0.2.1", server: "192.0.2.2", isInOverlay: false),
        Ends(client: "2001:db8::1", server: "2001:db8::2", isInOverlay: false),
    ]

    /// Conntrack knows no interfaces: for it the packet is of the flow.
    @Test(arguments: running)
    func `is not let in because the flow that it names runs`(_ ends: Ends) async throws {
        let wire = try Wire()
        try wire.addOther()
        try await wire.load(
            wire.rules([("100.64.9.1", .udp(5004...5004)), ("fd00:9::1", .udp(5004...5004))], until: now() + 1000))
        let server = try self.server(wire, ends, begins: !ends.isInOverlay)
        try send("begun", wire, ends)
        #expect(server.line() == "begun")
        try turn(wire, ends)
        try send("astray", wire, ends)
        try wire.client.run("ip", "route", "delete", "\(ends.server)/\(ends.length)")
        try send("going on", wire, ends)
        #expect(server.line() == "going on")
        // Nothing but our rules kept it out.
        try wire.server.run("nft", "insert rule inet ztna input accept")
        try turn(wire, ends)
        try send("astray", wire, ends)
        #expect(server.line() == "astray")
        server.end()
    }

    @Test(arguments: [
        Ends(client: "100.64.9.1", server: "192.0.2.2", isInOverlay: false),
        Ends(client: "fd00:9::1", server: "2001:db8::2", isInOverlay: false),
    ])
    func `is not let in by a grant, for an address outside the overlay`(_ ends: Ends) async throws {
        let wire = try Wire()
        try wire.addOther()
        try await wire.load(wire.rules([("100.64.9.1", .any), ("fd00:9::1", .any)], until: now() + 1000))
        let server = try self.server(wire, ends, begins: false)
        try turn(wire, ends)
        try send("astray", wire, ends)
        try wire.server.run("nft", "insert rule inet ztna input accept")
        try send("let in", wire, ends)
        #expect(server.line() == "let in")
        server.end()
    }

    /// Prints and answers what comes, after it has begun the flow or not.
    private func server(_ wire: Wire, _ ends: Ends, begins: Bool) throws -> Command {
        let program = """
            import socket
            s = socket.socket(socket.\(ends.isV4 ? "AF_INET" : "AF_INET6"), socket.SOCK_DGRAM)
            s.bind(("\(ends.server)", 5004))
            if \(begins ? "True" : "False"): s.sendto(b"first", ("\(ends.client)", 40000))
            print("listening", flush=True)
            while True:
                data, sender = s.recvfrom(100)
                s.sendto(data, sender)
                print(data.decode(), flush=True)
            """
        let command = try Command(["ip", "netns", "exec", wire.server.name, "python3", "-c", program])
        #expect(command.line() == "listening")
        return command
    }

    private func send(_ text: String, _ wire: Wire, _ ends: Ends) throws {
        try wire.client.run(
            "python3", "-c",
            """
            import socket
            s = socket.socket(socket.\(ends.isV4 ? "AF_INET" : "AF_INET6"), socket.SOCK_DGRAM)
            s.bind(("\(ends.client)", 40000))
            s.sendto(b"\(text)", ("\(ends.server)", 5004))
            """)
    }

    /// From here on the client sends over the other of the two wires.
    private func turn(_ wire: Wire, _ ends: Ends) throws {
        let route = "\(ends.server)/\(ends.length)"
        if ends.isInOverlay {
            try wire.client.run("ip", "route", "replace", route, "via", ends.plain, "dev", "ln0")
        } else {
            try wire.client.run("ip", "route", "replace", route, "dev", "zt0")
            try wire.client.run(
                "ip", "neighbour", "replace", ends.server, "lladdr", "02:00:00:00:00:02", "dev", "zt0", "nud",
                "permanent")
        }
    }
}

extension Wire {
    /// A second wire, which is no tunnel: 192.0.2.1 and 2001:db8::1 at the client, .2 and ::2 at the server.
    fileprivate func addOther() throws {
        try client.run("ip", "link", "add", "ln0", "type", "veth", "peer", "name", "ln0", "netns", server.name)
        for (namespace, number) in [(client, 1), (server, 2)] {
            try namespace.run("ip", "address", "add", "192.0.2.\(number)/24", "dev", "ln0")
            try namespace.run("ip", "address", "add", "2001:db8::\(number)/64", "dev", "ln0", "nodad")
            try namespace.run("ip", "link", "set", "ln0", "up")
        }
    }
}
