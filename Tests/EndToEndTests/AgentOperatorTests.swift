import Foundation
import Testing

extension `The programs together` {
    @Suite(.enabled(if: Missing.forTunnel == nil, "\(Missing.forTunnel ?? "")"))
    struct `An agent's operators` {
        /// Asks for the status, with nothing of root's.
        private func status(as user: String, with program: String, at socket: String, in folder: URL) async throws
            -> RunningProgram.Finished
        {
            try await RunningProgram(
                "/usr/bin/setpriv",
                ["--reuid=\(user)", "--clear-groups", "--inh-caps=-all", "--", program, "status", "--socket", socket],
                in: folder
            ).finish()
        }

        @Test func `need not be root, and anybody else is told whom to ask`() async throws {
            let namespace = try DeviceNamespace()
            let folder = try TestFolder()
            let program = try folder.program("ztna")
            let socket = folder.path("agent.sock")
            let agent = try RunningProgram(
                "/usr/bin/env",
                [
                    "ip", "netns", "exec", namespace.name, Place.program("ztna-agent"), "run", "--state",
                    folder.path("state"), "--socket", socket, "--interface", "zt\(UInt32.random(in: 0...UInt32.max))",
                    "--operator", "nobody",
                ], in: folder.url)
            try await eventually("the agent: \(agent.errors)") {
                FileManager.default.fileExists(atPath: socket) ? () : nil
            }
            let allowed = try await status(as: "nobody", with: program, at: socket, in: folder.url)
            #expect(allowed.status == 0 && allowed.output.contains("ztna login"), "\(allowed.everything)")
            let refused = try await status(as: "daemon", with: program, at: socket, in: folder.url)
            #expect(refused.status == 4, "\(refused.everything)")
            #expect(refused.errors.contains("add this user to the agent's operators"), "\(refused.everything)")
            agent.terminate()
            #expect(try await agent.finish().status == 0, "\(agent.errors)")
        }
    }
}
