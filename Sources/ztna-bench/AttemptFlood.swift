import Agent
import Cryptography
import Enforcement
import Foundation
import Glibc
import LinuxNetwork
import Logging
import NetworkAddresses
import StrictJSON

/// New flows at a steady pace against one node, each of another kind, each counted in a record on disk: kernel, filter,
/// log, explanation and spool, as in the agent.
enum AttemptFlood {
    private static let peers = 200

    static func rows(seconds: Double) async throws -> (rows: [Row], note: String) {
        var best = 0.0
        var loss = "no attempt was lost"
        for rate in [5000, 10_000, 15_000, 20_000, 24_000, 40_000, 60_000] {
            let outcome = try await flood(rate: rate, seconds: seconds)
            let achieved = Double(outcome.sent) / outcome.seconds
            if outcome.recorded == outcome.sent, outcome.losses.isEmpty {
                best = max(best, achieved)
            } else {
                loss =
                    "at \(Table.number(achieved))/s: \(outcome.sent) sent, \(outcome.recorded) recorded, counted as lost "
                    + outcome.losses.json.encodedText()
                break
            }
        }
        return (
            [
                Row(
                    name: "attempts logged without loss", value: best, unit: "/s", reference: "target",
                    referenceValue: 20_000)
            ], "attempts: half allowed, half refused, each of another kind, for \(seconds) s at each pace; \(loss)"
        )
    }

    private struct Outcome {
        var sent: Int
        var recorded: Int
        var losses: AttemptLosses
        var seconds: Double
    }

    private static func flood(rate: Int, seconds: Double) async throws -> Outcome {
        let prefix = "ztna-bench-\(ProcessInfo.processInfo.processIdentifier)"
        let (attacker, victim) = ("\(prefix)-a", "\(prefix)-v")
        for name in [attacker, victim] {
            try Command.run("ip", "netns", "add", name)
            try Command.run("ip", "-n", name, "link", "set", "lo", "up")
        }
        defer { for name in [attacker, victim] { _ = try? Command.run("ip", "netns", "delete", name) } }
        try Command.run(
            "ip", "-n", attacker, "link", "add", "wire", "type", "veth", "peer", "name", "zb0", "netns", victim)
        try Command.run("ip", "-n", attacker, "link", "set", "wire", "up")
        try Command.run("ip", "-n", victim, "link", "set", "zb0", "up")
        try Command.run("ip", "-n", attacker, "route", "add", "100.64.9.1/32", "dev", "wire")
        // Any address of the range may send.
        try Command.run("ip", "-n", attacker, "route", "add", "local", "100.64.16.0/20", "dev", "lo")
        try Command.run("ip", "-n", victim, "address", "add", "100.64.9.1/32", "dev", "zb0")
        try Command.run("ip", "-n", victim, "route", "add", "100.64.16.0/20", "dev", "zb0")

        let directory = try TemporaryDirectory()
        let now = Clocks.epoch
        let spool = try AttemptSpool(
            in: StateDirectory(directory.path + "/state"), limit: 1 << 30, randomness: .system)
        let view = try BenchView.make(peers: peers, services: 1, everything: true, now: now)
        let attempts = AttemptLog(
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }, now: { Clocks.epoch }, spool: spool)
        attempts.setView(view)
        guard let interface = InterfaceName("zb0"), let overlay = IPPrefix("100.64.0.0/10") else {
            throw BenchError.constant
        }
        let sources = (1...UInt32(peers)).map { IPAddress.v4(0x6440_1000 + $0) }
        let (filter, log) = try await NamespaceThread.run(in: victim) {
            (
                try PacketFilter(),
                try PacketLog(group: TunnelPlan.logGroup) { packet in attempts.record(ConnectionAttempt(packet)) }
            )
        }
        try await filter.replace(
            with: FilterRuleSet(
                interface: interface, overlay: [overlay], peers: Set(sources),
                // Every second peer is refused.
                grants: sources.enumerated().filter { $0.offset % 2 == 0 }.map {
                    FilterGrant(source: $0.element, traffic: .any, expiresAt: now + 3600)
                }, logGroup: TunnelPlan.logGroup), now: FilterTime(now))
        let spent = try await NamespaceThread.run(in: attacker) { () -> (Int, Double) in
            let start = Clocks.wall
            return (try send(rate: rate, seconds: seconds, sources: sources), Clocks.wall - start)
        }
        try await Task.sleep(for: .milliseconds(500))
        log.close()
        attempts.tellRepetitions(all: true)
        await spool.flush()
        var losses = spool.unreported
        losses.kernel += log.losses.overruns
        losses.unreadable += log.losses.unreadable
        losses.limited += await filter.takeUnlogged()
        return Outcome(sent: spent.0, recorded: try await recorded(spool), losses: losses, seconds: spent.1)
    }

    /// What the records stand for.
    private static func recorded(_ spool: AttemptSpool) async throws -> Int {
        var count = 0
        while let batch = await spool.nextBatch(for: BenchView.server) {
            count += batch.records.reduce(0) { $0 + ($1.objectValue?["count"]?.integerValue ?? 0) }
            await spool.discard(batch.id)
        }
        return count
    }

    /// UDP datagrams, each from the next source to the next port; how many the kernel took.
    private static func send(rate: Int, seconds: Double, sources: [IPAddress]) throws -> Int {
        let sockets = try sources.map { try socket(from: $0) }
        defer { sockets.forEach { close($0) } }
        var sent = 0
        let start = Clocks.wall
        let total = Int(Double(rate) * seconds)
        while sent < total {
            let due = min(total, Int((Clocks.wall - start) * Double(rate)))
            while sent < due {
                try datagram(
                    sockets[sent % sockets.count], port: UInt16(clamping: 1024 + sent / sockets.count % 60_000))
                sent += 1
            }
            usleep(500)
        }
        return sent
    }

    private static func socket(from source: IPAddress) throws -> Int32 {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        guard inet_pton(AF_INET, source.description, &address.sin_addr) == 1 else { throw BenchError.constant }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw BenchError.failed("\(source) cannot send") }
        return descriptor
    }

    /// A refusal of an earlier one (ICMP) is reported once per socket and costs no datagram: it is sent again.
    private static func datagram(_ descriptor: Int32, port: UInt16) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x6440_0901).bigEndian
        for _ in 0..<100 {
            let status = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(descriptor, "x", 1, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            if status == 1 { return }
        }
        throw BenchError.failed("a datagram cannot be sent")
    }
}
