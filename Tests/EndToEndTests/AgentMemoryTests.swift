import Foundation
import Testing

extension `The programs together` {
    @Suite struct `An agent's memory` {
        /// Heaps that malloc has made for threads: each 64 MiB of addresses at a multiple of that, the rest of it unused.
        private func threadHeaps(of process: Int32) throws -> [String] {
            let size: UInt64 = 64 << 20
            let lines = try String(contentsOfFile: "/proc/\(process)/maps", encoding: .utf8).split(separator: "\n")
            return zip(lines, lines.dropFirst()).compactMap { used, unused in
                let bounds = [used, unused].flatMap {
                    $0.prefix { $0 != " " }.split(separator: "-").compactMap { UInt64($0, radix: 16) }
                }
                guard bounds.count == 4, used.contains(" rw-p "), unused.contains(" ---p "),
                    bounds[0].isMultiple(of: size), bounds[1] == bounds[2], bounds[3] - bounds[0] >= size
                else { return nil }
                return String(used)
            }
        }

        @Test func `is one heap for all its threads`() async throws {
            let folder = try TestFolder()
            let socket = folder.path("agent.sock")
            let agent = try RunningProgram(
                Place.program("ztna-agent"),
                ["run", "--without-tunnel", "--state", folder.path("state"), "--socket", socket], in: folder.url)
            try await eventually("the agent: \(agent.errors)") {
                FileManager.default.fileExists(atPath: socket) ? () : nil
            }
            #expect(try threadHeaps(of: agent.identifier) == [])
            agent.terminate()
            #expect(try await agent.finish().status == 0, "\(agent.errors)")
        }
    }
}
