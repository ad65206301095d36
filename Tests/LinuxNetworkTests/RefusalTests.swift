import Foundation
import NetworkAddresses
import Testing

@testable import LinuxNetwork

private func now() -> Int { wallClock() }

@Suite(.enabled(if: missingForLiveTests == nil, "needs root, nft and python3"), .serialized)
struct `What is refused but is not TCP` {
    struct Ends: Sendable {
        let client: String
        let server: String
        var family: String { client.contains(":") ? "6" : "4" }
    }

    static let ends = [
        Ends(client: "100.64.9.1", server: "100.64.9.2"), Ends(client: "fd00:9::1", server: "fd00:9::2"),
    ]

    @Test(arguments: ends, Probe.allCases)
    func `is told at once that it is administratively prohibited, by the other side and by its own`(
        _ ends: Ends, _ kind: Probe
    ) async throws {
        let wire = try Wire()
        try await wire.load(wire.rules([(ends.client, .tcp(5004...5004))], until: now() + 1000))
        #expect(try wire.probe(kind, ends.server) == Probe.prohibited(ends.server))
        try wire.server.run("nft", "flush", "ruleset")
        try await wire.load(wire.rules(peers: [], until: now() + 1000), in: wire.client)
        #expect(try wire.probe(kind, ends.server) == Probe.prohibited(ends.server))
    }

    /// The table is all there is of ours: conntrack keeps the flow, and its grant's timeout ends it.
    @Test(arguments: ends, [Probe.datagram, .ping])
    func `may be a flow that ran until its grant ended, with nobody there to end it`(
        _ ends: Ends, _ kind: Probe
    ) async throws {
        let wire = try Wire()
        let service = try service(wire, ends)
        let granted = [(ends.client, kind == .ping ? FilterGrant.Traffic.icmp : .udp(5004...5004))]
        try await wire.load(wire.rules(granted, until: now() + 1000))
        #expect(try wire.probe(kind, ends.server) == "answered")
        if kind == .datagram {
            #expect(service.line() == "sent")
            try push(wire, ends)
            #expect(service.line() == "sent")
        }
        try await wire.load(wire.rules(granted, until: now() + 2))
        let set = ["ip", "netns", "exec", wire.server.name, "nft", "list", "set", "inet", "ztna"]
        let name = (kind == .ping ? "ping" : "port") + ends.family
        #expect(try await comes { try !Command.run(set + [name]).contains(ends.client) })
        #expect(try wire.probe(kind, ends.server) == Probe.prohibited(ends.server))
        // Nor does the service go on sending what it was asked for.
        if kind == .datagram {
            try push(wire, ends)
            #expect(service.line() == "PermissionError")
        }
        service.end()
    }

    /// Answers datagrams; told to push by its own machine, sends to the client of itself. Says what came of that.
    private func service(_ wire: Wire, _ ends: Ends) throws -> Command {
        let program = """
            s = socket.socket(family("\(ends.server)"), socket.SOCK_DGRAM)
            s.bind(("\(ends.server)", 5004))
            print("listening", flush=True)
            while True:
                data, sender = s.recvfrom(100)
                if data == b"push": sender = ("\(ends.client)", 40000)
                try:
                    s.sendto(b"x", sender)
                    print("sent", flush=True)
                except OSError as e: print(type(e).__name__, flush=True)
            """
        let command = try Command(["ip", "netns", "exec", wire.server.name, "python3", "-c", Probe.python + program])
        #expect(command.line() == "listening")
        return command
    }

    private func push(_ wire: Wire, _ ends: Ends) throws {
        try wire.server.run(
            "python3", "-c",
            Probe.python
                + "socket.socket(family(\"\(ends.server)\"), socket.SOCK_DGRAM).sendto(b\"push\", (\"\(ends.server)\", 5004))"
        )
    }
}
