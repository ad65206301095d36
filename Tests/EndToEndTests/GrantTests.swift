import Foundation
import StrictJSON
import Testing

extension `The programs together` {
    @Suite(.enabled(if: Missing.forTunnel == nil, "\(Missing.forTunnel ?? "")"))
    struct `Access that an administrator gives for a time` {
        private static let (briefly, always) = (6060, 7070)
        private static let policy = "rules: [{ name: always, source: \"*\", destination: \"*\", allow: [tcp/7070] }]\n"

        /// By TCP, UDP and ICMP at each address; says what became of TCP.
        private static func attempts(_ addresses: [String]) -> String {
            """
            import socket, subprocess
            for address in \(addresses):
                try: socket.create_connection((address, \(briefly)), 60); print("let in")
                except OSError as error: print(type(error).__name__)
                s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
                s.connect((address, \(briefly)))
                try: s.send(b"what bob says to carol")
                except OSError: pass
                subprocess.run(["ping", "-c1", "-W1", address], stdout=subprocess.DEVNULL)
            """
        }

        /// What a record may tell of an attempt.
        private static let members: Set = [
            "action", "count", "destination", "device", "direction", "hash", "host", "last", "outcome", "port",
            "protocol", "reason", "received_at", "revision", "rule", "sequence", "source", "stream", "time",
        ]

        /// The whole lines of what it has printed.
        private func records(_ program: RunningProgram) throws -> [JSONMembers] {
            let output = program.output
            let whole = output[..<(output.lastIndex(of: "\n") ?? output.startIndex)]
            return try whole.split(separator: "\n").map { try JSONMembers(parsing: Array($0.utf8)) }
        }

        private func expectWhole(_ record: JSONMembers) throws {
            #expect(Set(record.members.keys).isSubset(of: Self.members), "\(record)")
            let (source, destination) = (try record.object("source"), try record.object("destination"))
            #expect(try source.string("label") == "bob@example.com" && source.string("host") == "bob-laptop")
            #expect(try destination.string("label") == "carol@example.com")
            #expect(try destination.string("host") == "carol-studio")
            #expect(try record.string("stream") == "connection" && record.string("outcome") == "deny")
            #expect(try record.string("reason").contains("No rule lets "), "\(record)")
            #expect(try !record.string("revision").isEmpty && record.integer("time") > 0)
            let hasPort = try ["tcp", "udp"].contains(record.string("protocol"))
            #expect(record.members["port"] == (hasPort ? .integer(Self.briefly) : nil), "\(record)")
        }

        @Test func `is asked for by refusals that are told as they come, opens at once, and ends by itself`()
            async throws
        {
            let pair = try await TunnelPair(
                ports: [Self.briefly, Self.always], provider: "admins: [user:carol@example.com]")
            try await pair.apply(policy: Self.policy)
            let steady = try #require(try await pair.flow(Self.always))

            let told = try pair.carol.start(
                ["admin", "audit", "--follow", "--user", "bob@example.com", "--verdict", "deny", "--json"])
            let addresses = [pair.address, pair.longAddress]
            let refused = try await pair.bob.program(Self.attempts(addresses)).finish()
            #expect(refused.output == "ConnectionRefusedError\nConnectionRefusedError\n", "\(refused.everything)")
            let expected = Set(["tcp", "udp", "icmp"].map { "\($0) \(addresses[0])" })
                .union(["tcp", "udp", "ipv6-icmp"].map { "\($0) \(addresses[1])" })
            var kinds: [String: JSONMembers] = [:]
            try await eventually("each refusal: \(told.output) \(told.errors)") {
                for record in try records(told) {
                    kinds["\(try record.string("protocol")) \(try record.object("destination").string("address"))"] =
                        record
                }
                return expected.isSubset(of: kinds.keys) ? () : nil
            }
            for kind in expected { try expectWhole(try #require(kinds[kind])) }
            #expect(!told.output.contains("what bob says"))

            var given: (flows: [SteadyFlow], end: Double, name: String)?
            for time in ["1m", "3m", "10m"] where given == nil {
                let answer = try await pair.carol.run(
                    "admin", "grant", "bob@example.com", "device:carol-studio", "tcp/\(Self.briefly)", "--for", time,
                    "--reason", "incident 4711", "--json")
                try #require(answer.status == 0, "\(answer.everything)")
                let grant = try JSONMembers(parsing: Array(answer.output.utf8))
                let end = Double(try grant.integer("ends_at"))
                guard let short = try await pair.flow(Self.briefly, before: end),
                    let long = try await pair.flow(Self.briefly, to: pair.longAddress, before: end)
                else { continue }
                given = ([short, long], end, try grant.string("grant"))
            }
            let (flows, end, name) = try #require(given, "this machine is too slow")
            try await eventually("the end of the grant", within: .seconds(900)) {
                flows.allSatisfy(\.hasEnded) ? () : nil
            }
            #expect(Date().timeIntervalSince1970 > end - 1)
            for flow in flows {
                let last = try #require(flow.lastByte)
                #expect(last < end + 1, "a byte \(last - end) s after the end")
            }
            try await steady.goesOn("after the end of the grant")
            steady.stop()
            try await eventually("the grant to be no open one") {
                try await pair.carol.run("admin", "grants", "list").output.contains(name) ? nil : ()
            }
            let again = try await pair.bob.program(Self.attempts(addresses)).finish()
            #expect(again.output == "ConnectionRefusedError\nConnectionRefusedError\n", "\(again.everything)")
            // Who was let in by it, and who gave it and why.
            for (words, text) in [
                (["--rule", name, "--verdict", "allow"], "\"\(pair.longAddress)\""),
                (["--stream", "admin", "--user", "carol@example.com"], "incident 4711"),
            ] {
                try await eventually("a record of \(words)") {
                    let end = try await pair.carol.start(["admin", "audit", "--json"] + words).finish()
                    return end.status == 0 && end.output.contains(text) ? () : nil
                }
            }
            told.interrupt()
            _ = try await told.finish()
        }
    }
}
