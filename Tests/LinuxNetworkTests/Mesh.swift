import Cryptography
import Foundation
import NetworkAddresses
import Synchronization
import Testing

@testable import LinuxNetwork

/// Why live tests do not run here; nil when they can.
let missingForLiveTests: String? = {
    if !Privileges.isRoot { return "not root" }
    if !Privileges.hasTUN { return "no TUN device" }
    for tool in ["/usr/bin/wireguard-go", "/usr/bin/python3", "/usr/sbin/nft"]
    where !FileManager.default.isExecutableFile(atPath: tool) {
        return "no \(tool)"
    }
    return nil
}()

/// One node: a namespace with an engine, a filter and its log.
final class Node: Sendable {
    let namespace: NetworkNamespace
    let interface: InterfaceName
    let privateKey: X25519PrivateKey
    let engine: WireGuardProcess
    let device: WireGuardDevice
    let routes: RouteNetlink
    let filter: PacketFilter
    let tracking: ConnectionTracking
    let log: PacketLog
    let logged: Logged

    init(_ role: String) throws {
        let namespace = try NetworkNamespace(role)
        let name = try #require(InterfaceName("zt\(UInt32.random(in: 0...UInt32.max))\(role)"))
        let logged = Logged()
        self.namespace = namespace
        interface = name
        self.logged = logged
        privateKey = try X25519PrivateKey(from: .system)
        (engine, routes, filter, tracking, log) = try namespace.inside {
            (
                try WireGuardProcess(interface: name, onLine: { _ in }, onExit: { _ in }), try RouteNetlink(),
                try PacketFilter(), try ConnectionTracking(), try PacketLog(group: 7) { logged.add($0) }
            )
        }
        device = WireGuardDevice(name)
    }

    /// Overlay 100.64.9.0/24 and fd00:9::/64; grants end a thousand seconds after the tests' `now` unless said otherwise.
    func rules(
        peers: [String] = [], _ grants: [(String, FilterGrant.Traffic)] = [],
        egress: [(String, FilterGrant.Traffic)] = [], until end: Int = 0
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
            egress: try list(egress), logGroup: 7)
    }
}

/// What a node's log delivered, for tests that wait for it.
final class Logged: Sendable {
    private let packets = Mutex<[LoggedPacket]>([])

    func add(_ packet: LoggedPacket) { packets.withLock { $0.append(packet) } }

    func count(_ verdict: FilterVerdict, port: UInt16?) -> Int {
        packets.withLock { list in list.count { $0.verdict == verdict && $0.header.destinationPort == port } }
    }

    func count(_ verdict: FilterVerdict) -> Int { packets.withLock { list in list.count { $0.verdict == verdict } } }

    /// Waits until a packet with this verdict to this port is there.
    func has(_ verdict: FilterVerdict, port: UInt16?) async throws -> Bool {
        try await comes { self.count(verdict, port: port) > 0 }
    }
}

/// Asks until it is so, for half a minute at most.
func comes(_ isSo: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<3000 {
        if try await isSo() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return false
}

/// Two nodes on one wire: 100.64.9.1 (also .7, and 172.16.5.5 from outside the overlay) and 100.64.9.2.
final class Mesh: Sendable {
    let client: Node
    let server: Node

    /// Builds a mesh, lends it, and takes it down whatever happens.
    static func lend(_ body: (Mesh) async throws -> Void) async throws {
        let mesh = try Mesh()
        let outcome: Result<Void, any Error>
        do {
            try await mesh.connect()
            outcome = .success(try await body(mesh))
        } catch { outcome = .failure(error) }
        await mesh.client.engine.stop()
        await mesh.server.engine.stop()
        try outcome.get()
    }

    private init() throws {
        client = try Node("a")
        server = try Node("b")
    }

    private func connect() async throws {
        try client.namespace.run(
            "ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", server.namespace.name)
        for (node, address) in [(client, "10.77.0.1/24"), (server, "10.77.0.2/24")] {
            try node.namespace.run("ip", "address", "add", address, "dev", "wire")
            try node.namespace.run("ip", "link", "set", "wire", "up")
            try await node.engine.waitUntilReady()
        }
        try await configure(client, port: 4001, peer: server, at: "10.77.0.2:4002", ["100.64.9.2/32", "fd00:9::2/128"])
        try await configure(
            server, port: 4002, peer: client, at: "10.77.0.1:4001",
            ["100.64.9.1/32", "100.64.9.7/32", "172.16.5.5/32", "fd00:9::1/128"])
        for (node, addresses) in [
            (client, ["100.64.9.1", "100.64.9.7", "fd00:9::1"]), (server, ["100.64.9.2", "fd00:9::2"]),
        ] {
            for text in addresses {
                let address = try #require(IPAddress(text))
                try await node.routes.addAddress(address, length: address.isV4 ? 32 : 128, to: node.interface)
            }
            try await node.routes.bringUp(node.interface, mtu: 1380)
            for prefix in ["100.64.9.0/24", "fd00:9::/64"] {
                try await node.routes.addRoute(try #require(IPPrefix(prefix)), through: node.interface)
            }
        }
        try client.namespace.run("ip", "address", "add", "172.16.5.5/32", "dev", "lo")
        try await server.routes.addRoute(try #require(IPPrefix("172.16.5.5/32")), through: server.interface)
    }

    private func configure(_ node: Node, port: UInt16, peer: Node, at endpoint: String, _ allowed: [String])
        async throws
    {
        try await node.device.apply(
            WireGuardConfiguration(
                privateKey: node.privateKey, listenPort: port,
                peers: [
                    peer.privateKey.publicKey: WireGuardPeer(
                        endpoint: Endpoint(endpoint),
                        allowedIPs: Set(try allowed.map { try #require(IPPrefix($0)) }))
                ]))
    }

    /// An echo server on the server's node, listening when this returns; or one that sends all the time by itself.
    func listen(on port: Int, pushing: Bool = false) throws -> Command {
        let program = """
            import socket, threading, time
            s = socket.create_server(("::", \(port)), family=socket.AF_INET6, dualstack_ipv6=True)
            print("listening", flush=True)
            def serve(c):
                try:
                    while \(pushing ? "True" : "False"): c.send(b"x"); time.sleep(0.02)
                    while (d := c.recv(100)): c.send(d)
                    print("closed", flush=True)
                except OSError as e: print(type(e).__name__, flush=True)
            while True: threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
            """
        let command = try Command(["ip", "netns", "exec", server.namespace.name, "python3", "-c", program])
        #expect(command.line() == "listening")
        return command
    }

    /// What comes of a connection from the client: `ok`, or the name of the error.
    func attempt(_ address: String, _ port: Int, from source: String = "", timeout: Double = 5) throws -> String {
        let program = """
            import socket
            try:
                c = socket.create_connection(("\(address)", \(port)), \(timeout), ("\(source)", 0))
                c.send(b"x"); print("ok" if c.recv(1) == b"x" else "closed")
            except OSError as e: print(type(e).__name__)
            """
        return try client.namespace.run("python3", "-c", program).trimmingCharacters(in: .newlines)
    }

    /// A connection that sends all the time, whether it is answered or not; its first line is `open`, its next the error that ends it.
    func hold(_ address: String, _ port: Int) throws -> Command {
        let program = """
            import socket, time
            try:
                c = socket.create_connection(("\(address)", \(port)), 10)
                c.send(b"x"); c.recv(1); print("open", flush=True)
                while True: c.send(b"x"); time.sleep(0.02)
            except OSError as e: print(type(e).__name__, flush=True)
            """
        let command = try Command(["ip", "netns", "exec", client.namespace.name, "python3", "-c", program])
        #expect(command.line() == "open")
        return command
    }

    /// A connection over which 500 bytes go there and back, one after the other, each within a second; its first line is
    /// `open`, its next `all answered` or the error.
    func roundTrips(_ address: String, _ port: Int) throws -> Command {
        let program = """
            import socket, time
            try:
                c = socket.create_connection(("\(address)", \(port)), 10)
                c.send(b"x"); c.recv(1); c.settimeout(1); print("open", flush=True)
                for _ in range(500): c.send(b"x"); assert c.recv(1) == b"x"; time.sleep(0.002)
                print("all answered", flush=True)
            except (OSError, AssertionError) as e: print(type(e).__name__, flush=True)
            """
        let command = try Command(["ip", "netns", "exec", client.namespace.name, "python3", "-c", program])
        #expect(command.line() == "open")
        return command
    }
}
