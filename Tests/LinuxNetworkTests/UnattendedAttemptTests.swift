import Agent
import Foundation
import NetworkAddresses
import Testing

@testable import LinuxNetwork

private func now() -> Int { wallClock() }
private let server = "https://ztna.example.com"

@Suite(.enabled(if: missingForLiveTests == nil, "needs root, nft and python3"), .serialized)
struct `Attempts while no agent reads the log` {
    private static func attempt(_ wire: Wire, _ ports: [Int]) throws {
        try wire.client.run(
            "python3", "-c",
            """
            import socket
            for port in \(ports):
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("100.64.9.2", port))
            """)
    }

    @Test func `are counted in the kernel, and told once by the agent that comes next`() async throws {
        let wire = try Wire()
        let state = FileManager.default.temporaryDirectory.appending(path: "ztna-unattended-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: state) }

        let first = try Reader(wire, state: state)
        try await first.filter.replace(with: wire.rules(until: now() + 1000), now: FilterTime(now()))
        try await first.reading.start()
        // Three of them would have been told as repetitions.
        try Self.attempt(wire, [1, 2, 3, 4, 5, 5, 5, 5])
        #expect(try await first.hasRead(8))
        await first.reading.countLosses()
        await first.reading.close()
        #expect(await first.reading.lost.isEmpty)

        try Self.attempt(wire, Array(1...7))
        // Killed, too, before it has told anybody.
        let second = try Reader(wire, state: state)
        try await second.reading.start()
        #expect(await second.reading.lost.unattended == 10)
        await second.reading.close()

        let third = try Reader(wire, state: state)
        await third.reading.countUnattended()
        try await third.filter.replace(with: wire.rules(until: now() + 1000), now: FilterTime(now()))
        try await third.reading.start()
        #expect(await third.spool.nextBatch(for: server)?.losses.unattended == 10)
        try Self.attempt(wire, [1, 2, 3, 4])
        #expect(try await third.hasRead(4))
        await third.reading.countLosses()
        // Another table counts from the beginning.
        try await third.filter.replace(with: wire.rules(until: now() + 2000), now: FilterTime(now()))
        await third.reading.countLosses()
        try Self.attempt(wire, [11, 12])
        #expect(try await third.hasRead(6))
        await third.reading.close()
        #expect(await third.reading.lost.total == 10)

        try Self.attempt(wire, [1, 2])
        let fourth = try Reader(wire, state: state)
        try await fourth.reading.start()
        #expect(await fourth.reading.lost.unattended == 2)
        await fourth.reading.countUnattended()
        await fourth.reading.countLosses()
        #expect(await fourth.reading.lost.total == 2)
        await fourth.reading.close()
    }

    @Test func `are told, too, when the table is gone before that`() async throws {
        let wire = try Wire()
        let state = FileManager.default.temporaryDirectory.appending(path: "ztna-unattended-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: state) }
        func load(_ reader: Reader) async throws {
            try await reader.filter.replace(with: wire.rules(until: now() + 1000), now: FilterTime(now()))
        }
        func cleanUp(_ state: String) async throws -> LeftAttempts {
            try await LeftAttempts.removeTable(of: wire.server.inside { try PacketFilter() }, stateIn: state)
        }

        do {
            let killed = try Reader(wire, state: state)
            try await load(killed)
            try await killed.reading.start()
            try Self.attempt(wire, [1, 2, 3])
            #expect(try await killed.hasRead(3))
            await killed.reading.countLosses()
            await killed.reading.close()
        }
        try Self.attempt(wire, Array(1...7))
        #expect(try await cleanUp(state) == .kept(7))
        #expect(try wire.server.run("nft", "list", "ruleset").isEmpty)
        // It is of nobody's but of the next agent's.
        #expect(try await cleanUp(state) == .kept(7))

        do {
            let next = try Reader(wire, state: state)
            await next.reading.countUnattended()
            try await load(next)
            try await next.reading.start()
            #expect(await next.reading.lost.unattended == 7)
            // One that ends in good order before it has told that.
            try Self.attempt(wire, [1, 2])
            #expect(try await next.hasRead(2))
            await next.reading.countLosses()
            await next.reading.close()
            next.attempts.tellRepetitions(all: true)
            // An agent lives.
            let directory = try StateDirectory(state)
            #expect(try await cleanUp(state) == .none)
            withExtendedLifetime(directory) {}
            await next.reading.tableIsGone()
        }
        let last = try Reader(wire, state: state)
        await last.reading.countUnattended()
        try await load(last)
        try await last.reading.start()
        #expect(await last.spool.nextBatch(for: server)?.losses.unattended == 7)
        await last.reading.countLosses()
        await last.reading.close()

        // Whoever has the state of another agent, or none, is told that the number is lost.
        try Self.attempt(wire, [1, 2, 3])
        #expect(try await cleanUp(state + "/none") == .unknown(3))
        try await load(last)
        try Self.attempt(wire, [1, 2])
        #expect(try await cleanUp(state) == .unknown(2))
        #expect(try await cleanUp(state) == .none)
    }
}
