import Cryptography
import Foundation
import NetworkAddresses
import Testing

@testable import LinuxNetwork

/// An engine as an agent leaves it that was killed, or as somebody else would have started it; ended with its namespace.
private final class Orphan {
    let namespace: NetworkNamespace
    let interface: InterfaceName

    /// With `agent`, the shell stands for the agent that started it, and has ended when this returns.
    init(agent: Bool = true) async throws {
        namespace = try NetworkNamespace("l")
        interface = try #require(InterfaceName("zl\(UInt32.random(in: 0...UInt32.max))"))
        let mark = agent ? "ZTNA_AGENT=$$ " : ""
        try namespace.run(
            "sh", "-c", "\(mark)setsid wireguard-go -f \(interface) </dev/null >/dev/null 2>&1 &")
        let path = WireGuardDevice.socketPath(of: interface)
        for _ in 0..<3000 where (try? UnixStream(connectingTo: path, by: Deadline(after: .seconds(1)))) == nil {
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    deinit { unlink(WireGuardDevice.socketPath(of: interface)) }

    func find() throws -> WireGuardProcess? {
        let interface = interface
        return try namespace.inside { try WireGuardProcess.left(on: interface) { _ in } }
    }
}

@Suite(.enabled(if: missingForLiveTests == nil, "needs root, /dev/net/tun, wireguard-go, nft and python3"), .serialized)
struct `An engine whose agent was killed` {
    private static func peer(_ address: String) throws -> WireGuardPeer {
        WireGuardPeer(
            endpoint: Endpoint("192.0.2.1:7"), allowedIPs: [IPPrefix(host: try #require(IPAddress(address)))])
    }

    @Test func `is found, told only what differs, and ended`() async throws {
        let orphan = try await Orphan()
        let key = try X25519PrivateKey(from: .system)
        let (kept, gone, new) = (
            try X25519PrivateKey(from: .system).publicKey, try X25519PrivateKey(from: .system).publicKey,
            try X25519PrivateKey(from: .system).publicKey
        )
        let before = try #require(try orphan.find())
        #expect(before.isRunning && before.runs())
        #expect(!before.runs("/bin/sh"))
        #expect(try await WireGuardDevice(orphan.interface, of: before.process).status().publicKey == nil)
        try await WireGuardDevice(orphan.interface, of: before.process).apply(
            WireGuardConfiguration(
                privateKey: key, listenPort: 4009,
                peers: [kept: try Self.peer("100.64.9.1"), gone: try Self.peer("100.64.9.2")]))

        let found = try #require(try orphan.find())
        #expect(found.process == before.process)
        let device = WireGuardDevice(orphan.interface, of: found.process)
        let status = try await device.status()
        #expect(status.publicKey == key.publicKey && status.listenPort == 4009)
        try await device.adopt(status, privateKey: key)
        try await device.apply(
            WireGuardConfiguration(
                privateKey: key, listenPort: 4009,
                peers: [kept: try Self.peer("100.64.9.1"), new: try Self.peer("100.64.9.3")]))
        let after = try await device.status()
        #expect(Set(after.peers.keys) == [kept, new])
        #expect(after.peers[new]?.allowedIPs == [try #require(IPPrefix("100.64.9.3/32"))])

        #expect(await found.stop().status == nil)
        #expect(!found.isRunning)
        let routes = try orphan.namespace.inside { try RouteNetlink() }
        #expect(try await routes.index(of: orphan.interface) == nil)
        #expect(try orphan.find() == nil)
    }

    @Test func `is told to forget a peer whose preshared key nobody knows any more`() async throws {
        let orphan = try await Orphan()
        let found = try #require(try orphan.find())
        let key = try X25519PrivateKey(from: .system)
        let other = try X25519PrivateKey(from: .system).publicKey
        var peer = try Self.peer("100.64.9.1")
        var secret = [UInt8](repeating: 7, count: 32)
        peer.presharedKey = try PresharedKey(taking: &secret)
        let device = WireGuardDevice(orphan.interface, of: found.process)
        try await device.apply(WireGuardConfiguration(privateKey: key, peers: [other: peer]))
        let status = try await device.status()
        #expect(status.peers[other]?.hasPresharedKey == true)
        try await device.adopt(status, privateKey: key)
        #expect(try await device.status().peers.isEmpty)
    }

    @Test func `is not taken while its agent lives, nor from a stranger, nor by another name`() async throws {
        let namespace = try NetworkNamespace("l")
        let interface = try #require(InterfaceName("zl\(UInt32.random(in: 0...UInt32.max))"))
        let own = try namespace.inside {
            try WireGuardProcess(interface: interface, outlivesUs: true, onLine: { _ in }, onExit: { _ in })
        }
        try await own.waitUntilReady()
        let process = own.process
        #expect(
            throws: LinuxNetworkError.interfaceInUse(interface: interface.text, engine: process, agent: getpid())
        ) {
            try namespace.inside { try WireGuardProcess.left(on: interface) { _ in } }
        }
        let name = try #require(InterfaceName("zl-other"))
        #expect(try namespace.inside { try WireGuardProcess.left(on: name) { _ in } } == nil)
        #expect(own.isRunning)
        await own.stop()

        let strange = try await Orphan(agent: false)
        do {
            _ = try strange.find()
            Issue.record("a stranger's engine is taken")
        } catch LinuxNetworkError.interfaceInUse(strange.interface.text, let engine, agent: nil) {
            #expect(kill(engine, 0) == 0)
            // Somebody who answers in its place is told nothing.
            await #expect(throws: LinuxNetworkError.self) {
                try await WireGuardDevice(strange.interface, of: engine + 1).status()
            }
        }
    }

    @Test func `is removed by the clean-up, with interface and table, and left as it is by one of another name`()
        async throws
    {
        let orphan = try await Orphan()
        let interface = orphan.interface
        let found = try #require(try orphan.find())
        let (filter, cleanup) = try orphan.namespace.inside { (try PacketFilter(), try InterfaceCleanup()) }
        let rules = FilterRuleSet(interface: interface, overlay: [], peers: [], grants: [], logGroup: 7)
        try await filter.replace(with: rules, now: FilterTime(Int(Date().timeIntervalSince1970)))
        let other = try #require(InterfaceName("zl-other"))
        await #expect(throws: LinuxNetworkError.otherInterface(interface.text, removed: [])) {
            _ = try await cleanup.run(interface: other)
        }
        #expect(try await filter.matches(rules, now: Int(Date().timeIntervalSince1970)))
        #expect(try await cleanup.run(interface: interface).first == "engine \(found.process)")
        _ = await found.stop()
        #expect(try orphan.namespace.run("nft", "list", "ruleset").isEmpty)
        #expect(try !orphan.namespace.run("ip", "link").contains(interface.text))
    }

    @Test(arguments: [
        ("", true), ("add element inet ztna any4 { 100.64.9.3 timeout 9s }", true),
        ("delete element inet ztna peer4 { 100.64.9.1 }", true), ("add element inet ztna any4 { 100.64.9.3 }", false),
        ("add element inet ztna port4 { 100.64.9.3 . 6 . 22 }", false),
        ("insert rule inet ztna inbound accept", false), ("flush chain inet ztna input", false),
        ("add table inet ztna { flags dormant; }", false), ("delete table inet ztna", false),
    ])
    func `has a filter in front of it that is whole, or that is not kept`(_ tampering: String, _ isWhole: Bool)
        async throws
    {
        let namespace = try NetworkNamespace("f")
        let (before, after) = try namespace.inside { (try PacketFilter(), try PacketFilter()) }
        let address = try #require(IPAddress("100.64.9.1"))
        let now = Int(Date().timeIntervalSince1970)
        var rules = FilterRuleSet(
            interface: try #require(InterfaceName("zt0")), overlay: [try #require(IPPrefix("100.64.9.0/24"))],
            peers: [address], grants: [FilterGrant(source: address, traffic: .tcp(22...22), expiresAt: now + 1000)],
            logGroup: 7)
        try await before.replace(with: rules, now: FilterTime(now))
        if !tampering.isEmpty { try namespace.run("nft", tampering) }
        rules.peers = []
        rules.grants = []
        #expect(try await after.isWhole(like: rules) == isWhole)
        rules.overlay = []
        #expect(try await !after.isWhole(like: rules))
    }
}

@Suite struct `What an engine prints` {
    @Test func `goes to a socket, which does not end it when nobody reads`() async throws {
        let child = try ChildProcess(
            "/bin/sh",
            arguments: ["-c", "test -S /proc/self/fd/1 && test -S /proc/self/fd/2 && echo sockets; printf x"],
            environment: ["PATH=/usr/bin:/bin"], outlivesUs: true, onLine: { _ in }, onExit: { _ in })
        for _ in 0..<3000 where child.exit == nil { try await Task.sleep(for: .milliseconds(10)) }
        #expect(child.exit == WireGuardExit(status: 0, log: ["sockets", "x"]))
    }
}
