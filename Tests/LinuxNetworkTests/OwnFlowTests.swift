import Foundation
import NetworkAddresses
import Testing

@testable import LinuxNetwork

private func now() -> Int { wallClock() }

/// Conntrack calls an answer what comes back, whoever began; TCP apart, nothing in a packet says who that was.
@Suite(.enabled(if: missingForLiveTests == nil, "needs root, nft and python3"), .serialized)
struct `A flow of ours that is not TCP` {
    struct Ends: Sendable {
        let client: String
        let server: String
        var family: String { client.contains(":") ? "6" : "4" }
        var socket: String { "socket.socket(socket.AF_INET\(family == "6" ? "6" : ""), socket.SOCK_DGRAM)" }
    }

    static let ends = [
        Ends(client: "100.64.9.1", server: "100.64.9.2"), Ends(client: "fd00:9::1", server: "fd00:9::2"),
    ]

    @Test(arguments: ends)
    func `is not begun by a service whose grant has ended`(_ ends: Ends) async throws {
        let wire = try Wire()
        let (filter, tracking) = try wire.server.inside { (try PacketFilter(), try ConnectionTracking()) }
        let granted = try wire.rules([(ends.client, .udp(5004...5004))], until: now() + 1000)
        try await filter.replace(with: granted, now: FilterTime(now()))
        let service = try service(wire, ends)
        try send("granted", wire, ends)
        #expect(service.line() == "granted")
        try await filter.update(to: wire.rules(until: now() + 1000), now: FilterTime(now()))
        _ = try await tracking.deleteEntries(of: [try #require(IPAddress(ends.client))])
        let log = Logged()
        let reading = try wire.server.inside { try PacketLog(group: 7) { log.add($0) } }
        try push(wire, ends)
        #expect(service.line() == "PermissionError")
        #expect(try await log.has(.deniedOutbound, port: 40000))
        reading.close()
        try send("revived", wire, ends)
        try wire.server.run("nft", "insert rule inet ztna input accept")
        try send("let in", wire, ends)
        #expect(service.line() == "let in")
        service.end()
    }

    enum Ending: CaseIterable { case peer, grant }

    /// As with the agent dead: a timeout is all that says it.
    @Test(arguments: ends, Ending.allCases)
    func `is answered until the second that the other side is no peer, or may not be reached`(
        _ ends: Ends, _ ending: Ending
    ) async throws {
        let wire = try Wire()
        let reached = [(ends.client, FilterGrant.Traffic.udp(40000...40000))]
        try await wire.load(wire.rules(egress: reached, until: now() + 1000))
        let service = try service(wire, ends)
        try push(wire, ends)
        #expect(service.line() == "sent")
        try send("answer", wire, ends)
        #expect(service.line() == "answer")
        var ended = try wire.rules(egress: reached, until: now() + (ending == .grant ? 2 : 1000))
        if ending == .peer { ended.peerEnds = [try #require(IPAddress(ends.client)): now() + 2] }
        try await wire.load(ended)
        let set = ["nft", "list", "set", "inet", "ztna", "to_port\(ends.family)"]
        for _ in 0..<1200 {
            guard try Command.run(["ip", "netns", "exec", wire.server.name] + set).contains(ends.client) else { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        try send("late", wire, ends)
        try wire.server.run("nft", "insert rule inet ztna input accept")
        try send("let in", wire, ends)
        #expect(service.line() == "let in")
        service.end()
    }

    @Test(arguments: ends, [FilterGrant.Traffic.udp(40000...40000), .udp(39000...41000), .any])
    func `is answered where the other side may be reached`(_ ends: Ends, _ traffic: FilterGrant.Traffic) async throws {
        let wire = try Wire()
        try await wire.load(wire.rules(egress: [(ends.client, traffic)], until: now() + 1000))
        let service = try service(wire, ends)
        for text in ["one", "two"] {
            try push(wire, ends)
            #expect(service.line() == "sent")
            try send(text, wire, ends)
            #expect(service.line() == text)
        }
        service.end()
    }

    @Test(arguments: ends)
    func `is a ping only to whom one may be sent`(_ ends: Ends) async throws {
        let wire = try Wire()
        let ping = ["ip", "netns", "exec", wire.server.name, "ping", "-c1", "-W3", ends.client]
        try await wire.load(wire.rules(egress: [(ends.client, .udp(1...65535))], until: now() + 1000))
        #expect(throws: Command.Failed.self) { try Command.run(ping) }
        try await wire.load(wire.rules(egress: [(ends.client, .icmp)], until: now() + 1000))
        #expect(try Command.run(ping).contains("1 received"))
    }

    /// Prints what comes; `push` from its own machine makes it send, and say what came of that.
    private func service(_ wire: Wire, _ ends: Ends) throws -> Command {
        let program = """
            import socket
            s = \(ends.socket)
            s.bind(("\(ends.server)", 5004))
            print("listening", flush=True)
            while True:
                data, sender = s.recvfrom(100)
                if data != b"push": print(data.decode(), flush=True)
                else:
                    try:
                        s.sendto(b"pushed", ("\(ends.client)", 40000))
                        print("sent", flush=True)
                    except OSError as e: print(type(e).__name__, flush=True)
            """
        let command = try Command(["ip", "netns", "exec", wire.server.name, "python3", "-c", program])
        #expect(command.line() == "listening")
        return command
    }

    private func push(_ wire: Wire, _ ends: Ends) throws {
        try wire.server.run(
            "python3", "-c",
            "import socket; \(ends.socket).sendto(b\"push\", (\"\(ends.server)\", 5004))")
    }

    private func send(_ text: String, _ wire: Wire, _ ends: Ends) throws {
        try wire.client.run(
            "python3", "-c",
            """
            import socket
            s = \(ends.socket)
            s.bind(("\(ends.client)", 40000))
            s.sendto(b"\(text)", ("\(ends.server)", 5004))
            """)
    }
}
