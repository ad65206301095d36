import Foundation
import Glibc
import StrictJSON
import Testing

extension `The programs together` {
    @Suite(.enabled(if: Missing.forTunnel == nil, "\(Missing.forTunnel ?? "")"))
    struct `An agent killed with SIGKILL` {
        private static let (briefly, always) = (6060, 7070)

        private struct Pair {
            let devices: TunnelPair
            var carol: TunnelDevice { devices.carol }

            init() async throws { devices = try await TunnelPair(ports: [briefly, always]) }

            /// Everybody may use one port, and the other until that moment.
            func permit(until moment: Date) async throws {
                try await devices.apply(
                    policy:
                        """
                        rules:
                          - { name: always, source: "*", destination: "*", allow: [tcp/\(always)] }
                          - name: briefly
                            source: "*"
                            destination: "*"
                            allow: [tcp/\(briefly)]
                            when: { until: "\(moment.formatted(.iso8601))" }

                        """)
            }

            /// How many attempts each agent that was started has found that no agent has told.
            func unattended() async throws -> [Int] {
                let listed = try await RunningProgram(
                    Place.program("ztna-server"), ["audit", "list", "--state", "state", "--json"],
                    in: devices.site.folder.url
                ).finish()
                return try listed.output.split(separator: "\n").map { try JSONMembers(parsing: Array($0.utf8)) }
                    .filter { $0.members["reason"] == "no-agent-running" }.map { try $0.integer("count") }
            }

            /// Carol's agent is killed while bytes run under a rule that ends soon, by IPv4 and by IPv6, and they run on; nil
            /// when this machine was too slow for that: the rule has ended before. Then the agent runs again.
            func killDuringTransfer(lasting seconds: Int) async throws -> (flows: [SteadyFlow], end: Double)? {
                let end = (Date().timeIntervalSince1970 + Double(seconds)).rounded()
                try await permit(until: Date(timeIntervalSince1970: end))
                guard let short = try await devices.flow(briefly, before: end),
                    let long = try await devices.flow(briefly, to: devices.longAddress, before: end)
                else { return nil }
                let flows = [short, long]
                carol.killAgent()
                let now = Date().timeIntervalSince1970
                try await eventually("bytes without the agent, or the end") {
                    flows.allSatisfy { $0.hasEnded || $0.hasRun(since: now) } ? () : nil
                }
                if flows.allSatisfy({ $0.hasRun(since: now) }) { return (flows, end) }
                try #require(Date().timeIntervalSince1970 > end - 1, "the transfer ended with the agent")
                try await carol.restartAgent()
                try await carol.untilEnforcing()
                return nil
            }
        }

        @Test func `leaves a tunnel whose grants end by themselves, and that the next agent takes over or removes`()
            async throws
        {
            let pair = try await Pair()
            let carol = pair.carol
            let engine = try #require(carol.namespace.engines.first)
            let tunnelGuard = try #require(carol.namespace.guards.first)
            try await pair.permit(until: Date())
            let steady = try #require(try await pair.devices.flow(Self.always))

            // The kernel ends what is granted for a time, with nobody of ours alive but the engine.
            var killed: (flows: [SteadyFlow], end: Double)?
            for seconds in [15, 60, 120] where killed == nil {
                killed = try await pair.killDuringTransfer(lasting: seconds)
            }
            let (brief, end) = try #require(killed, "this machine is too slow")
            #expect(!carol.agent.isRunning)
            try await steady.goesOn("after the agent's end")
            for flow in brief {
                try await flow.ends("with the grant")
                let last = try #require(flow.lastByte)
                #expect(last < end + 1, "a byte \(last - end) s after the end")
            }
            #expect(Date().timeIntervalSince1970 > end - 1)
            try await steady.goesOn("after the end of the other's grant")
            #expect(carol.namespace.engines == [engine])

            // The next agent takes the engine over.
            try await carol.restartAgent()
            try await carol.untilEnforcing()
            #expect(carol.namespace.engines == [engine])
            // What was refused meanwhile nobody has seen, but the kernel has counted it.
            try await eventually("the number of attempts without an agent") {
                try await pair.unattended().isEmpty ? nil : ()
            }
            #expect(try await carol.run("refusals").output.contains("attempts came while no agent ran"))
            steady.stop()
            let next = try #require(try await pair.devices.flow(Self.always))
            try await next.goesOn("after the next agent took over")
            next.stop()

            // Its guard, too; one that ends is followed by another.
            #expect(carol.namespace.guards == [tunnelGuard])
            kill(tunnelGuard, SIGKILL)
            try await eventually("another guard") {
                let guards = carol.namespace.guards
                return guards.count == 1 && guards != [tunnelGuard] ? () : nil
            }
            #expect(carol.namespace.engines == [engine])

            // Who was signed out meanwhile is no peer any more.
            carol.killAgent()
            #expect(try !carol.namespace.inside("wg", "show", carol.interface, "peers").isEmpty)
            for session in try await pair.devices.site.administer("sessions", "list").arrayValue ?? []
            where session.objectValue?["host"]?.stringValue == "bob-laptop" {
                let identifier = try #require(session.objectValue?["session"]?.stringValue)
                _ = try await pair.devices.site.administer("sessions", "end", identifier)
            }
            try await carol.restartAgent()
            try await carol.untilEnforcing()
            #expect(carol.namespace.engines == [engine])
            try await eventually("bob to be no peer") {
                try carol.namespace.inside("wg", "show", carol.interface, "peers").isEmpty ? () : nil
            }

            // Without the filter in front of it an engine is not kept.
            carol.killAgent()
            try carol.namespace.inside("nft", "delete", "table", "inet", "ztna")
            try await carol.restartAgent()
            try await carol.untilEnforcing()
            let another = try #require(carol.namespace.engines.first)
            #expect(another != engine && carol.namespace.engines == [another])

            // Nor without a guard: nobody knows whether the machine slept.
            carol.killAgent()
            for process in carol.namespace.guards { kill(process, SIGKILL) }
            try await carol.restartAgent()
            try await carol.untilEnforcing()
            #expect(carol.namespace.engines.count == 1 && carol.namespace.engines != [another])
            #expect(carol.namespace.guards.count == 1)

            // Whoever wants no agent any more removes what it left.
            carol.killAgent()
            let left = try #require(carol.namespace.engines.first)
            // Nobody has that address.
            let sending = "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('100.127.255.254', 9))"
            _ = try? carol.namespace.inside("python3", "-c", "import socket; \(sending)")
            let cleaned = try carol.cleanUp()
            #expect(cleaned.contains("removed engine \(left)"))
            #expect(cleaned.contains("kept for the next agent to tell: "))
            #expect(carol.namespace.engines == [] && carol.namespace.guards == [])
            #expect(try !carol.namespace.inside("ip", "link").contains(carol.interface))
            #expect(try carol.namespace.inside("nft", "list", "ruleset").isEmpty)

            // And asked to end, an agent leaves nothing.
            pair.devices.bob.agent.terminate()
            #expect(try await pair.devices.bob.agent.finish().status == 0)
            #expect(pair.devices.bob.namespace.engines == [] && pair.devices.bob.namespace.guards == [])
            #expect(try pair.devices.bob.namespace.inside("nft", "list", "ruleset").isEmpty)
        }
    }
}
