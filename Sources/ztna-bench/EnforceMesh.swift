import Agent
import Cryptography
import Foundation
import Glibc
import LinuxNetwork
import NetworkAddresses

/// Two nodes in namespaces of their own, with WireGuard between them: 100.64.9.1 sends, 100.64.9.2 receives.
final class EnforceMesh: Sendable {
    /// What stands between them.
    enum Variant: Sendable {
        case none
        /// The product's rules: every packet looks its grant up.
        case lookups(Int)
        /// For comparison: what conntrack knows passes without a look-up.
        case shortcut(Int)
        /// For comparison: no rule but one that no packet meets, and that wants conntrack.
        case trackingAlone

        var name: String {
            switch self {
            case .none: "no filter"
            case .lookups(let count): "\(Table.grouped(count)) grants, logged"
            case .shortcut(let count): "\(Table.grouped(count)) grants, logged, established shortcut"
            case .trackingAlone: "conntrack alone"
            }
        }
    }

    static let port: UInt16 = 5001
    private let prefix: String
    private let sender: EnforceNode
    private let receiver: EnforceNode

    /// With `apart`, each node's engine and its end of the flow have one processor, as on two machines with one each.
    init(engine: String, apart: Bool) async throws {
        prefix = "ztna-bench-\(ProcessInfo.processInfo.processIdentifier)"
        let names = ["\(prefix)-s", "\(prefix)-r"]
        for name in names {
            try Command.run("ip", "netns", "add", name)
            try Command.run("ip", "-n", name, "link", "set", "lo", "up")
        }
        try Command.run(
            "ip", "-n", names[0], "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", names[1])
        sender = try await EnforceNode(in: names[0], core: apart ? 0 : nil, number: 1, engine: engine)
        receiver = try await EnforceNode(in: names[1], core: apart ? 1 : nil, number: 2, engine: engine)
        try await sender.connect(to: receiver)
        try await receiver.connect(to: sender)
    }

    func stop() async {
        await sender.stop()
        await receiver.stop()
        for name in ["\(prefix)-s", "\(prefix)-r"] { _ = try? Command.run("ip", "netns", "delete", name) }
    }

    func apply(_ variant: Variant) async throws {
        async let one: Void = sender.apply(variant, peer: receiver)
        async let other: Void = receiver.apply(variant, peer: sender)
        _ = try await (one, other)
    }

    /// What one flow has carried, and what it took.
    struct Carried: Sendable {
        let megabits: Double
        let wall: Double
        /// Of both engines and this process.
        let cpu: Double

        var rate: Double { megabits / wall }
        var efficiency: Double { megabits / cpu }
    }

    func carry(seconds: Double) async throws -> Carried {
        let listener = try await NamespaceThread.run(in: receiver.namespace, core: receiver.core) {
            try TCP.listener(at: "100.64.9.2", port: Self.port)
        }
        defer { close(listener) }
        let (namespace, core) = (sender.namespace, sender.core)
        let engines = try [sender, receiver].map { try $0.engineProcess() }
        async let sent: Void = NamespaceThread.run(in: namespace, core: core) { try Self.send(seconds: seconds + 1) }
        let carried = try await NamespaceThread.run(in: receiver.namespace, core: receiver.core) {
            try Self.receive(on: listener, seconds: seconds, engines: engines)
        }
        try await sent
        return carried
    }

    private static func send(seconds: Double) throws {
        guard let descriptor = try TCP.connected(to: "100.64.9.2", port: port, within: 5000) else {
            throw BenchError.failed("no connection through the tunnel")
        }
        defer { close(descriptor) }
        let buffer = [UInt8](repeating: 0x5A, count: 256 << 10)
        let end = Clocks.wall + seconds
        while Clocks.wall < end {
            guard TCP.isReady(descriptor, POLLOUT, 1000) else { continue }
            let count = buffer.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno != EAGAIN { return }
        }
    }

    /// Counts from 0.3 seconds after the connection on.
    private static func receive(on listener: Int32, seconds: Double, engines: [Int]) throws -> Carried {
        guard TCP.isReady(listener, POLLIN, 5000) else { throw BenchError.failed("nobody connects") }
        let connection = accept(listener, nil, nil)
        defer { close(connection) }
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        let start = Clocks.wall + 0.3
        var (count, began, cpu) = (0, 0.0, 0.0)
        while Clocks.wall < start + seconds {
            guard TCP.isReady(connection, POLLIN, 2000) else { throw BenchError.failed("the flow stands still") }
            let more = buffer.withUnsafeMutableBytes { recv(connection, $0.baseAddress, $0.count, 0) }
            guard more > 0 else { break }
            if began == 0 {
                if Clocks.wall >= start { (began, cpu) = (Clocks.wall, try ThreadTimes.seconds(of: engines)) }
            } else {
                count += more
            }
        }
        return Carried(
            megabits: Double(count) * 8 / 1e6, wall: Clocks.wall - began,
            cpu: try ThreadTimes.seconds(of: engines) - cpu)
    }
}

/// One of them.
final class EnforceNode: Sendable {
    let namespace: String
    /// Where its engine and its end of the flow run; nil: anywhere.
    let core: Int?
    private let number: Int
    private let interface: InterfaceName
    private let key: X25519PrivateKey
    private let engine: WireGuardProcess
    private let device: WireGuardDevice
    private let routes: RouteNetlink
    private let filter: PacketFilter
    private let log: PacketLog

    init(in namespace: String, core: Int?, number: Int, engine path: String) async throws {
        self.namespace = namespace
        self.core = core
        self.number = number
        let pid = ProcessInfo.processInfo.processIdentifier
        guard let interface = InterfaceName("zb\(pid)n\(number)") else { throw BenchError.constant }
        self.interface = interface
        key = try X25519PrivateKey(from: .system)
        try Command.run("ip", "-n", namespace, "address", "add", "10.77.0.\(number)/24", "dev", "wire")
        try Command.run("ip", "-n", namespace, "link", "set", "wire", "up")
        (engine, routes, filter, log) = try await NamespaceThread.run(in: namespace, core: core) {
            (
                try WireGuardProcess(interface: interface, executable: path, onLine: { _ in }, onExit: { _ in }),
                try RouteNetlink(), try PacketFilter(), try PacketLog(group: 7) { _ in }
            )
        }
        device = WireGuardDevice(interface)
        try await engine.waitUntilReady()
        guard let address = IPAddress("100.64.9.\(number)"), let overlay = IPPrefix("100.64.0.0/10") else {
            throw BenchError.constant
        }
        try await routes.addAddress(address, length: 32, to: interface)
        try await routes.bringUp(interface, mtu: TunnelPlan.mtu)
        try await routes.addRoute(overlay, through: interface, source: address)
    }

    func connect(to peer: EnforceNode) async throws {
        guard let prefix = IPPrefix("100.64.9.\(peer.number)/32"),
            let endpoint = Endpoint("10.77.0.\(peer.number):\(4000 + peer.number)")
        else { throw BenchError.constant }
        try await device.apply(
            WireGuardConfiguration(
                privateKey: key, listenPort: UInt16(4000 + number),
                peers: [peer.key.publicKey: WireGuardPeer(endpoint: endpoint, allowedIPs: [prefix])]))
    }

    /// The engine, by the interface on its command line.
    func engineProcess() throws -> Int {
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
            guard let process = Int(name), let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
            else {
                continue
            }
            if line.split(separator: 0).last.map({ $0.elementsEqual(interface.text.utf8) }) ?? false { return process }
        }
        throw BenchError.failed("no engine of \(interface)")
    }

    func apply(_ variant: EnforceMesh.Variant, peer: EnforceNode) async throws {
        // What `trackingAlone` made, whether it is there or not.
        let (add, delete) = ("add table inet tracking", "delete table inet tracking")
        try nft("\(add); \(delete)")
        switch variant {
        case .none: try await filter.removeTable()
        case .trackingAlone:
            try await filter.removeTable()
            try nft("\(add); add chain inet tracking unused; add rule inet tracking unused ct state new accept")
        case .lookups(let count): try await load(count, peer: peer)
        case .shortcut(let count):
            try await load(count, peer: peer)
            for chain in ["inbound", "outbound"] {
                try nft("insert rule inet ztna \(chain) ct state established,related accept")
            }
        }
    }

    private func nft(_ script: String) throws {
        try Command.run("ip", "netns", "exec", namespace, "nft", script)
    }

    private func load(_ count: Int, peer: EnforceNode) async throws {
        guard let source = IPAddress("100.64.9.\(peer.number)"), let overlay = IPPrefix("100.64.0.0/10") else {
            throw BenchError.constant
        }
        let end = Clocks.epoch + 3600
        let port = EnforceMesh.port
        let real = FilterGrant(source: source, traffic: .tcp(port...port), expiresAt: end)
        let grants = [real] + FilterFigures.grants(count - 1, until: end)
        let rules = FilterRuleSet(
            interface: interface, overlay: [overlay], peers: Set(grants.map(\.source)), grants: grants, logGroup: 7)
        try await filter.replace(with: rules, now: FilterTime(Clocks.epoch))
    }

    func stop() async {
        log.close()
        await engine.stop()
        _ = try? await filter.removeTable()
    }
}
