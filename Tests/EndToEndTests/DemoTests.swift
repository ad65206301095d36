import Foundation
import StrictJSON
import Testing

extension `The programs together` {
    @Suite(.enabled(if: Missing.forProvider == nil, "\(Missing.forProvider ?? "")")) struct `The demo` {
        private static let steps = [
            "server", "provider", "sign-in-alice", "sign-in-bob", "authorization", "tunnel", "allowed", "denied",
            "revoked",
            "clean-up",
        ]

        @Test(.enabled(if: Missing.forTunnel == nil, "\(Missing.forTunnel ?? "")"))
        func `shows each step of a whole network, and leaves nothing behind`() async throws {
            let before = try await Self.leftovers()
            let (status, report) = try await Self.run()
            #expect(status == 0)
            #expect(try report.bool("ok"))
            let steps = report.members["steps"]?.arrayValue ?? []
            for name in Self.steps {
                let found = steps.filter { $0.objectValue?["name"]?.stringValue == name }
                #expect(!found.isEmpty, "\(name) is missing")
                for step in found {
                    #expect(step.objectValue?["ok"] == true, "\(step)")
                    #expect(step.objectValue?["milliseconds"]?.numberValue != nil, "\(step)")
                    #expect(step.objectValue?["detail"]?.stringValue?.isEmpty == false, "\(step)")
                }
            }
            #expect(try await Self.leftovers() == before)
        }

        private static func run() async throws -> (Int32, JSONMembers) {
            let folder = try TestFolder()
            let program = try RunningProgram(
                Place.program("ztna"), ["demo", "--json"], environment: ["SWIFT_BACKTRACE": "enable=no"], in: folder.url
            )
            let end = try await program.finish(within: .seconds(240))
            do { return (end.status, try JSONMembers(parsing: Array(end.output.utf8))) } catch {
                throw Stuck(description: "\(error): \(end.everything)")
            }
        }

        /// Namespaces and rule sets of this machine.
        private static func leftovers() async throws -> [String] {
            let folder = try TestFolder()
            var found: [String] = []
            for words in [["ip", "netns", "list"], ["nft", "list", "tables"]] {
                let end = try await RunningProgram("/usr/bin/env", words, in: folder.url).finish()
                found += end.output.split(separator: "\n").map(String.init)
            }
            return found.sorted()
        }
    }
}
