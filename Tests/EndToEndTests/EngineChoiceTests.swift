import Foundation
import Testing

extension `The programs together` {
    @Suite(.enabled(if: Missing.forTunnel == nil, "\(Missing.forTunnel ?? "")"))
    struct `An agent that is told its engine` {
        private let namespace: DeviceNamespace
        private let folder: TestFolder
        private let interface = "zt\(UInt32.random(in: 0...UInt32.max))"

        init() throws {
            namespace = try DeviceNamespace()
            folder = try TestFolder()
        }

        private func agent(_ words: String...) throws -> RunningProgram {
            try RunningProgram(
                "/usr/bin/env",
                [
                    "ip", "netns", "exec", namespace.name, Place.program("ztna-agent"), "run", "--state",
                    folder.path("state"), "--socket", folder.path("agent.sock"), "--interface", interface,
                ] + words, environment: ["SWIFT_BACKTRACE": "enable=no"], in: folder.url)
        }

        /// The agent's own command line names an engine as well.
        private func engines(besides agent: RunningProgram) -> [Int32] {
            namespace.engines.filter { $0 != agent.identifier }
        }

        /// Of the one engine there is, once the agent has written to it.
        private func engine(of agent: RunningProgram) async throws -> (process: Int32, program: String) {
            try await eventually("an engine with a key: \(agent.errors)") { () -> (process: Int32, program: String)? in
                try #require(agent.isRunning, "\(agent.errors)")
                let engines = engines(besides: agent)
                guard engines.count == 1, try namespace.inside("wg", "show", interface).contains("public key") else {
                    return nil
                }
                return (
                    engines[0], try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(engines[0])/exe")
                )
            }
        }

        @Test func `starts it, takes it over after SIGKILL, and replaces it when told another`() async throws {
            let own = folder.path("wireguard-go")
            try FileManager.default.copyItem(
                at: URL(filePath: "/usr/bin/wireguard-go").resolvingSymlinksInPath(), to: URL(filePath: own))
            let first = try agent("--engine", own)
            let started = try await engine(of: first)
            #expect(started.program == URL(filePath: own).resolvingSymlinksInPath().path)
            first.kill()
            let second = try agent("--engine", own)
            try await eventually("the next agent to take it over: \(second.errors)") {
                second.errors.contains("took over the engine that was left") ? () : nil
            }
            #expect(engines(besides: second) == [started.process])
            second.kill()
            let third = try agent()
            try await eventually("another engine: \(third.errors)") {
                let engines = engines(besides: third)
                return engines.count == 1 && engines != [started.process] ? () : nil
            }
            #expect(try await engine(of: third).program != started.program)
            third.terminate()
            #expect(try await third.finish().status == 0)
            #expect(namespace.processes == [])
        }

        @Test(arguments: ["wireguard-go", "/usr/bin/wireguard", "/opt/wireguard-go2"])
        func `refuses what is no engine's path`(_ path: String) async throws {
            let end = try await agent("--engine", path).finish()
            #expect(end.status == 2, "\(end.everything)")
            #expect(
                end.errors.contains("--engine \(path): a path from / on that ends in wireguard-go"), "\(end.errors)")
            #expect(try namespace.inside("nft", "list", "ruleset") == "")
        }

        @Test(arguments: [false, true])
        func `says that it is not there, or cannot be run, and lets nothing in`(_ exists: Bool) async throws {
            let path = folder.path("wireguard-go")
            if exists { try folder.write("wireguard-go", "#!/bin/sh\n") }
            let agent = try agent("--engine", path)
            try await eventually("the agent to say so: \(agent.errors)") {
                agent.errors.contains("the WireGuard engine \(path) is not installed") ? () : nil
            }
            #expect(agent.isRunning && engines(besides: agent) == [])
            #expect(try namespace.inside("nft", "list", "ruleset").contains("table inet ztna"))
            agent.terminate()
            #expect(try await agent.finish().status == 0)
            #expect(try namespace.inside("nft", "list", "ruleset") == "")
        }
    }
}
