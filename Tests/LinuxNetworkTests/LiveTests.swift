import Cryptography
import Foundation
import NetworkAddresses
import Testing

@testable import LinuxNetwork

private func now() -> Int { Int(Date().timeIntervalSince1970) }

@Suite(.enabled(if: missingForLiveTests == nil, "needs root, /dev/net/tun, wireguard-go, nft and python3"), .serialized)
struct `On a real data path` {
    @Test func `what is granted passes, the rest is refused at once and logged`() async throws {
        try await Mesh.lend { mesh in
            let servers = try [5001, 5002, 5100].map { try mesh.listen(on: $0) }
            try await mesh.client.filter.replace(
                with: mesh.client.rules(
                    peers: ["100.64.9.2", "fd00:9::2"],
                    egress: [("100.64.9.2", .icmp), ("fd00:9::2", .icmp), ("100.64.9.2", .udp(5200...5201))],
                    until: now() + 1000), now: FilterTime(now()))
            try await mesh.server.filter.replace(
                with: mesh.server.rules(
                    peers: ["100.64.9.1", "fd00:9::1"],
                    [
                        ("100.64.9.1", .tcp(5001...5001)), ("100.64.9.1", .tcp(5090...5110)), ("100.64.9.1", .icmp),
                        ("100.64.9.1", .udp(5200...5201)),
                        ("fd00:9::1", .tcp(5001...5001)),
                    ], until: now() + 1000), now: FilterTime(now()))
            #expect(try mesh.attempt("100.64.9.2", 5001) == "ok")
            #expect(try mesh.attempt("fd00:9::2", 5001) == "ok")
            #expect(try mesh.attempt("100.64.9.2", 5100) == "ok")
            #expect(try mesh.attempt("100.64.9.2", 5002) == "ConnectionRefusedError")
            #expect(try mesh.attempt("fd00:9::2", 5002) == "ConnectionRefusedError")
            #expect(try mesh.attempt("100.64.9.2", 5001, from: "100.64.9.7") == "ConnectionRefusedError")
            #expect(try mesh.attempt("100.64.9.2", 5001, from: "172.16.5.5", timeout: 0.4) == "TimeoutError")
            #expect(try mesh.attempt("100.64.9.99", 5001) == "ConnectionRefusedError")
            #expect(try mesh.attempt("fd00:9::99", 5003) == "ConnectionRefusedError")
            #expect(try mesh.client.namespace.run("ping", "-c1", "-W3", "100.64.9.2").contains("1 received"))
            #expect(throws: Command.Failed.self) { try mesh.client.namespace.run("ping", "-c1", "-W1", "fd00:9::2") }

            #expect(try await mesh.server.logged.has(.allowed, port: 5001))
            #expect(try await mesh.server.logged.has(.allowed, port: 5100))
            #expect(try await mesh.server.logged.has(.deniedInbound, port: 5002))
            #expect(try await mesh.client.logged.has(.noPeer, port: 5001))
            #expect(mesh.server.log.losses == PacketLogLosses())
            servers.forEach { $0.end() }

            let sending = """
                import socket
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                s.bind(("", 5300))
                for _ in range(50): s.sendto(b"x", ("100.64.9.2", 5200))
                s.sendto(b"x", ("100.64.9.2", 5201))
                """
            _ = try mesh.client.namespace.run("python3", "-c", sending)
            #expect(try await mesh.server.logged.has(.allowed, port: 5201))
            #expect(mesh.server.logged.count(.allowed, port: 5200) == 1)

            let status = try await mesh.server.device.status()
            let peer = try #require(status.peers[mesh.client.privateKey.publicKey])
            #expect(status.listenPort == 4002)
            #expect(peer.endpoint == Endpoint("10.77.0.1:4001"))
            #expect(peer.lastHandshake != nil)
            #expect(peer.received > 0 && peer.sent > 0)
        }
    }

    enum Ending: CaseIterable { case timeout, removal, removalAndDeletedEntries }

    /// The client's address and the server's.
    static let ends = [("100.64.9.1", "100.64.9.2"), ("fd00:9::1", "fd00:9::2")]

    @Test(arguments: Ending.allCases, ends)
    func `a running flow ends with its grant, at both ends`(_ ending: Ending, _ ends: (String, String)) async throws {
        let (own, address) = ends
        try await Mesh.lend { mesh in
            let server = try mesh.listen(on: 5001, pushing: true)
            func enforce(_ grants: [(String, FilterGrant.Traffic)], until end: Int) async throws {
                try await mesh.server.filter.update(
                    to: mesh.server.rules(peers: [own], grants, until: end), now: FilterTime(now()))
            }
            let granted: [(String, FilterGrant.Traffic)] = [(own, .tcp(5001...5001))]
            try await enforce(granted, until: now() + 1000)
            try await mesh.client.filter.replace(with: mesh.client.rules(peers: [address]), now: FilterTime(now()))
            let flow = try mesh.hold(address, 5001)
            // Only now, so that a busy machine has the flow open in time.
            try await enforce(ending == .timeout ? granted : [], until: now() + 3)
            if ending == .removalAndDeletedEntries {
                let client = try #require(IPAddress(own))
                #expect(try await mesh.server.tracking.deleteEntries(of: [client]) >= 1)
            }
            let errors = ["ConnectionResetError", "BrokenPipeError"]
            #expect(errors.contains(flow.line()))
            // Without its entry the server's flow is met with silence: a reset could be for a flow that has a grant.
            if ending != .removalAndDeletedEntries { #expect(errors.contains(server.line())) }
            #expect(try mesh.attempt(address, 5001) == "ConnectionRefusedError")
            server.end()
        }
    }

    @Test func `a grant that ends does not stall what the same peer may still do`() async throws {
        try await Mesh.lend { mesh in
            let servers = try [mesh.listen(on: 5001, pushing: true), mesh.listen(on: 5002)]
            let (start, end) = (now(), now() + 1000)
            let (ended, kept): (FilterGrant.Traffic, FilterGrant.Traffic) = (.tcp(5001...5001), .tcp(5002...5002))
            try await mesh.server.filter.replace(
                with: mesh.server.rules(
                    peers: ["100.64.9.1"], [("100.64.9.1", ended), ("100.64.9.1", kept)], until: end),
                now: FilterTime(start))
            try await mesh.client.filter.replace(with: mesh.client.rules(peers: ["100.64.9.2"]), now: FilterTime(start))
            let flow = try mesh.hold("100.64.9.2", 5001)
            let other = try mesh.roundTrips("100.64.9.2", 5002)
            try await mesh.server.filter.update(
                to: mesh.server.rules(peers: ["100.64.9.1"], [("100.64.9.1", kept)], until: end),
                now: FilterTime(start))
            #expect(["ConnectionResetError", "BrokenPipeError"].contains(flow.line()))
            #expect(other.line() == "all answered")
            servers.forEach { $0.end() }
        }
    }

    @Test func `a flow that this node began is answered without a grant`() async throws {
        try await Mesh.lend { mesh in
            let server = try mesh.listen(on: 5001)
            try await mesh.client.filter.replace(with: mesh.client.rules(peers: ["100.64.9.2"]), now: FilterTime(now()))
            #expect(try mesh.attempt("100.64.9.2", 5001) == "ok")
            server.end()
        }
    }

    @Test func `the entries of a peer are deleted, those of others stay`() async throws {
        try await Mesh.lend { mesh in
            let server = try mesh.listen(on: 5001)
            try await mesh.server.filter.replace(
                with: mesh.server.rules(
                    peers: ["100.64.9.1", "fd00:9::1"], [("100.64.9.1", .any), ("fd00:9::1", .any)], until: now() + 1000
                ), now: FilterTime(now()))
            let flows = try ["100.64.9.2", "fd00:9::2"].map { try mesh.hold($0, 5001) }
            let gone = try #require(IPAddress("100.64.9.1"))
            #expect(try await mesh.server.tracking.deleteEntries(of: [try #require(IPAddress("100.64.9.50"))]) == 0)
            #expect(try await mesh.server.tracking.deleteEntries(of: [gone]) >= 1)
            #expect(try await mesh.server.tracking.deleteEntries(of: [try #require(IPAddress("fd00:9::1"))]) >= 1)
            flows.forEach { $0.end() }
            server.end()
        }
    }
}

@Suite(.enabled(if: missingForLiveTests == nil, "needs root, /dev/net/tun, wireguard-go, nft and python3"), .serialized)
struct `A filter that is read back` {
    @Test(arguments: [
        "delete element inet ztna port4 { 100.64.9.1 . 6 . 22 }",
        "add element inet ztna any4 { 100.64.9.3 timeout 9s }",
        "add element inet ztna any4 { 100.64.9.3 }", "delete element inet ztna peer4 { 100.64.9.1 }",
        "delete element inet ztna port4 { 100.64.9.1 . 6 . 22 }; "
            + "add element inet ztna port4 { 100.64.9.1 . 6 . 22 timeout 50000s }",
        "add rule inet ztna allowed accept", "insert rule inet ztna inbound accept", "flush chain inet ztna input",
        "add chain inet ztna more", "add table inet ztna { flags dormant; }", "delete table inet ztna",
        "flush set inet ztna range4", "delete rule inet ztna input handle HANDLE",
    ])
    func `is equal, and is not once someone tampers with it`(_ tampering: String) async throws {
        let namespace = try NetworkNamespace("f")
        let filter = try namespace.inside { try PacketFilter() }
        let name = try #require(InterfaceName("zt0"))
        let address = try #require(IPAddress("100.64.9.1"))
        let rules = FilterRuleSet(
            interface: name, overlay: [try #require(IPPrefix("100.64.9.0/24"))], peers: [address],
            grants: [
                FilterGrant(source: address, traffic: .tcp(22...22), expiresAt: now() + 1000),
                FilterGrant(source: address, traffic: .udp(1000...2000), expiresAt: now() + 1000),
            ], logGroup: 7)
        #expect(try await filter.matches(rules, now: now()) == false)
        try await filter.replace(with: rules, now: FilterTime(now()))
        #expect(try await filter.differences(from: rules, now: now()) == [])
        let listing = try namespace.run("nft", "-a", "list", "chain", "inet", "ztna", "input")
        let handle = listing.split(separator: "\n").first { $0.contains("iifname") }?.split(separator: " ").last ?? ""
        try namespace.run("nft", tampering.replacing("HANDLE", with: handle))
        #expect(try await filter.matches(rules, now: now()) == false)
        try await filter.replace(with: rules, now: FilterTime(now()))
        #expect(try await filter.matches(rules, now: now()))
    }

    @Test func `follows small and large changes, beside tables of others`() async throws {
        let namespace = try NetworkNamespace("f")
        let filter = try namespace.inside { try PacketFilter() }
        try namespace.run("nft", "add table inet other; add chain inet other c; add rule inet other c accept")
        let name = try #require(InterfaceName("zt0"))
        var rules = FilterRuleSet(
            interface: name, overlay: [try #require(IPPrefix("100.64.0.0/10"))], peers: [], grants: [], logGroup: 7)
        var random = SystemRandomNumberGenerator()
        for step in 0..<30 {
            let count = step % 10 == 9 ? 500 : Int.random(in: 0...5, using: &random)
            for _ in 0..<count {
                let source = IPAddress.v4(0x6440_0000 + UInt32.random(in: 0..<300, using: &random))
                let port = UInt16.random(in: 1...2000, using: &random)
                let all: [FilterGrant.Traffic] = [
                    .any, .icmp, .tcp(port...port), .udp(port...port), .tcp(port...(port + 500)),
                ]
                rules.peers.insert(source)
                rules.grants.append(
                    FilterGrant(
                        source: source, traffic: all[Int.random(in: 0..<(step % 3 == 0 ? 5 : 4), using: &random)],
                        expiresAt: now() + Int.random(in: 500...900, using: &random)))
            }
            if step % 2 == 0 { rules.grants.removeFirst(min(3, rules.grants.count)) }
            if let peer = rules.peers.first { rules.peers.remove(peer) }
            try await filter.update(to: rules, now: FilterTime(now()))
            #expect(try await filter.differences(from: rules, now: now()) == [])
        }
        try await filter.removeTable()
        try await filter.removeTable()
        let rest = try namespace.run("nft", "list", "ruleset")
        #expect(rest.contains("table inet other") && !rest.contains("ztna"))
    }

    @Test func `is replaced when a member ended before its change`() async throws {
        let namespace = try NetworkNamespace("f")
        let filter = try namespace.inside { try PacketFilter() }
        let address = try #require(IPAddress("100.64.9.1"))
        var rules = FilterRuleSet(
            interface: try #require(InterfaceName("zt0")), overlay: [try #require(IPPrefix("100.64.9.0/24"))],
            peers: [address], grants: [FilterGrant(source: address, traffic: .any, expiresAt: now() + 1000)],
            logGroup: 7)
        try await filter.replace(with: rules, now: FilterTime(now()))
        try namespace.run("nft", "delete element inet ztna any4 { 100.64.9.1 }")
        rules.grants = []
        try await filter.update(to: rules, now: FilterTime(now()))
        #expect(try await filter.matches(rules, now: now()))
    }
}

@Suite(.enabled(if: missingForLiveTests == nil, "needs root, /dev/net/tun, wireguard-go, nft and python3"), .serialized)
struct `An interface of ours` {
    @Test func `gets addresses and routes, and loses them`() async throws {
        let namespace = try NetworkNamespace("r")
        let routes = try namespace.inside { try RouteNetlink() }
        let name = try #require(InterfaceName("dummy-zt"))
        #expect(try await routes.index(of: name) == nil)
        await #expect(throws: LinuxNetworkError.noSuchInterface("dummy-zt")) {
            try await routes.bringUp(name, mtu: 1380)
        }
        try namespace.run("ip", "link", "add", name.text, "type", "veth", "peer", "name", "other")
        #expect(try await routes.index(of: name) != nil)
        try await routes.bringUp(name, mtu: 1380)
        #expect(try namespace.run("ip", "link", "show", name.text).contains("mtu 1380"))
        // Not by us: protocol `boot`.
        try namespace.run("ip", "route", "add", "192.0.2.0/24", "dev", name.text)
        for (text, length, route) in [("100.64.9.1", 32, "100.64.0.0/10"), ("fd00:9::1", 128, "fd00:9::/48")] {
            let address = try #require(IPAddress(text))
            let prefix = try #require(IPPrefix(route))
            for _ in 0..<2 {
                try await routes.addAddress(address, length: length, to: name)
                try await routes.addRoute(prefix, through: name, source: address)
            }
            let expected = InterfaceAddress(address: address, length: length, interface: name.text)
            #expect(try await routes.addresses().contains(expected))
            #expect(try namespace.run("ip", address.isV4 ? "-4" : "-6", "route").contains("\(route) dev \(name)"))
            #expect(try await routes.routes(through: name) == [prefix])
            for _ in 0..<2 {
                try await routes.removeRoute(prefix, through: name)
                try await routes.removeAddress(address, length: length, from: name)
            }
            #expect(try await !routes.addresses().contains(expected))
            #expect(try !namespace.run("ip", address.isV4 ? "-4" : "-6", "route").contains(route))
        }
        for _ in 0..<2 { try await routes.remove(name) }
        #expect(try await routes.index(of: name) == nil)
    }

    @Test func `is cleaned up after a kill, and only it`() async throws {
        let node = try Node("k")
        let other = try Node("o")
        try await node.engine.waitUntilReady()
        try await other.engine.waitUntilReady()
        try await node.filter.replace(with: node.rules(), now: FilterTime(now()))
        let interface = node.interface
        let removed = try await node.namespace.inside { try InterfaceCleanup() }.run(interface: interface)
        #expect(removed.first?.hasPrefix("engine ") == true)
        #expect(try await node.routes.index(of: interface) == nil)
        #expect(await node.engine.stop().log.count <= 20)
        #expect(!FileManager.default.fileExists(atPath: "/var/run/wireguard/\(interface).sock"))
        #expect(try node.namespace.run("nft", "list", "ruleset").isEmpty)
        #expect(try await node.namespace.inside { try InterfaceCleanup() }.run(interface: interface) == [])
        #expect(other.engine.isRunning)
        await other.engine.stop()
        #expect(!other.engine.isRunning)
    }

    @Test func `has no engine when that cannot start, and says why`() async throws {
        let namespace = try NetworkNamespace("e")
        let name = try #require(InterfaceName("lo"))
        let engine = try namespace.inside { try WireGuardProcess(interface: name, onLine: { _ in }, onExit: { _ in }) }
        do {
            try await engine.waitUntilReady()
            Issue.record("an engine on lo")
        } catch LinuxNetworkError.engineDied(let log) { #expect(!log.isEmpty) }
    }

    @Test func `takes only keys and addresses that the engine accepts`() async throws {
        let name = try #require(InterfaceName("zt-nothing"))
        await #expect(throws: LinuxNetworkError.system(call: "connect", errno: ENOENT)) {
            try await WireGuardDevice(name).status()
        }
    }
}
