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
}
