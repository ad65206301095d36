import Foundation
import NetworkAddresses
import Testing

@testable import LinuxNetwork

/// Whole seconds since the epoch.
func wallClock() -> Int { Int(Date().timeIntervalSince1970) }

/// Two namespaces with a wire that stands for the tunnel: what the kernel does by itself needs no engine.
final class Wire: Sendable {
    let client: NetworkNamespace
    let server: NetworkNamespace
    let interface: InterfaceName

    init() throws {
        client = try NetworkNamespace("c")
        server = try NetworkNamespace("s")
        interface = try #require(InterfaceName("zt0"))
        try client.run("ip", "link", "add", "zt0", "type", "veth", "peer", "name", "zt0", "netns", server.name)
        for (namespace, number) in [(client, 1), (server, 2)] {
            try namespace.run("ip", "address", "add", "100.64.9.\(number)/24", "dev", "zt0")
            try namespace.run("ip", "address", "add", "fd00:9::\(number)/64", "dev", "zt0", "nodad")
            try namespace.run("ip", "link", "set", "zt0", "address", "02:00:00:00:00:0\(number)", "up")
        }
        // A tunnel has no neighbours to discover, and the filter lets none be discovered.
        for (namespace, other) in [(client, 2), (server, 1)] {
            for address in ["100.64.9.\(other)", "fd00:9::\(other)"] {
                try namespace.run(
                    "ip", "neighbour", "replace", address, "lladdr", "02:00:00:00:00:0\(other)", "dev", "zt0", "nud",
                    "permanent")
            }
        }
    }

    func rules(
        _ grants: [(String, FilterGrant.Traffic)] = [], egress: [(String, FilterGrant.Traffic)] = [],
        checksEgress: Bool = false, peers: [String] = ["100.64.9.1", "fd00:9::1"], until end: Int
    ) throws -> FilterRuleSet {
        func list(_ grants: [(String, FilterGrant.Traffic)]) throws -> [FilterGrant] {
            try grants.map {
                FilterGrant(source: try #require(IPAddress($0.0)), traffic: $0.1, expiresAt: end)
            }
        }
        return FilterRuleSet(
            interface: interface,
            overlay: [try #require(IPPrefix("100.64.9.0/24")), try #require(IPPrefix("fd00:9::/64"))],
            peers: Set(try peers.map { try #require(IPAddress($0)) }), grants: try list(grants),
            egress: try list(egress), checksEgress: checksEgress, logGroup: 7)
    }

    /// Loads rules and forgets how: nothing of ours lives on but the table.
    func load(_ rules: FilterRuleSet, in namespace: NetworkNamespace? = nil) async throws {
        let filter = try (namespace ?? server).inside { try PacketFilter() }
        try await filter.replace(with: rules, now: FilterTime(wallClock()))
    }

    /// Sends back what it gets, or sends all the time by itself; prints what ends a connection.
    func listen(pushing: Bool = false, port: Int = 5001) throws -> Command {
        let program = """
            import socket, threading, time
            s = socket.create_server(("::", \(port)), family=socket.AF_INET6, dualstack_ipv6=True)
            print("listening", flush=True)
            def serve(c):
                try:
                    while \(pushing ? "True" : "False"): c.send(b"x"); time.sleep(0.01)
                    while (d := c.recv(100)): c.send(d)
                    print("closed", flush=True)
                except OSError as e: print(type(e).__name__, flush=True)
            while True: threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
            """
        let command = try Command(["ip", "netns", "exec", server.name, "python3", "-c", program])
        #expect(command.line() == "listening")
        return command
    }

    /// Holds a connection and sends all the time, also while it gets nothing: who is refused is told only what it asks for. Its
    /// first line is `open`, its next the error and when that was, in milliseconds.
    func hold(_ address: String) throws -> Command {
        let program = """
            import socket, time
            began = time.time()
            try:
                c = socket.create_connection(("\(address)", 5001), 5)
                c.settimeout(20)
                c.send(b"x"); c.recv(1); print("open", flush=True)
                c.settimeout(0.5)
                last = time.time()
                while time.time() < last + 20:
                    c.send(b"x")
                    try: c.recv(100); last = time.time(); time.sleep(0.005)
                    except TimeoutError: pass
                raise TimeoutError
            except OSError as e: print(type(e).__name__, round(time.time() * 1000), flush=True)
            """
        let command = try Command(["ip", "netns", "exec", client.name, "python3", "-c", program])
        #expect(command.line() == "open")
        return command
    }

    /// `ok` or the error's name, and whether it came within a second.
    func attempt(_ address: String, _ port: Int) throws -> String {
        let program = """
            import socket, time
            began = time.time()
            try:
                c = socket.socket(socket.AF_INET6 if ":" in "\(address)" else socket.AF_INET)
                c.settimeout(4)
                c.connect(("\(address)", \(port)))
                c.send(b"x")
                print("ok" if c.recv(1) == b"x" else "closed")
            except OSError as e: print(type(e).__name__, "at once" if time.time() - began < 1 else "late")
            """
        return try client.run("python3", "-c", program).trimmingCharacters(in: .newlines)
    }
}
