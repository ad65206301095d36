import Foundation
import Glibc
import StrictJSON
import Testing

extension `The programs together` {
    @Suite(.enabled(if: Missing.forTunnel == nil, "\(Missing.forTunnel ?? "")"))
    struct `A running agent` {
        private static let port = 7070
        private static let open = "rules: [{ name: all, source: \"*\", destination: \"*\", allow: [tcp/\(port)] }]\n"

        /// Seconds that carol's grants have left, as the kernel counts them.
        private func remaining(_ carol: TunnelDevice) throws -> [Int] {
            let set = try carol.namespace.inside("nft", "-j", "list", "set", "inet", "ztna", "port4")
            return set.matches(of: /"expires": ?(\d+)/).compactMap { Int($0.output.1) }
        }

        @Test(arguments: [
            ["flush", "chain", "inet", "ztna", "inbound"], ["flush", "ruleset"],
            ["add", "rule", "inet", "ztna", "inbound", "accept"],
        ])
        func `has its table again when somebody alters or deletes it, and says so`(_ change: [String]) async throws {
            let pair = try await TunnelPair(ports: [Self.port])
            try await pair.apply(policy: Self.open)
            let steady = try #require(try await pair.flow(Self.port))
            let carol = pair.carol.namespace
            let rules = try carol.inside("nft", "-st", "list", "table", "inet", "ztna")
            try carol.inside(words: ["nft"] + change)
            // It may be whole again before anybody can look: the log says that it was not.
            try await eventually("the agent to notice: \(pair.carol.agent.errors)") {
                pair.carol.agent.errors.contains("rule set was not ours") ? () : nil
            }
            try await eventually("the table: \(pair.carol.agent.errors)") {
                try carol.inside("nft", "-st", "list", "ruleset") == rules ? () : nil
            }
            try await pair.carol.untilEnforcing()
            try await steady.goesOn("after the table came back")
            steady.stop()
        }

        /// Rules are looked at each second that somebody changed some table, members once a minute.
        @Test func `finds within a minute what somebody else let in, and lets it in no longer`() async throws {
            let other = 6060
            let pair = try await TunnelPair(ports: [Self.port, other])
            try await pair.apply(policy: Self.open)
            let steady = try #require(try await pair.flow(Self.port))
            let carol = pair.carol
            let bob = try await pair.bob.overlayAddress()
            try carol.namespace.inside("nft", "add", "element", "inet", "ztna", "any4", "{ \(bob) }")
            // A machine that is too slow for that has not seen it open.
            let stranger = try await pair.flow(other, before: Date().timeIntervalSince1970 + 45)
            try await eventually("the agent to notice: \(carol.agent.errors)", within: .seconds(240)) {
                carol.agent.errors.contains("any4 has \(bob) too many") ? () : nil
            }
            try await stranger?.ends("when the table is made anew")
            #expect(try !carol.namespace.inside("nft", "list", "set", "inet", "ztna", "any4").contains(bob))
            try await carol.untilEnforcing()
            try await steady.goesOn("after the table was made anew")
            steady.stop()
        }

        @Test(.enabled(if: Missing.forClock == nil, "\(Missing.forClock ?? "")"))
        func `moves what its grants have left when the clock is set, and interrupts nothing`() async throws {
            let clock = try TestFolder()
            let file = try clock.write("offset", "+0\n")
            let pair = try await TunnelPair(
                ports: [Self.port],
                environment: [
                    "LD_PRELOAD": Missing.clockLibrary, "FAKETIME_TIMESTAMP_FILE": file, "FAKETIME_NO_CACHE": "1",
                    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                ])
            try await pair.apply(policy: Self.open)
            let steady = try #require(try await pair.flow(Self.port))
            let before = try #require(try remaining(pair.carol).first)
            // Ten minutes forward: what was to end in an hour ends in fifty minutes. Then back again.
            for (offset, expected) in [("+600", before - 600), ("+0", before)] {
                try clock.write("offset", offset + "\n")
                try await eventually("the clock of \(offset) s: \(pair.carol.agent.errors)") { () -> Void? in
                    // While the table is replaced, whoever lists it may find it gone.
                    guard let left = try? remaining(pair.carol) else { return nil }
                    // However slow this machine is, ten minutes are more.
                    return left.count == 1 && abs(left[0] - expected) < 300 ? () : nil
                }
                try await steady.goesOn("after the clock was set by \(offset) s")
            }
            #expect(pair.carol.agent.errors.contains("the clock was set"), "\(pair.carol.agent.errors)")
            steady.stop()
        }

        @Test func `tells its user when an attempt wants a second factor, and a step-up cures it`() async throws {
            let pair = try await TunnelPair(
                ports: [Self.port], provider: "mfa: { amr: [mfa], acr: [\"urn:example:acr:mfa\"] }")
            try await pair.apply(
                policy:
                    """
                    rules:
                      - { name: db, source: "*", destination: "*", allow: [tcp/\(Self.port)], when: { mfa: 1h } }

                    """)
            let watch = try pair.bob.start(["watch", "--json"])
            let terminal = try Terminal()
            let attempt = """
                import socket, sys
                try: socket.create_connection(("\(pair.address)", \(Self.port)), 60); print("connected")
                except OSError as error: print(type(error).__name__)
                """
            var notice = JSONMembers?.none
            try await eventually("a notice: \(watch.output) \(watch.errors)") {
                // Refused at once, not after a time: by a reset. Before the policy has arrived there is no notice to come.
                let end = try await pair.bob.program(attempt).finish()
                try #require(end.output == "ConnectionRefusedError\n", "\(end.everything)")
                notice = try watch.output.split(separator: "\n").first.map { try JSONMembers(parsing: Array($0.utf8)) }
                return notice == nil ? nil : ()
            }
            #expect(watch.output.contains("carol-studio") && watch.output.contains("--step-up"), "\(watch.output)")
            var shown = ""
            try await eventually("the notice on an operator's terminal: \(shown)") {
                shown += terminal.text
                return shown.contains("ztna login --step-up") ? () : nil
            }
            #expect(shown.contains("ztna: carol-studio (tcp/\(Self.port)) needs a recent sign-in"), "\(shown)")
            let login = try pair.bob.start(["login", "--step-up", "--no-browser", "--json"])
            try await walk(login, user: "bob", at: pair.site)
            let steady = try #require(try await pair.flow(Self.port))
            steady.stop()
            watch.kill()
        }
    }
}

/// A pseudo-terminal of this user's that takes messages: mesg(1), pts(4).
private final class Terminal {
    private let descriptor: Int32

    init() throws {
        descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        try #require(descriptor >= 0)
        var (lock, number): (Int32, UInt32) = (0, 0)
        // TIOCSPTLCK and TIOCGPTN of ioctl_tty(2).
        try #require(ioctl(descriptor, 0x4004_5431, &lock) == 0 && ioctl(descriptor, 0x8004_5430, &number) == 0)
        try #require(chmod("/dev/pts/\(number)", 0o620) == 0)
    }

    deinit { close(descriptor) }

    /// What has been written to it since this was asked last.
    var text: String {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : ""
    }
}
